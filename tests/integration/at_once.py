"""Several people, or several processes, at the same moment, each with a connection of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Barrier

from django.db import connections

from routing.core.findings import InvalidIntent
from routing.services.errors import ConflictingEdit

TOGETHER_S = 60


def together(acts: Sequence[Callable[[], str]]) -> list[str]:
    """Run these in threads that start together; what each returned, in the order given."""
    ready = Barrier(len(acts))

    def run(act: Callable[[], str]) -> str:
        ready.wait(TOGETHER_S)
        try:
            return act()
        finally:
            connections["default"].close()

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(run, acts))


def at_once(*acts: Callable[[], object]) -> list[str]:
    """What each was told, in order of the alphabet.

    "done", the codes of findings, or the name of the exception: one that nobody foresaw shows.
    """
    return sorted(together([partial(_told, act) for act in acts]))


def _told(act: Callable[[], object]) -> str:
    try:
        act()
    except InvalidIntent as invalid:
        return ", ".join(finding.code for finding in invalid.findings)
    except ConflictingEdit as conflict:
        return f"conflict with {conflict.theirs.by}"
    except Exception as error:  # noqa: BLE001  # the test compares it
        return type(error).__name__
    return "done"
