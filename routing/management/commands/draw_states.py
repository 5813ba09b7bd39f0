"""Write docs/states.md from the state tables."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from routing.core.draw import draw_states


class Command(BaseCommand):
    help = "Write docs/states.md from the state tables of pushes and push targets."

    def handle(self, *args: Any, **options: Any) -> None:
        path = settings.BASE_DIR / "docs" / "states.md"
        path.write_text(draw_states(), encoding="utf-8")
        self.stdout.write(f"wrote {path}")
