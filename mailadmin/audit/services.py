"""Write an audit event. Called by services inside the transaction of the change."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.utils import timezone

from mailadmin.audit.chain import chained
from mailadmin.audit.models import AuditEvent, AuditHead


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts: a person's username, or a program (`import`, `control`) with its name."""

    username: str
    name: str


CONTROL = Actor("control", "control worker")
IMPORT = Actor("import", "import")
SETUP = Actor("setup", "set-up")
BATCH = 500
"""Rows of one statement."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Happened:
    """What an event says. `old` and `new` are JSON values of the fields that changed."""

    action: str
    subject: str
    object_id: UUID | None = None
    host: str = ""
    push: int | None = None
    old: dict[str, Any] | None = None
    new: dict[str, Any] | None = None
    digest: str = ""
    note: str = ""


SAID = tuple(field.name for field in fields(Happened))


def record(*, by: Actor, happened: Happened) -> AuditEvent:
    """Append one event. Raises TransactionManagementError outside a transaction.

    The head row is read under a lock (on SQLite every transaction has the one write lock), so the
    second writer waits for the first: numbers have no gaps, no two events share a predecessor.
    """
    return record_all(by=by, happened=[happened])[0]


def record_all(*, by: Actor, happened: Sequence[Happened]) -> list[AuditEvent]:
    """Append events in this order, chained as if each had been recorded alone.

    Thousands of them cost a few statements. Raises TransactionManagementError as `record` does.
    """
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError("an audit event belongs to a change")
    AuditHead.objects.get_or_create(pk=1)
    head = AuditHead.objects.select_for_update().get(pk=1)
    at, number, digest = timezone.now(), head.number, head.hash
    events = []
    for item in happened:
        number += 1
        # Not `asdict`: it copies every value of `old` and `new`, and there may be a million events.
        said = {name: getattr(item, name) for name in SAID}
        digest = chained(digest, number, at, asdict(by), said)
        who = {"actor": by.username, "actor_name": by.name}
        events.append(AuditEvent(number=number, at=at, hash=digest, **who, **said))
    AuditHead.objects.filter(pk=1).update(number=number, hash=digest)
    return AuditEvent.objects.bulk_create(events, batch_size=BATCH)


def last_number() -> int:
    """The number of the newest event, 0 when there is none."""
    return AuditHead.objects.filter(pk=1).values_list("number", flat=True).first() or 0
