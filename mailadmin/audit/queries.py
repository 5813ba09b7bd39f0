"""The audit trail as its page shows it: newest first, filtered, in pages by number."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet

from mailadmin.audit.chain import chained
from mailadmin.audit.models import AuditEvent, AuditHead
from mailadmin.audit.verbs import Verb, verb_of

PAGE_SIZE = 50

# What an event's hash covers beside its number, time and actor.
CONTENT = (
    "action",
    "subject",
    "object_id",
    "host",
    "push",
    "old",
    "new",
    "digest",
    "note",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditFilter:
    """What to show. Empty values filter nothing; `before` is an event's number, 0 is the newest."""

    text: str = ""
    actor: str = ""
    action: str = ""
    object_id: UUID | None = None
    push: int | None = None
    since: date | None = None
    until: date | None = None
    before: int = 0


@dataclass(frozen=True, slots=True)
class Difference:
    """One field that an event changed, as text; "" where there was nothing."""

    field: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class EventRow:
    """One event. `verb` is how its action is shown."""

    number: int
    at: datetime
    actor: str
    actor_name: str
    action: str
    verb: Verb
    subject: str
    object_id: UUID | None
    push: int | None
    host: str
    note: str
    digest: str
    hash: str
    differences: tuple[Difference, ...]


@dataclass(frozen=True, slots=True)
class AuditPage:
    """Events newest first; `older` is the `before` of the next page, 0 when this is the last.

    `newer` is that of the page before, 0 when that is the first, None when this is.
    """

    rows: tuple[EventRow, ...]
    total: int
    matched: int
    older: int
    newer: int | None
    actors: tuple[str, ...]
    actions: tuple[tuple[str, str], ...]


def audit_page(asked: AuditFilter) -> AuditPage:
    """One page of events."""
    matching = _matching(asked)
    page = matching.filter(number__lt=asked.before) if asked.before else matching
    events = list(page.order_by("-number")[: PAGE_SIZE + 1])
    rows = tuple(event_row(event) for event in events[:PAGE_SIZE])
    everything = AuditEvent.objects.order_by()
    return AuditPage(
        rows=rows,
        total=AuditHead.objects.filter(pk=1).values_list("number", flat=True).first() or 0,
        matched=matching.count(),
        older=rows[-1].number if len(events) > PAGE_SIZE else 0,
        newer=_newer(matching, asked.before),
        actors=tuple(sorted(everything.values_list("actor", flat=True).distinct())),
        actions=_actions(everything.values_list("action", flat=True).distinct()),
    )


def _actions(written: Iterable[str]) -> tuple[tuple[str, str], ...]:
    """Each action with its words; where two share them, its own name tells them apart."""
    words = {action: verb_of(action).words for action in written}
    shared = Counter(words.values())
    named = (
        (action, f"{text} ({action})" if shared[text] > 1 else text)
        for action, text in words.items()
    )
    return tuple(sorted(named, key=lambda pair: pair[1]))


def _newer(matching: QuerySet[AuditEvent], before: int) -> int | None:
    """The `before` of the page that ends where this one begins."""
    if not before:
        return None
    above = matching.filter(number__gte=before).order_by("number")
    numbers = list(above.values_list("number", flat=True)[: PAGE_SIZE + 1])
    if not numbers:
        return None
    return numbers[PAGE_SIZE - 1] + 1 if len(numbers) > PAGE_SIZE else 0


def object_history(object_id: UUID, limit: int = 20) -> tuple[EventRow, ...]:
    """The newest events of one object."""
    events = AuditEvent.objects.filter(object_id=object_id).order_by("-number")[:limit]
    return tuple(event_row(event) for event in events)


def key_history(
    object_id: UUID, *, subject: str, host: str, actions: Iterable[str], limit: int = 20
) -> tuple[EventRow, ...]:
    """The newest events of one object, and of others that were called `subject` on `host` when one
    of the `actions` was done to them."""
    named = AuditEvent.objects.filter(subject=subject, host=host, action__in=actions)
    # Two reads, each along its own index, and not one that an index cannot serve.
    own = AuditEvent.objects.filter(object_id=object_id).order_by("-number")[:limit]
    others = named.exclude(object_id=object_id).order_by("-number")[:limit]
    found = sorted((*own, *others), key=lambda event: -event.number)
    return tuple(event_row(event) for event in found[:limit])


