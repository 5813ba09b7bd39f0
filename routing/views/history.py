"""Audit events as the lines of a time line."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from mailadmin.audit.queries import Difference, EventRow
from mailadmin.ui.pages import Event

ICONS: Mapping[str, tuple[str, str]] = {
    "created": ("plus", "muted"),
    "deleted": ("minus", "muted"),
    "proposed": ("git-pull-request", "muted"),
    "staging": ("loader-2", "muted"),
    "staged": ("circle-check", "ok"),
    "proved": ("circle-check", "ok"),
    "approved": ("circle-check", "ok"),
    "activated": ("circle-check", "ok"),
    "confirmed": ("circle-check", "ok"),
    "active": ("circle-check", "ok"),
    "deploying": ("loader-2", "muted"),
    "refused": ("alert-octagon", "bad"),
    "failed": ("alert-octagon", "bad"),
    "stopped": ("alert-octagon", "bad"),
    "reverted": ("alert-octagon", "bad"),
    "unreachable": ("alert-octagon", "bad"),
    "superseded": ("circle-dashed", "unk"),
    "expired": ("circle-dashed", "unk"),
}
PLAIN = ("pencil", "muted")


def timeline(events: Iterable[EventRow]) -> tuple[Event, ...]:
    """Newest first, as they come, each with what changed."""
    return tuple(_event(event) for event in events)


def _event(event: EventRow) -> Event:
    act = event.action.rpartition(".")[2]
    icon, kind = ICONS.get(act, PLAIN)
    text = f"{act.replace('_', ' ')} {_what(event) or 'it'}"
    return Event(icon, kind, text, event.at, actor=event.actor_name)


def _what(event: EventRow) -> str:
    """The changed fields of an object; what else an event says is its note."""
    said = event.object_id and not event.action.endswith((".created", ".deleted"))
    changed = "; ".join(_change(item) for item in event.differences if said)
    return ". ".join(part for part in (changed, event.note) if part)


def _change(item: Difference) -> str:
    if not item.old:
        return f"{item.field} {item.new}"
    return f"{item.field} {item.old} → {item.new or 'none'}"
