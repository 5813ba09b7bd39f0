"""Propose: freeze picked edits into a push. Later edits do not touch what is frozen here."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from mailadmin.audit.services import IMPORT, Actor, Happened, last_number, record
from mailadmin.people.models import Person
from mailadmin.people.services import actor
from mailadmin.wire.core.blobs import pack
from mailadmin.wire.core.messages import Role
from mailadmin.wire.models import Agent
from routing.core.drift import what_differs
from routing.core.mc import LOCAL_M4
from routing.core.plan import plan_to_json
from routing.core.states import OPEN_PUSH, REPLACEABLE_PUSH, PushState, TargetState
from routing.models import (
    Approval,
    ConfigPush,
    HostState,
    MailHost,
    PushEditor,
    PushTarget,
    Revision,
)
from routing.queries.editors import Editor, editors_of, site_m4_editors
from routing.queries.edits import rows_intent
from routing.queries.ground import Ground, seen_ground
from routing.queries.revisions import (
    intent_of,
    live_revision,
    live_target,
    running_revision,
    stored_intent,
)
from routing.services.draft import Draft, draft_intent, preview
from routing.services.errors import NotAllowed
from routing.services.transitions import move_push

SUPERSEDABLE = REPLACEABLE_PUSH - {PushState.STOPPED}


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
    *, server: MailHost, title: str, by: Actor = IMPORT, person: Person | None = None
) -> ConfigPush:
    """Push 1 of a host: everything that the import wrote. Only while the host has no release."""
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
    return freeze(push=push, drafts=[draft], head=head, by=by, replaces=SUPERSEDABLE)


def sent_before(form_token: UUID | None) -> ConfigPush | None:
    return ConfigPush.objects.filter(form_token=form_token).first() if form_token else None


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


def freeze(
    *,
    push: ConfigPush,
    drafts: Sequence[Draft],
    head: int,
    by: Actor,
    replaces: frozenset[PushState],
    still: Callable[[], None] | None = None,
) -> ConfigPush:
    """Write a push and its targets. `head` is the last event before rows were read: what is written
    later is not in the bytes. `still` looks again, with the hosts' rows held, whether the drafts
    are; without it they must stand on what our record says.
    """
    with transaction.atomic():
        _lock_hosts(drafts, on_record=still is None)
        if still is not None:
            still()
        if (before := sent_before(push.form_token)) is not None:
            return before
        replaced = _supersedable(drafts, replaces)
        push.state, push.proposed_by = PushState.PROPOSED, by.name
        push.state_at = push.proposed_at = timezone.now()
        push.save(force_insert=True)
        for older in replaced:
            _supersede(older, push, by)
        for position, draft in enumerate(drafts):
            _freeze_target(push, draft, position, head, by)
        _freeze_editors(push, drafts)
        happened = Happened(
            action="push.proposed", subject=f"push #{push.pk}", push=push.pk, note=push.title
        )
        record(by=by, happened=happened)
    return push


def _lock_hosts(drafts: Sequence[Draft], *, on_record: bool) -> None:
    """Two proposals for one host wait for each other; the second sees the first one's push."""
    hosts = MailHost.objects.select_for_update().filter(pk__in=[draft.host.pk for draft in drafts])
    for host in hosts.order_by("pk"):
        if host.retired_at is not None:
            raise NotAllowed([f"{host.name} was retired meanwhile."])
        drafted = next(draft for draft in drafts if draft.host.pk == host.pk)
        if on_record and drafted.base not in (live_revision(host), running_revision(host)):
            raise NotAllowed(
                [f"A push went live on {host.name} meanwhile. Look again, then propose."]
            )


def _supersedable(drafts: Sequence[Draft], replaces: frozenset[PushState]) -> list[ConfigPush]:
    hosts = [draft.host.pk for draft in drafts]
    # Whoever deploys, retries or approves one of them holds its row: what they did is seen here.
    named = PushTarget.objects.filter(host__in=hosts).values("push")
    locked = ConfigPush.objects.select_for_update().filter(pk__in=named, state__in=OPEN_PUSH)
    held = list(locked.order_by("pk"))
    busy = [push for push in held if push.state not in replaces and not _switched_nothing(push)]
    if busy:
        raise NotAllowed([_busy(push) for push in busy])
    return held


def _switched_nothing(push: ConfigPush) -> bool:
    """A stopped push of which no host runs anything: proposing again loses nothing."""
    if push.state != PushState.STOPPED:
        return False
    live = dict(HostState.objects.values_list("host", "live"))
    return all(
        target.state != TargetState.CONFIRMED and live.get(target.host_id) == target.base
        for target in push.targets.exclude(state=TargetState.GIVEN_UP)
    )


def _busy(push: ConfigPush) -> str:
    if push.state == PushState.DEPLOYING:
        return f"Push #{push.pk} is being deployed. Wait until it is live or stopped."
    return f"Push #{push.pk} stopped half-way. Retry it or restore an older revision first."


def _supersede(older: ConfigPush, push: ConfigPush, by: Actor) -> None:
    note = f"superseded by push #{push.pk}"
    move_push(push=older, to=PushState.SUPERSEDED, by=by, note=note, superseded_by=push)
    Approval.objects.filter(push=older, voided_at=None).update(voided_at=timezone.now())


def _freeze_target(push: ConfigPush, draft: Draft, position: int, head: int, by: Actor) -> None:
    before = Revision.objects.filter(host=draft.host).order_by("-number").first()
    revision = Revision.objects.create(
        host=draft.host,
        number=before.number + 1 if before else 1,
        digest=draft.bundle.digest,
        bundle=pack(draft.bundle.canonical),
        intent=stored_intent(draft.intent),
        author=by.name,
        note=push.title,
        made_at=push.proposed_at,
        first_event=min(_since(draft.base) + 1, head + 1),
        last_event=head,
    )
    ground = draft.onto or _whole(draft)
    PushTarget.objects.create(
        push=push,
        host=draft.host,
        position=position,
        state=TargetState.PENDING,
        state_at=push.proposed_at,
        base=ground.release,
        base_revision=ground.revision,
        ground=ground.digest,
        damage=list(ground.damage),
        revision=revision,
        plan=plan_to_json(draft.plan),
    )


def _whole(draft: Draft) -> Ground:
    """The base of our record, with what lay in it when the host was last seen to run it whole."""
    release, seen = draft.base.digest if draft.base else "", seen_ground(draft.host)
    known = seen is not None and seen.release == release and not seen.damage
    return Ground(release, draft.base, seen.digest if seen and known else "", ())


def _since(base: Revision | None) -> int:
    return base.last_event if base else 0


def _freeze_editors(push: ConfigPush, drafts: Iterable[Draft]) -> None:
    for draft in drafts:
        written = frozenset(edit.object_id for edit in draft.edits)
        PushEditor.objects.bulk_create(
            [
                PushEditor(
                    push=push,
                    username=editor.username,
                    name=editor.name,
                    object_id=editor.object_id,
                    subject=editor.subject,
                    at=editor.at,
                )
                for editor in (*editors_of(written, draft.base), *_site_editors(draft))
            ],
            ignore_conflicts=True,
        )


def _site_editors(draft: Draft) -> tuple[Editor, ...]:
    if LOCAL_M4 not in draft.plan.other_files:
        return ()
    return site_m4_editors(draft.host, draft.base)
