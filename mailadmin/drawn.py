"""Pages of docs/ that are drawn from tables of the code, so that they cannot lie."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from django.conf import settings
from django.core.management.base import BaseCommand


class DrawCommand(BaseCommand):
    """Writes one page: `page` is its name in docs/, `draw` gives all of its text."""

    page: ClassVar[str]
    draw: ClassVar[Callable[[], str]]

    def handle(self, *args: Any, **options: Any) -> None:
        """Write it, whatever is there."""
        path = settings.BASE_DIR / "docs" / self.page
        path.write_text(type(self).draw(), encoding="utf-8")
        self.stdout.write(f"wrote {path}")
