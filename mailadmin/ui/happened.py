"""The last events of the audit trail, for the first page."""

from __future__ import annotations

from urllib.parse import urlencode

from django.http import HttpRequest
from django.urls import reverse

from mailadmin.audit.queries import EventRow, last_events
from mailadmin.ui.badges import ICONS
from mailadmin.ui.overview import Part
from mailadmin.ui.parts import Event

SHOWN = 10
GOOD = frozenset({"proved", "approved", "confirmed", "active"})
BAD = frozenset({"refused", "failed", "stopped", "reverted", "unreachable"})


def happened(request: HttpRequest) -> Part:
    """The newest ten, each with the place that tells more."""
    del request
    return Part(events=tuple(_event(row) for row in last_events(SHOWN)))


def _event(row: EventRow) -> Event:
    noun, _, act = row.action.rpartition(".")
    kind = "ok" if act in GOOD else "bad" if act in BAD else "muted"
    thing = noun.replace("_", " ")
    subject = row.subject if row.subject.startswith(thing) else f"{thing} {row.subject}"
    asked: dict[str, object] = {"push": row.push} if row.push else {"text": row.subject}
    return Event(
        icon=ICONS.get(kind, "point"),
        kind=kind,
        text=f"{subject}: {act.replace('_', ' ')}",
        at=row.at,
        actor=row.actor_name,
        href=f"{reverse('audit')}?{urlencode(asked)}",
    )
