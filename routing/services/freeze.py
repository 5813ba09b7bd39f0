"""Freeze drafts into a push and its targets, in the place of every open push on their hosts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from mailadmin.audit.services import BATCH, Actor, Happened, record
from mailadmin.wire.core.blobs import pack
from routing.core.adopt.before_told import told_to_json
from routing.core.edits import compute_edits
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
    TouchedObject,
)
from routing.queries.editors import Editor, editors_of, site_m4_editors
from routing.queries.ground import Ground, seen_ground
from routing.queries.revisions import intent_of, live_revision, running_revision, stored_intent
from routing.services.draft import Draft
from routing.services.errors import NotAllowed
from routing.services.transitions import move_push

SUPERSEDABLE = REPLACEABLE_PUSH - {PushState.STOPPED}


def sent_before(form_token: UUID | None) -> ConfigPush | None:
    """The push that the same form made already: a double click is one push."""
    return ConfigPush.objects.filter(form_token=form_token).first() if form_token else None


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
    target = PushTarget.objects.create(
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
        told=_told(draft),
    )
    touched = (TouchedObject(target=target, object_id=found) for found in _touched(draft, ground))
    TouchedObject.objects.bulk_create(touched, batch_size=BATCH)


def _touched(draft: Draft, ground: Ground) -> frozenset[UUID]:
    """The objects that are others on the host after this push than before it."""
    if draft.edits and draft.onto is None:
        return frozenset(edit.object_id for edit in draft.edits)
    before = intent_of(ground.revision) if ground.revision else None
    return frozenset(edit.object_id for edit in compute_edits(before, draft.intent))


def _told(draft: Draft) -> dict[str, Any] | None:
    """Until a host has a release, every push for it stands on what the import said."""
    if draft.told is not None:
        return told_to_json(draft.told)
    if draft.base is not None:
        return None
    before = PushTarget.objects.filter(host=draft.host, told__isnull=False).order_by("-pk")
    return before.values_list("told", flat=True).first()


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
