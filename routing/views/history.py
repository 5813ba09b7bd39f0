"""Audit events as the lines of a time line."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from uuid import UUID

from mailadmin.audit.queries import Difference, EventRow
from mailadmin.ui.parts import Event

WHOLE = (".created", ".deleted")
"""How acts end in which an object comes or goes."""
SAID_BESIDE = frozenset({"key", "name", "kind", "enabled"})
"""Fields that the page says anyway, or that are as they always are, when an object comes or goes.
"""


RETIRED: Mapping[str, str] = {
    "began": "began to retire it",
    "moved": "moved its retirement",
    "planned": "planned its next step",
    "ended": "stopped retiring it",
}


def timeline(events: Iterable[EventRow], own: Collection[UUID] | None = None) -> tuple[Event, ...]:
    """Newest first, as they come, each with what changed. `own` is the object of the page, and
    what belongs to it: events of another one tell of what had its key before."""
    return tuple(_event(event, own) for event in events)


def _event(event: EventRow, own: Collection[UUID] | None) -> Event:
    noun, _, act = event.action.rpartition(".")
    if noun == "retirement":
        return Event(*_verb(event), _retired(event, own, act), event.at, actor=event.actor_name)
    what, mine = _what(event), own is None or event.object_id in own
    it = "it" if mine else f"an earlier {noun.replace('_', ' ')}"
    if what:
        it = what if mine and not event.action.endswith(WHOLE) else f"{it}: {what}"
    said = f"{act.replace('_', ' ')} {it}"
    return Event(*_verb(event), said, event.at, actor=event.actor_name)


def _verb(event: EventRow) -> tuple[str, str]:
    return event.verb.icon, event.verb.kind


def _retired(event: EventRow, own: Collection[UUID] | None, act: str) -> str:
    """A step of retiring; what was empty and stays so is not said."""
    mine = own is None or event.object_id in own
    said = RETIRED.get(act, act) if mine else f"{act} an earlier retirement"
    begins = act == "began"
    told = [i for i in event.differences if i.new or i.old if not (begins and i.field == "step")]
    changed = "; ".join(_change(item, whole=begins) for item in told if act != "ended")
    return f"{said}: {changed}" if changed else said


def _what(event: EventRow) -> str:
    """The changed fields of an object; what else an event says is its note."""
    whole = event.action.endswith(WHOLE)
    said = [item for item in event.differences if event.object_id is not None]
    if whole:
        said = [i for i in said if i.field not in SAID_BESIDE and (i.new or i.old)]
    changed = "; ".join(_change(item, whole=whole) for item in said)
    return ". ".join(part for part in (changed, event.note) if part)


def _change(item: Difference, *, whole: bool) -> str:
    if whole or not item.old:
        return f"{item.field} {item.new or item.old}"
    return f"{item.field} {item.old} → {item.new or 'none'}"
