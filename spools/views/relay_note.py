"""What the page of a relay target says of its health."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from mailadmin.ui.badges import badge_of
from mailadmin.ui.relay_notes import RelayNote
from spools.queries.relays import sights
from spools.queries.thresholds import rules
from spools.views.relay_words import sentence


def notes(request: HttpRequest, relay: UUID) -> Iterator[RelayNote]:
    """One for each list server that probes it."""
    for sight in sights(timezone.now(), rules(), relay=relay):
        yield RelayNote(
            badge=badge_of("relay", sight.state),
            text=f"From {sight.server.name}: {sentence(sight)}.",
            href=reverse("relay-health", args=[sight.row.name]),
            label=f"Probes from {sight.server.name}",
            since=sight.row.since if sight.health.since else None,
        )
