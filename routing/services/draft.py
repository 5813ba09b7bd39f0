"""What a push would hold: live intent plus picked edits, rendered and compared. Writes nothing."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from routing.core.adopt.before_told import Told
from routing.core.bundle import Bundle
from routing.core.edits import Edit, compute_edits, pull_in, with_edits
from routing.core.facts import HostFacts, HostKind
from routing.core.intent import Intent
from routing.core.plan import Guard, Plan, guards, make_plan
from routing.core.render import render
from routing.models import HostState, MailHost, Revision
from routing.queries.edits import rows_intent
from routing.queries.ground import Ground
from routing.queries.revisions import bundle_of, intent_of, live_revision
from routing.services.errors import NotAllowed


@dataclass(frozen=True, slots=True)
class Draft:
    """One mail host's part of a push that nobody has proposed yet.

    `edits` are those in it, `pulled_in` the ids among them that nobody picked but that a picked
    one refers to. `base` is the revision that is live by our record; `onto` is what the host was
    seen to run where that is something else; `told` is what an import says of the ways before it.
    """

    host: MailHost
    base: Revision | None
    intent: Intent
    bundle: Bundle
    plan: Plan
    guards: tuple[Guard, ...]
    edits: tuple[Edit, ...]
    pulled_in: frozenset[UUID]
    onto: Ground | None = None
    told: Told | None = None


def draft_edits(*, host: MailHost, picked: frozenset[UUID]) -> Draft | None:
    """The part of one host, None when no picked edit belongs to it or nothing would change.

    Raises InvalidIntent with every finding, NotAllowed before the host's first observation.
    """
    base = live_revision(host)
    live, rows = intent_of(base) if base else None, rows_intent(host)
    edits = compute_edits(live, rows)
    chosen = picked & {edit.object_id for edit in edits}
    if not chosen:
        return None
    wanted = pull_in(edits, chosen)
    taken = tuple(edit for edit in edits if edit.object_id in wanted)
    intent = with_edits(live, rows, taken)
    return draft_intent(
        host=host,
        base=base,
        intent=intent,
        edits=taken,
        pulled_in=wanted - chosen,
        left_out=len(rows.objects) - len(intent.objects) if base is None else 0,
    )


def draft_intent(
    *,
    host: MailHost,
    base: Revision | None,
    intent: Intent,
    edits: tuple[Edit, ...] = (),
    pulled_in: frozenset[UUID] = frozenset(),
    left_out: int = 0,
) -> Draft | None:
    """Render an intent for a host and compare it with what is live; None when they are equal.

    `left_out` counts the saved lines that a first release would not hold.
    """
    bundle = render(intent, facts_of(host), site_m4=host.site_m4)
    live = bundle_of(base) if base else None
    if live is not None and bundle.same_content(live):
        return None
    plan = make_plan(live, bundle, left_out=left_out)
    return Draft(host, base, intent, bundle, plan, guards(plan), edits, pulled_in)


def preview(*, picked: frozenset[UUID]) -> tuple[Draft, ...]:
    """The parts of all list servers that the picked edits touch, in order of activation."""
    servers = MailHost.in_service.filter(kind=HostKind.LIST_SERVER)
    drafts = (draft_edits(host=host, picked=picked) for host in servers)
    return tuple(draft for draft in drafts if draft is not None)


def facts_of(host: MailHost) -> HostFacts:
    """The observed facts. Raises NotAllowed when no agent of the host has reported yet."""
    state = HostState.objects.filter(host=host).first()
    facts = state.host_facts if state else None
    if facts is None:
        raise NotAllowed(
            [
                f"Nothing is known of {host.name} yet: its deploy agent has not reported. "
                f"Start the agent on {host.name} and look at its page."
            ]
        )
    return facts
