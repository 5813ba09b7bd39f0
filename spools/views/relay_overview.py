"""What relays say on the first page: a panel, and rows where one needs a person."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from mailadmin.ui.badges import badge_of
from mailadmin.ui.overview import Need, Panel, Part
from spools.core.health import RelayState
from spools.queries.relays import RelaySight, sights, worst
from spools.queries.thresholds import rules
from spools.views.relay_words import sentence

NEEDS = {RelayState.DOWN: "bad", RelayState.OVERLOADED: "warn"}
WORDS = {RelayState.DOWN: "went down", RelayState.OVERLOADED: "became overloaded"}
RANK = 0
"""Before everything else of its kind: all mail waits for it."""


def overview(request: HttpRequest) -> Part:
    """For a person who may read; nothing before the first relay is named by a live table."""
    found = sights(timezone.now(), rules())
    if not found:
        return Part()
    moments = [sight.last.at for sight in found if sight.last]
    return Part(
        needs=tuple(_needs(found)), panels=(_panel(found),), checked=min(moments, default=None)
    )


def _needs(found: Sequence[RelaySight]) -> Iterator[Need]:
    for sight in found:
        if kind := NEEDS.get(sight.state):
            yield Need(
                id=f"relay-{sight.row.pk}",
                kind=kind,
                fact=f"{sight.row.name} {WORDS[sight.state]} for {sight.server.name}",
                text=sentence(sight, "It") + ".",
                label=f"Open the health of {sight.row.name}",
                href=reverse("relay-health", args=[sight.row.name]),
                at=sight.row.since,
                rank=RANK,
                weight=int(sight.row.is_default),
            )


def _panel(found: Sequence[RelaySight]) -> Panel:
    """The worst of all: one word, and which it is."""
    sight = worst(found)
    assert sight is not None
    ill = sum(item.state is sight.state for item in found)
    many = len(found) > 1
    if sight.state is RelayState.HEALTHY:
        lines = [f"{len(found)} of {len(found)}" if many else sight.row.name]
    else:
        lines = [f"{ill} of {len(found)}: {sight.row.name}" if many else sight.row.name]
    return Panel(
        "Relay",
        reverse("relay-health", args=[sight.row.name]),
        badge_of("relay", sight.state),
        lines=tuple(lines),
        at=sight.row.since if sight.health.since else None,
        lead="changed",
        empty="not probed yet",
    )
