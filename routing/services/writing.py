"""Write many routing objects in a few statements, audited one by one as `save_object` does."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar
from uuid import UUID

from django.db.models import F
from django.utils import timezone

from mailadmin.audit.services import BATCH, Actor, Happened, record_all
from routing.models import MailHost, RelayTarget, RoutingObject
from routing.queries.among import among
from routing.services.objects import FIELDS, changed, created, deleted
from routing.services.tagging import forget_tags, index_tags

ALIKE = 20
"""So many rows with one change, and they are written by one statement."""
WRITTEN = ("version", "changed_at", "changed_by")
Written = TypeVar("Written", RoutingObject, RelayTarget, MailHost)
Change = tuple[tuple[str, Any], ...]


@dataclass(slots=True)
class WritesOf(Generic[Written]):
    """What becomes of rows: new ones, pairs (as it is, as it will be), and those that go."""

    created: list[Written] = field(default_factory=list)
    changed: list[tuple[Written, Written]] = field(default_factory=list)
    deleted: list[Written] = field(default_factory=list)

    @property
    def total(self) -> int:
        """How many rows are written."""
        return len(self.created) + len(self.changed) + len(self.deleted)


Writes = WritesOf[RoutingObject]


def write_all(writes: Writes, *, by: Actor, note: str = "", also: Sequence[Happened] = ()) -> None:
    """Inside a transaction that holds the lock on all servers and has compared the versions.

    Deleted rows go first, so that another may take the key. `also` are events of the act itself.
    """
    now, events = timezone.now(), [*also]
    events += [deleted(row, note) for row in writes.deleted]
    events += [changed(before, row, note) for before, row in writes.changed]
    events += [created(row, note) for row in writes.created]
    if writes.deleted:
        gone = [row.pk for row in writes.deleted]
        forget_tags(gone)
        RoutingObject.objects.filter(pk__in=among(gone)).delete()
    for before, row in writes.changed:
        row.version, row.changed_at, row.changed_by = before.version + 1, now, by.name
    for row in writes.created:
        row.version, row.changed_at, row.changed_by = 1, now, by.name
    _update(writes.changed)
    RoutingObject.objects.bulk_create(writes.created, batch_size=BATCH)
    index_tags([*writes.changed, *((None, row) for row in writes.created)])
    record_all(by=by, happened=events)


def _update(pairs: Iterable[tuple[RoutingObject, RoutingObject]]) -> None:
    """Write the rows as they are now. Many that change alike are one statement: one that names a
    value for each row and column takes minutes for a hundred thousand."""
    alike: dict[Change, list[RoutingObject]] = {}
    for before, row in pairs:
        alike.setdefault(_change(before, row), []).append(row)
    others: list[RoutingObject] = []
    for change, rows in alike.items():
        if len(rows) < ALIKE:
            others += rows
            continue
        found = RoutingObject.objects.filter(pk__in=among(row.pk for row in rows))
        found.update(**dict(change), version=F("version") + 1)
    RoutingObject.objects.bulk_update(others, [*FIELDS, *WRITTEN], batch_size=BATCH // 10)


def _change(before: RoutingObject, row: RoutingObject) -> Change:
    """What becomes of a row, but for its version."""
    moved = [name for name in FIELDS if getattr(before, name) != getattr(row, name)]
    return tuple((name, getattr(row, name)) for name in (*moved, "changed_at", "changed_by"))


def rows_by_id(identities: Iterable[UUID]) -> dict[UUID, RoutingObject]:
    """The rows that there are, locked, with what their events name."""
    rows = RoutingObject.objects.select_for_update(of=("self",))
    found = rows.filter(pk__in=among(identities)).select_related("server", "relay_target")
    return {row.pk: row for row in found}
