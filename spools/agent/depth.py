"""How many messages wait in a spool, by the names of its files alone: no file is opened."""

from __future__ import annotations

import os
from pathlib import Path

from spools.agent.directories import queue_directories
from spools.core.names import PREFIX_LETTERS

QUEUED = (b"qf", b"hf")


def depth(spool: Path) -> int:
    """Waiting and held messages. What is wrong with one only shows in it, so that a scan may count
    less. Raises OSError."""
    return sum(_queued(found.control, found.place) for found in queue_directories(spool))


def _queued(directory: Path, place: str) -> int:
    """It may go away meanwhile; the spool itself may not."""
    try:
        with os.scandir(os.fsencode(directory)) as entries:
            names = (entry.name for entry in entries)
            return sum(name[:2] in QUEUED and len(name) > PREFIX_LETTERS for name in names)
    except FileNotFoundError:
        if place:
            return 0
        raise
