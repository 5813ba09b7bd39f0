"""Propose: what may become a push, and why not. Freezing it is `freeze`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from mailadmin.audit.services import IMPORT, Actor, last_number
from mailadmin.people.models import Person
from mailadmin.people.services import actor
from mailadmin.wire.core.messages import Role
from mailadmin.wire.models import Agent
from routing.core.adopt.before_told import Told
from routing.core.drift import what_differs
from routing.core.states import REPLACEABLE_PUSH
from routing.models import (
    ConfigPush,
    HostState,
    MailHost,
    Revision,
)
from routing.queries.edits import rows_intent
from routing.queries.revisions import (
    intent_of,
    live_target,
    running_revision,
)
from routing.services.draft import Draft, draft_intent, preview
from routing.services.errors import NotAllowed
from routing.services.freeze import SUPERSEDABLE, freeze, sent_before


def propose(
    *,
    picked: frozenset[UUID],
    title: str,
    note: str = "",
    guard_reason: str = "",
    form_token: UUID | None = None,
    by: Person,
) -> ConfigPush:
    """Make a push of the picked edits and supersede every open push on its hosts.

    The same form sent twice gives the same push. Raises NotAllowed with every reason, InvalidIntent
    with every finding.
    """
    if (before := sent_before(form_token)) is not None:
        return before
    head = last_number()
    drafts = preview(picked=picked)
    reasons = [*refusals(drafts), *_unacknowledged(drafts, guard_reason)]
    if not title.strip():
        reasons.append("Give the push a title that says what it changes.")
    if reasons:
        raise NotAllowed(reasons)
    push = ConfigPush(
        title=title.strip(),
        note=note,
        guard_reason=guard_reason.strip(),
        form_token=form_token,
        proposed_by_person=by,
    )
    return freeze(push=push, drafts=drafts, head=head, by=actor(by), replaces=SUPERSEDABLE)


def restore(
    *,
    revision: Revision,
    note: str,
    guard_reason: str = "",
    form_token: UUID | None = None,
    by: Person,
) -> ConfigPush:
    """Propose an older revision's intent again, out of *stopped* too.

    The same form sent twice gives the same push. It is rendered with today's host facts: where
    those have not changed, the bytes and the release are the old ones. A restore asks for a reason,
    which also acknowledges the guards.
    """
    if not note.strip():
        raise NotAllowed(["Say why the older revision comes back."])
    if (before := sent_before(form_token)) is not None:
        return before
    head, base = last_number(), running_revision(revision.host)
    draft = draft_intent(host=revision.host, base=base, intent=intent_of(revision))
    if draft is None:
        raise NotAllowed([f"Revision {revision.number} is what {revision.host.name} runs now."])
    if reasons := refusals([draft]):
        raise NotAllowed(reasons)
    push = ConfigPush(
        title=f"Restore revision {revision.number} of {revision.host.name}",
        note=note,
        guard_reason=guard_reason.strip() or note.strip(),
        restores=revision,
        form_token=form_token,
        proposed_by_person=by,
    )
    return freeze(push=push, drafts=[draft], head=head, by=actor(by), replaces=REPLACEABLE_PUSH)


def propose_import(
    *,
    server: MailHost,
    title: str,
    told: Told,
    by: Actor = IMPORT,
    person: Person | None = None,
) -> ConfigPush:
    """Push 1 of a host: everything that the import wrote. Only while the host has no release.

    `told` is what the import's report explains of the ways before it.
    """
    if live_target(server) is not None:
        raise NotAllowed([f"{server.name} has a release already; edit and propose instead."])
    head = last_number()
    draft = draft_intent(host=server, base=None, intent=rows_intent(server))
    if draft is None:
        raise NotAllowed([f"Nothing was imported for {server.name}."])
    if reasons := refusals([draft]):
        raise NotAllowed(reasons)
    reason = "first release of the host"
    push = ConfigPush(title=title, note="", guard_reason=reason, proposed_by_person=person)
    return freeze(
        push=push,
        drafts=[replace(draft, told=told)],
        head=head,
        by=by,
        replaces=SUPERSEDABLE,
    )


def refusals(drafts: Sequence[Draft]) -> list[str]:
    """Why nothing of these drafts can be proposed now, whatever else is right with them."""
    if not drafts:
        return ["Nothing would change on any mail host: pick at least one edit that is not live."]
    return [reason for draft in drafts for reason in _host_refusals(draft)]


def _host_refusals(draft: Draft) -> list[str]:
    """Drift and unknown ground: the live files must be what our record says they are."""
    name, state = draft.host.name, HostState.objects.filter(host=draft.host).first()
    if draft.host.retired_at is not None:
        return [f"{name} is retired. Take it back into service first."]
    base = draft.base.digest if draft.base else ""
    if missing := _agents_missing(name):
        return [f"{name} has no {role} agent: let it in with manage.py keys." for role in missing]
    if state is None or state.live is None:
        why = state.error if state and state.error else "Wait for its deploy agent to report."
        return [f"What {name} runs is not known. {why}"]
    if draft.onto is not None:
        return []
    if state.live != base:
        runs = f"release {state.live[:8]}" if state.live else "no release"
        ours = f"release {base[:8]}" if base else "none"
        return [f"{name} runs {runs} and our record says {ours}. Look at the page of {name} first."]
    if state.drift:
        return [
            f"{what_differs(name, state.drift)} Undo that on the host, or put the revision back on"
            f" the page of {name}; we overwrite nothing."
        ]
    return []


def _agents_missing(name: str) -> list[str]:
    """The roles of a list server for which no agent may work; a push needs both."""
    there = Agent.objects.filter(host_name=name, disabled=False).values_list("role", flat=True)
    return sorted({role.value for role in Role} - set(there))


def _unacknowledged(drafts: Sequence[Draft], reason: str) -> list[str]:
    if reason.strip():
        return []
    return [
        f"{draft.host.name}: {guard.text} Give a reason to go on."
        for draft in drafts
        for guard in draft.guards
    ]
