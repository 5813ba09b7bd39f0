"""Write docs/run-states.md from the state table."""

from __future__ import annotations

from mailadmin.drawn import DrawCommand
from spools.core.run_states import draw_runs


class Command(DrawCommand):
    help = "Write docs/run-states.md from the state table of runs of the fallback."
    page = "run-states.md"
    draw = staticmethod(draw_runs)
