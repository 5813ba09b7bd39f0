"""Which open push holds which object as it is now."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from uuid import UUID

from django.db.models import QuerySet

from routing.core.edits import RELAY_TARGET
from routing.core.states import OPEN_PUSH
from routing.models import ConfigPush, PushEditor, RelayTarget, RoutingObject
from routing.queries.among import among

Wrote = Mapping[UUID, tuple[int, datetime]]
"""By object: the push that holds it, and the last write that the push took up."""
Changed = Mapping[UUID, tuple[datetime, str]]
"""By object that has a row: when it was written last, and its kind or "relay_target"."""


@dataclass(frozen=True)
class Held:
    """The objects of the open pushes, as they were written and as they are."""

    pushes: frozenset[int]
    wrote: Wrote
    changed: Changed

    @cached_property
    def push(self) -> Mapping[UUID, int]:
        """Objects of open pushes that nobody has written since; a deleted one stays deleted."""
        return {
            identity: push
            for identity, (push, at) in self.wrote.items()
            if identity not in self.changed or self.changed[identity][0] <= at
        }

    @cached_property
    def rows(self) -> Mapping[str, int]:
        """How many of them are rows, by kind."""
        return Counter(self.changed[found][1] for found in self.push if found in self.changed)


def held_now() -> Held:
    """Read all of it."""
    pushes = _open()
    editors = PushEditor.objects.filter(push__state__in=OPEN_PUSH)
    rows = editors.order_by("at").values_list("object_id", "push_id", "at")
    wrote = {identity: (push, at) for identity, push, at in rows}
    return Held(pushes, wrote, _changed(wrote) if wrote else {})


def held_after(before: Held, touched: Collection[UUID]) -> Held:
    """What `held_now` gives, read again only for what was written since `before`."""
    if _open() != before.pushes:
        return held_now()
    known = [identity for identity in touched if identity in before.wrote]
    if not known:
        return before
    changed = {**before.changed}
    for identity in known:
        changed.pop(identity, None)
    return Held(before.pushes, before.wrote, {**changed, **_changed(known)})


def _open() -> frozenset[int]:
    return frozenset(ConfigPush.objects.filter(state__in=OPEN_PUSH).values_list("pk", flat=True))


def _changed(identities: Collection[UUID]) -> Changed:
    objects = RoutingObject.objects.filter(pk__in=among(identities)).order_by()
    relays: QuerySet[RelayTarget] = RelayTarget.objects.filter(pk__in=among(identities)).order_by()
    found = {pk: (at, kind) for pk, at, kind in objects.values_list("pk", "changed_at", "kind")}
    return found | {pk: (at, RELAY_TARGET) for pk, at in relays.values_list("pk", "changed_at")}
