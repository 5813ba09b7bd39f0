"""Write docs/relay-health.md from the table of states."""

from __future__ import annotations

from mailadmin.drawn import DrawCommand
from spools.core.draw import draw_health


class Command(DrawCommand):
    help = "Write docs/relay-health.md from the states of a relay and what moves them."
    page = "relay-health.md"
    draw = staticmethod(draw_health)
