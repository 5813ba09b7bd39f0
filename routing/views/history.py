"""Audit events as the lines of a time line."""

from __future__ import annotations

from collections.abc import Iterable

from mailadmin.audit.queries import Difference, EventRow
from mailadmin.ui.parts import Event


def timeline(events: Iterable[EventRow]) -> tuple[Event, ...]:
    """Newest first, as they come, each with what changed."""
    return tuple(_event(event) for event in events)


def _event(event: EventRow) -> Event:
    act = event.action.rpartition(".")[2]
    text = f"{act.replace('_', ' ')} {_what(event) or 'it'}"
    return Event(event.verb.icon, event.verb.kind, text, event.at, actor=event.actor_name)


def _what(event: EventRow) -> str:
    """The changed fields of an object; what else an event says is its note."""
    said = event.object_id and not event.action.endswith((".created", ".deleted"))
    changed = "; ".join(_change(item) for item in event.differences if said)
    return ". ".join(part for part in (changed, event.note) if part)


def _change(item: Difference) -> str:
    if not item.old:
        return f"{item.field} {item.new}"
    return f"{item.field} {item.old} → {item.new or 'none'}"
