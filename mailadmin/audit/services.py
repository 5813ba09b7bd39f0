"""Write an audit event. Called by services inside the transaction of the change."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.utils import timezone

from mailadmin.audit.models import AuditEvent, AuditHead


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts: a person's username, or a program (`import`, `control`) with its name."""

    username: str
    name: str


CONTROL = Actor("control", "control worker")
IMPORT = Actor("import", "import")
SETUP = Actor("setup", "set-up")


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


def record(*, by: Actor, happened: Happened) -> AuditEvent:
    """Append one event. Raises TransactionManagementError outside a transaction.

    The head row is updated before it is read, so that on every database the second writer waits
    for the first: numbers have no gaps and no two events share a predecessor.
    """
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError("an audit event belongs to a change")
    at = timezone.now()
    AuditHead.objects.get_or_create(pk=1)
    head = AuditHead.objects.select_for_update().get(pk=1)
    number = head.number + 1
    chained = chain(head.hash, number, at, by, happened)
    AuditHead.objects.filter(pk=1).update(number=number, hash=chained)
    return AuditEvent.objects.create(
        number=number,
        at=at,
        actor=by.username,
        actor_name=by.name,
        hash=chained,
        **_columns(happened),
    )


def chain(before: str, number: int, at: datetime, by: Actor, happened: Happened) -> str:
    """SHA-256 over the hash before and this event's canonical text."""
    content = [before, number, at.isoformat(), asdict(by), _columns(happened)]
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), default=str)
    return sha256(text.encode()).hexdigest()


def last_number() -> int:
    """The number of the newest event, 0 when there is none."""
    return AuditHead.objects.filter(pk=1).values_list("number", flat=True).first() or 0


def _columns(happened: Happened) -> dict[str, Any]:
    return asdict(happened)
