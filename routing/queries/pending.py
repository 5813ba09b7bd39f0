"""What is saved and not live: edits by object, and the open pushes that hold them. Cheap to ask."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from uuid import UUID

from mailadmin.audit.models import AuditHead
from routing.core.edits import Edit, Op
from routing.core.intent import ObjectKind, RoutingObject
from routing.core.states import OPEN_PUSH
from routing.models import PushEditor
from routing.queries.edits import HostEdits, pending_edits


@dataclass(frozen=True, slots=True)
class Standing:
    """`edits` by object; `pushed` has the number of the open push and when its edit was made."""

    hosts: tuple[HostEdits, ...]
    edits: Mapping[UUID, Edit]
    pushed: Mapping[UUID, tuple[int, datetime]]

    @property
    def edited(self) -> frozenset[UUID]:
        """Objects whose row is not what is live, in an open push or not."""
        return frozenset(self.edits)

    @property
    def unpushed(self) -> int:
        """How many edits no open push holds."""
        return sum(identity not in self.pushed for identity in self.edits)

    def push_of(self, identity: UUID, changed_at: datetime) -> int | None:
        """The open push that holds the object as it is; None when it was edited after that."""
        push, at = self.pushed.get(identity, (None, None))
        return push if at is not None and changed_at <= at else None

    def removed(self, kind: ObjectKind) -> tuple[tuple[str, RoutingObject], ...]:
        """Objects of a kind that are live and have no row any more, with their server."""
        return tuple(
            (part.host.name, edit.before)
            for part in self.hosts
            for edit in part.edits
            if edit.op is Op.DELETE
            and isinstance(edit.before, RoutingObject)
            and edit.before.kind is kind
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
    held = PushEditor.objects.filter(push__state__in=OPEN_PUSH).values_list(
        "object_id", "push_id", "at"
    )
    return Standing(
        hosts=hosts,
        edits={edit.object_id: edit for part in hosts for edit in part.edits},
        pushed={identity: (push, at) for identity, push, at in held.order_by("at")},
    )
