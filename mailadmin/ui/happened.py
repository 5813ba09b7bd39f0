"""The last events of the audit trail, for the first page."""

from __future__ import annotations

from urllib.parse import urlencode

from django.http import HttpRequest
from django.urls import reverse

from mailadmin.audit.queries import EventRow, last_events
from mailadmin.ui.overview import Part
from mailadmin.ui.parts import Event

SHOWN = 10


def happened(request: HttpRequest) -> Part:
    """The newest ten, each with the place that tells more."""
    del request
    return Part(events=tuple(_event(row) for row in last_events(SHOWN)))


def _event(row: EventRow) -> Event:
    """In the words of the audit, which it leads to."""
    asked: dict[str, object] = {"push": row.push} if row.push else {"text": row.subject}
    return Event(
        icon=row.verb.icon,
        kind=row.verb.kind,
        text=f"{row.verb.words} {row.subject}",
        at=row.at,
        actor=row.actor_name,
        href=f"{reverse('audit')}?{urlencode(asked)}",
    )