def values_before(object_id: UUID, writes: int) -> Mapping[str, Any] | None:
    """What an object was before its last so many changes; None when the trail does not tell."""
    if writes < 1:
        return None
    events = AuditEvent.objects.filter(object_id=object_id).order_by("-number")[:writes]
    found = [event.old for event in events if event.action.endswith(".changed")]
    return found[-1] if len(found) == writes else None


def last_events(limit: int) -> tuple[EventRow, ...]:
    """The newest events of all."""
    events = AuditEvent.objects.order_by("-number").defer("old", "new")[:limit]
    return tuple(event_row(event, compare=False) for event in events)


def push_history(push: int) -> tuple[EventRow, ...]:
    """Every event of a config push, newest first."""
    return tuple(
        event_row(event) for event in AuditEvent.objects.filter(push=push).order_by("-number")
    )


def first_break() -> int | None:
    """The number of the first event that is missing or not as it was written, None if none is.

    The head row is compared too: without it nobody would miss the newest events. Whoever can
    write the whole table can chain it anew; a copy of the head's hash elsewhere shows that.
    """
    number, before = 0, ""
    for event in AuditEvent.objects.order_by("number").iterator():
        number += 1
        if event.number != number or event.hash != expected_hash(event, before):
            return number
        before = event.hash
    head = AuditHead.objects.filter(pk=1).first() or AuditHead()
    if head.number != number:
        return min(head.number, number) + 1
    return None if head.hash == before else number


def expected_hash(event: AuditEvent, before: str) -> str:
    """What the hash of an event has to be behind the hash `before`."""
    actor = {"username": event.actor, "name": event.actor_name}
    content = {name: getattr(event, name) for name in CONTENT}
    return chained(before, event.number, event.at, actor, content)


def event_row(event: AuditEvent, *, compare: bool = True) -> EventRow:
    """A row of the trail as values; without `compare` nothing of what it changed is read."""
    return EventRow(
        number=event.number,
        at=event.at,
        actor=event.actor,
        actor_name=event.actor_name,
        action=event.action,
        verb=verb_of(event.action),
        subject=event.subject,
        object_id=event.object_id,
        push=event.push,
        host=event.host,
        note=event.note,
        digest=event.digest,
        hash=event.hash,
        differences=differences(event.old, event.new) if compare else (),
    )


def differences(
    old: Mapping[str, Any] | None, new: Mapping[str, Any] | None
) -> tuple[Difference, ...]:
    """The fields that differ, in the order of the alphabet."""
    before, after = old or {}, new or {}
    return tuple(
        Difference(name.replace("_", " "), _text(before.get(name)), _text(after.get(name)))
        for name in sorted({*before, *after})
        if before.get(name) != after.get(name)
    )


def _text(value: Any) -> str:
    if value is None or value == "":
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return ", ".join(value)
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _midnight(day: date) -> datetime:
    """When a day begins; all our days are UTC."""
    return datetime.combine(day, time.min, UTC)


def _matching(asked: AuditFilter) -> QuerySet[AuditEvent]:
    wanted = Q()
    if asked.text:
        wanted &= Q(subject__icontains=asked.text) | Q(note__icontains=asked.text)
    # Moments, not days: a function of the column would be asked of every event that there is.
    if asked.since:
        wanted &= Q(at__gte=_midnight(asked.since))
    if asked.until and asked.until < date.max:
        wanted &= Q(at__lt=_midnight(asked.until + timedelta(days=1)))
    exact = {
        "actor": asked.actor,
        "action": asked.action,
        "object_id": asked.object_id,
        "push": asked.push,
    }
    wanted &= Q(**{name: value for name, value in exact.items() if value})
    return AuditEvent.objects.filter(wanted)
