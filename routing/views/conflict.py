"""Two people edited one object: show both values with names, and let the second one choose."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from mailadmin.audit.queries import object_history
from routing.services.errors import ConflictingEdit, Side

NOT_CONTENT = frozenset({"csrfmiddlewaretoken", "version"})


@dataclass(frozen=True, slots=True)
class Field:
    """One field as the other person saved it and as this one wrote it."""

    label: str
    theirs: str
    yours: str

    @property
    def differs(self) -> bool:
        """Whether there is something to choose."""
        return self.theirs != self.yours


@dataclass(frozen=True, slots=True)
class Clash:
    """What to choose between. A side whose columns are hidden wants the object deleted."""

    text: str
    by: str
    at: datetime | None
    send: str
    keep: str
    has_theirs: bool = True
    has_yours: bool = True


def conflict(
    request: HttpRequest, *, error: ConflictingEdit, version: int, back: str
) -> HttpResponse:
    """409: nothing was overwritten. The form sends the same values against the version of now."""
    clash = _clash(error, request.POST.get("identity", ""))
    again = [(name, value) for name, value in request.POST.items() if name not in NOT_CONTENT]
    context = {
        "subject": error.subject,
        "you": error.yours.by,
        "clash": clash,
        "fields": _fields(error),
        "again": [*again, ("version", str(version))],
        "action": request.get_full_path(),
        "back": back,
    }
    return render(request, "routing/conflict.html", context, status=409)


def _clash(error: ConflictingEdit, identity: str) -> Clash:
    subject, by, at = error.subject, error.theirs.by, error.theirs.at
    if _deletes(error.theirs):
        by, at = _who_deleted(identity) or (by, at)
        text = f"{by} deleted {subject} while you edited it."
        return Clash(text, by, at, f"Add {subject} again", "Leave it deleted", has_theirs=False)
    if _deletes(error.yours):
        text = f"{by} changed {subject} after you opened it."
        send = f"Delete {subject} all the same"
        return Clash(text, by, at, send, f"Keep {subject}", has_yours=False)
    return Clash(str(error), by, at, f"Save yours over {by}’s", f"Keep {by}’s")


def _deletes(side: Side) -> bool:
    return bool(side.values.get("deleted"))


def _who_deleted(identity: str) -> tuple[str, datetime] | None:
    """The name and the moment, from the object's last event."""
    try:
        events = object_history(UUID(identity), 1)
    except ValueError:
        return None
    gone = [event for event in events if event.action.endswith(".deleted")]
    return (gone[0].actor_name, gone[0].at) if gone else None


def _fields(error: ConflictingEdit) -> tuple[Field, ...]:
    theirs, yours = error.theirs.values, error.yours.values
    names = sorted({*theirs, *yours} - {"deleted"})
    if theirs.get("kind") == yours.get("kind") or _deletes(error.theirs) or _deletes(error.yours):
        names = [name for name in names if name != "kind"]
    return tuple(
        Field(
            name.replace("_", " "),
            _text(theirs.get(name)),
            _text(yours.get(name)),
        )
        for name in names
    )


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return ", ".join(str(item) for item in value)
    return "" if value is None else str(value)
