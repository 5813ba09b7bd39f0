"""What is saved and not live: edits by object, and the open pushes that hold them. Cheap to ask."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from uuid import UUID

from mailadmin.audit.models import AuditHead
from routing.core.edits import Edit, Op
from routing.core.intent import ObjectKind
from routing.core.intent import RoutingObject as Item
from routing.core.states import OPEN_PUSH
from routing.models import PushEditor, RelayTarget, RoutingObject
from routing.queries.edits import HostEdits, pending_edits


@dataclass(frozen=True, slots=True)
class Standing:
    """`edits` by object; `held` has the number of the open push that holds an edit as it is now."""

    hosts: tuple[HostEdits, ...]
    edits: Mapping[UUID, Edit]
    held: Mapping[UUID, int]

    @property
    def loose(self) -> frozenset[UUID]:
        """Objects with an edit that no open push holds."""
        return frozenset(self.edits.keys() - self.held.keys())

    def removed(self, kind: ObjectKind) -> tuple[tuple[str, Item], ...]:
        """Objects of a kind that are live and have no row any more, with their server."""
        return tuple(
            (part.host.name, edit.before)
            for part in self.hosts
            for edit in part.edits
            if edit.op is Op.DELETE and isinstance(edit.before, Item) and edit.before.kind is kind
        )


def standing() -> Standing:
    """What waits now. Read again only after something was written: every write has an event."""
    head = AuditHead.objects.filter(pk=1).values_list("hash", flat=True).first()
    return _at(head or "")


@lru_cache(maxsize=2)
def _at(head: str) -> Standing:
    """The answer at one head of the audit trail; its hash is never the same twice."""
    del head
    hosts = pending_edits()
    return Standing(
        hosts=hosts,
        edits={edit.object_id: edit for part in hosts for edit in part.edits},
        held=_held(),
    )


def _held() -> dict[UUID, int]:
    """Objects of open pushes that nobody has written since; a deleted one stays deleted."""
    rows = PushEditor.objects.filter(push__state__in=OPEN_PUSH).order_by("at")
    wrote = {row.object_id: row for row in rows}
    changed: dict[UUID, datetime] = {}
    for model in (RoutingObject, RelayTarget):
        found = model._default_manager.filter(pk__in=wrote)
        changed |= dict(found.values_list("pk", "changed_at"))
    return {
        identity: row.push_id
        for identity, row in wrote.items()
        if identity not in changed or changed[identity] <= row.at
    }
