"""Write docs/states.md from the state tables."""

from __future__ import annotations

from mailadmin.drawn import DrawCommand
from routing.core.draw import draw_states


class Command(DrawCommand):
    help = "Write docs/states.md from the state tables of pushes and push targets."
    page = "states.md"
    draw = staticmethod(draw_states)
