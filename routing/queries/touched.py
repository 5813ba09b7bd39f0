"""The way from an object back to the pushes that changed it, and to what it was before."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from uuid import UUID

from mailadmin.audit.models import AuditEvent
from mailadmin.audit.queries import EventRow, key_history
from routing.core.intent import ObjectKind
from routing.core.states import TargetState
from routing.models import PushTarget, TouchedObject

MOST_PUSHES = 20
ACTS = ("created", "changed", "deleted")
RETIRED = ("began", "moved", "planned", "ended")
ACTIONS = (
    *(f"{kind.value}.{act}" for kind in ObjectKind for act in ACTS),
    *(f"retirement.{act}" for act in RETIRED),
)


@dataclass(frozen=True, slots=True)
class HostPart:
    """What became of a push on one mail host; `live_at` is when it was confirmed there, None where
    it never was."""

    name: str
    state: TargetState
    live_at: datetime | None


@dataclass(frozen=True, slots=True)
class TouchedBy:
    """One push that changes the object, on these hosts."""

    number: int
    title: str
    state: str
    proposed_by: str
    proposed_at: datetime
    hosts: tuple[HostPart, ...]


@dataclass(frozen=True, slots=True)
class PushesOf:
    """The newest pushes that changed one object, and how many there are in all."""

    newest: tuple[TouchedBy, ...]
    total: int

    @property
    def older(self) -> int:
        """How many are not among the newest."""
        return self.total - len(self.newest)


@dataclass(frozen=True, slots=True)
class Gone:
    """An object that was deleted: the event that says so."""

    object_id: UUID
    server: str
    by: str
    at: datetime


def pushes_of(object_id: UUID, limit: int = MOST_PUSHES) -> PushesOf:
    """The newest pushes that changed an object or relay target, newest first."""
    found = TouchedObject.objects.filter(object_id=object_id)
    numbers = (
        found.order_by("-target__push_id").values_list("target__push_id", flat=True).distinct()
    )
    wanted = list(numbers[: limit + 1])
    total = numbers.count() if len(wanted) > limit else len(wanted)
    targets = PushTarget.objects.filter(push__in=wanted[:limit], touched__object_id=object_id)
    # Not the plan, the proof and the answers: each may tell of thousands of keys.
    light = targets.select_related("push", "host").defer("plan", "proof", "answers")
    ordered = light.order_by("-push_id", "position")
    pushes = groupby(ordered, lambda part: part.push_id)
    return PushesOf(tuple(_touched(parts) for _, parts in pushes), total)


def history_of(object_id: UUID, key: str, server: str) -> tuple[EventRow, ...]:
    """What happened to the object, and to those that had its key on the server before it."""
    return key_history(object_id, subject=key, host=server, actions=ACTIONS)


def gone_object(kind: ObjectKind, key: str, server: str = "") -> Gone | None:
    """The object of this kind that had this key last and was deleted."""
    events = AuditEvent.objects.filter(subject=key, action=f"{kind.value}.deleted")
    if server:
        events = events.filter(host=server)
    event = events.order_by("-number").first()
    if event is None or event.object_id is None:
        return None
    return Gone(event.object_id, event.host, event.actor_name, event.at)


def _touched(parts: Iterable[PushTarget]) -> TouchedBy:
    targets = tuple(parts)
    push = targets[0].push
    return TouchedBy(
        number=push.pk,
        title=push.title,
        state=push.state,
        proposed_by=push.proposed_by,
        proposed_at=push.proposed_at,
        hosts=tuple(_part(target) for target in targets),
    )


def _part(target: PushTarget) -> HostPart:
    state = TargetState(target.state)
    live_at = target.state_at if state is TargetState.CONFIRMED else None
    return HostPart(target.host.name, state, live_at)
