"""Two people act at the same moment."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from django.db import connections

from routing.services.errors import NotAllowed


def at_once(*acts: Callable[[], None]) -> list[str]:
    """Run these in threads that start together; the name of each one's exception, or ""."""
    ready = Barrier(len(acts))

    def run(act: Callable[[], None]) -> str:
        ready.wait(10)
        try:
            act()
        except NotAllowed as refused:
            return type(refused).__name__
        finally:
            connections["default"].close()
        return ""

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(run, acts))
