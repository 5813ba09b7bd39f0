"""Write docs/run-states.md from the state table."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from spools.core.run_states import draw_runs


class Command(BaseCommand):
    help = "Write docs/run-states.md from the state table of runs of the fallback."

    def handle(self, *args: Any, **options: Any) -> None:
        path = settings.BASE_DIR / "docs" / "run-states.md"
        path.write_text(draw_runs(), encoding="utf-8")
        self.stdout.write(f"wrote {path}")
