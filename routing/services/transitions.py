"""Move a push or a target from one state to the next: compare-and-set, with its event."""

from __future__ import annotations

from typing import Any

from django.db.models import F
from django.utils import timezone

from mailadmin.audit.services import Actor, Happened, record
from routing.core.states import (
    OPEN_PUSH,
    PUSH_TRANSITIONS,
    TARGET_TRANSITIONS,
    PushState,
    TargetState,
)
from routing.models import ConfigPush, PushTarget


class MovedMeanwhile(Exception):
    """Somebody else moved the row first; the transaction is rolled back and nothing was done."""


class IllegalMove(ValueError):
    """The state table has no such transition: a fault in our code, never in the input."""


def move_push(
    *, push: ConfigPush, to: PushState, by: Actor, note: str = "", **columns: Any
) -> None:
    """Take a push to its next state and free its hosts when it is no longer open.

    Raises MovedMeanwhile when the row is no longer in the state that `push` was read in.
    """
    before = PushState(push.state)
    if to not in PUSH_TRANSITIONS[before]:
        raise IllegalMove(f"push {push.pk}: {before} to {to}")
    at = timezone.now()
    unmoved = ConfigPush.objects.filter(pk=push.pk, state=before)
    if not unmoved.update(state=to, state_at=at, version=F("version") + 1, **columns):
        raise MovedMeanwhile(f"push {push.pk} is no longer {before}")
    if to not in OPEN_PUSH:
        PushTarget.objects.filter(push=push, holds_host=True).update(holds_host=False)
    push.refresh_from_db()
    happened = Happened(
        action=f"push.{to}",
        subject=f"push #{push.pk}",
        push=push.pk,
        old={"state": before},
        new={"state": to},
        digest=push.digest,
        note=note,
    )
    record(by=by, happened=happened)


def move_target(
    *, target: PushTarget, to: TargetState, by: Actor, note: str = "", **columns: Any
) -> None:
    """Take a target to its next state; the same promises as `move_push`."""
    before = TargetState(target.state)
    if to not in TARGET_TRANSITIONS[before]:
        raise IllegalMove(f"{target}: {before} to {to}")
    unmoved = PushTarget.objects.filter(pk=target.pk, state=before)
    if not unmoved.update(state=to, state_at=timezone.now(), **columns):
        raise MovedMeanwhile(f"{target} is no longer {before}")
    target.refresh_from_db()
    happened = Happened(
        action=f"target.{to}",
        subject=f"push #{target.push_id} on {target.host.name}",
        host=target.host.name,
        push=target.push_id,
        old={"state": before},
        new={"state": to},
        digest=target.revision.digest,
        note=note,
    )
    record(by=by, happened=happened)
    touch(target.push_id)


def touch(push_id: int) -> None:
    """Say that what the push's page shows has changed."""
    ConfigPush.objects.filter(pk=push_id).update(version=F("version") + 1)
