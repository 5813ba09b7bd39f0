"""Write relay targets, one event for each. There are dozens of them, never thousands."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.utils import timezone

from mailadmin.audit.services import Actor, Happened, record_all
from routing.models import RelayTarget
from routing.services.writing import WritesOf

FIELDS = ("name", "hosts", "port", "note", "tags")
RelayWrites = WritesOf[RelayTarget]


def write_relays(
    writes: RelayWrites, *, by: Actor, note: str = "", also: Sequence[Happened] = ()
) -> None:
    """Inside a transaction that holds the lock on all servers and has compared the versions.
    `also` are events of the act itself."""
    now, events = timezone.now(), [*also]
    for row in writes.deleted:
        events.append(_happened(row, "deleted", relay_values(row), None, note))
        RelayTarget.objects.filter(pk=row.pk, version=row.version).delete()
    for before, row in writes.changed:
        events.append(_happened(row, "changed", relay_values(before), relay_values(row), note))
        written = {"version": before.version + 1, "changed_at": now, "changed_by": by.name}
        unmoved = RelayTarget.objects.filter(pk=before.pk, version=before.version)
        unmoved.update(**relay_values(row), **written)
    for row in writes.created:
        events.append(_happened(row, "created", None, relay_values(row), note))
        row.version, row.changed_at, row.changed_by = 1, now, by.name
        row.save(force_insert=True)
    record_all(by=by, happened=events)


def relay_values(row: RelayTarget) -> dict[str, Any]:
    """The fields as JSON values: what an event and a conflict show."""
    return {field: getattr(row, field) for field in FIELDS}


def _happened(
    row: RelayTarget,
    what: str,
    old: dict[str, Any] | None,
    new: dict[str, Any] | None,
    note: str,
) -> Happened:
    return Happened(
        action=f"relay_target.{what}",
        subject=row.name,
        object_id=row.pk,
        old=old,
        new=new,
        note=note,
    )
