"""Write docs/relay-health.md from the table of states."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from spools.core.draw import draw_health


class Command(BaseCommand):
    help = "Write docs/relay-health.md from the states of a relay and what moves them."

    def handle(self, *args: Any, **options: Any) -> None:
        path = settings.BASE_DIR / "docs" / "relay-health.md"
        path.write_text(draw_health(), encoding="utf-8")
        self.stdout.write(f"wrote {path}")
