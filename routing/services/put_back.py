"""Put back: a push of what our record says, on the ground of what somebody left on a host."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

from mailadmin.audit.services import last_number
from mailadmin.people.models import Person
from mailadmin.people.services import actor
from routing.core.bundle import REBUILD, Bundle
from routing.core.edits import Edit, compute_edits
from routing.core.plan import guards, make_plan
from routing.core.render import render
from routing.core.states import REPLACEABLE_PUSH
from routing.models import ConfigPush, HostState, MailHost, Revision
from routing.queries.edits import rows_intent
from routing.queries.ground import Ground, seen_ground
from routing.queries.revisions import bundle_of, intent_of, running_revision
from routing.services.draft import Draft, facts_of
from routing.services.errors import NotAllowed
from routing.services.freeze import freeze, sent_before
from routing.services.propose import refusals


def put_back(
    *,
    host: MailHost,
    note: str,
    with_edits: bool = False,
    form_token: UUID | None = None,
    by: Person,
) -> ConfigPush:
    """Propose the frozen bytes of the revision of our record, from what the host was seen to run.

    That may be another release, none, one that no revision of ours made, or the right one with
    files that somebody touched: then the same bytes are built under another name beside it, so that
    a submission that runs there is not disturbed. With `with_edits` the saved edits that are not
    live go along. Raises NotAllowed with every reason.
    """
    if not note.strip():
        raise NotAllowed(["Say why it is put back."])
    if (before := sent_before(form_token)) is not None:
        return before
    head, wanted = last_number(), running_revision(host)
    ground = ground_to_leave(host, wanted)
    if wanted is None:
        raise NotAllowed([f"Nothing was ever live on {host.name} by our record. Import first."])
    draft = _draft(host, wanted, ground, with_edits=with_edits)
    if reasons := refusals([draft]):
        raise NotAllowed(reasons)
    push = ConfigPush(
        title=f"Put revision {wanted.number} of {host.name} back",
        note=note,
        guard_reason=note.strip(),
        restores=wanted,
        form_token=form_token,
        proposed_by_person=by,
    )
    return freeze(
        push=push,
        drafts=[draft],
        head=head,
        by=actor(by),
        replaces=REPLACEABLE_PUSH,
        still=lambda: _refuse_moved(host, draft),
    )


def ground_to_leave(host: MailHost, wanted: Revision | None) -> Ground:
    """What the host runs that is not what our record says. Raises NotAllowed."""
    ground = seen_ground(host)
    if ground is None:
        state = HostState.objects.filter(host=host).first()
        why = state.error if state and state.error else "Wait for its deploy agent to report."
        raise NotAllowed([f"What {host.name} runs is not known. {why}"])
    if ground.release == (wanted.digest if wanted else "") and not ground.damage:
        raise NotAllowed([f"{host.name} runs what our record says."])
    if ground.damage and not ground.digest:
        raise NotAllowed(
            [f"The deploy agent of {host.name} is too old to say what it found: upgrade it."]
        )
    return ground


def _draft(host: MailHost, wanted: Revision, ground: Ground, *, with_edits: bool) -> Draft:
    bundle, intent = bundle_of(wanted), intent_of(wanted)
    edits: tuple[Edit, ...] = ()
    if with_edits:
        rows = rows_intent(host)
        edits = compute_edits(intent, rows)
        intent, bundle = rows, render(rows, facts_of(host), site_m4=host.site_m4)
    if bundle.digest == ground.release:
        bundle = _renamed(bundle)
    base = bundle_of(ground.revision) if ground.revision else None
    plan = make_plan(base, bundle)
    return Draft(host, wanted, intent, bundle, plan, guards(plan), edits, frozenset(), ground)


def _renamed(bundle: Bundle) -> Bundle:
    number = int(bundle.facts.get(REBUILD, 0)) + 1
    return replace(bundle, facts={**bundle.facts, REBUILD: number})


def _refuse_moved(host: MailHost, draft: Draft) -> None:
    """With the host's row held: the ground is still the one that the draft was made on."""
    if seen_ground(host) != draft.onto or running_revision(host) != draft.base:
        raise NotAllowed([f"{host.name} runs something else meanwhile. Look again, then propose."])
