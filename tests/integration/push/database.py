"""The rows of a site whose workers are processes of their own: its file, seen from a test."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.db import connections


@contextmanager
def database_of(file: Path) -> Iterator[None]:
    """Make `file` the database of this process, in every thread, for a while.

    Its content is shared with running workers, so nothing is rolled back at the end.
    """
    settings = connections.settings["default"]
    before = settings["NAME"]
    connections["default"].close()
    settings["NAME"] = str(file)
    try:
        yield
    finally:
        connections["default"].close()
        settings["NAME"] = before
