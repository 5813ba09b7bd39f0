"""Several people, or several processes, at the same moment, each with a connection of its own."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from django.db import connections

from routing.core.findings import InvalidIntent
from routing.services.errors import ConflictingEdit

TOGETHER_S = 10


def at_once(*acts: Callable[[], object]) -> list[str]:
    """Run these in threads that start together. What each was told, in order of the alphabet.

    "done", the codes of findings, or the name of the exception: one that nobody foresaw shows.
    """
    ready = Barrier(len(acts))

    def run(act: Callable[[], object]) -> str:
        ready.wait(TOGETHER_S)
        try:
            act()
        except InvalidIntent as invalid:
            return ", ".join(finding.code for finding in invalid.findings)
        except ConflictingEdit as conflict:
            return f"conflict with {conflict.theirs.by}"
        except Exception as error:  # noqa: BLE001  # the test compares it
            return type(error).__name__
        finally:
            connections["default"].close()
        return "done"

    with ThreadPoolExecutor(len(acts)) as pool:
        return sorted(pool.map(run, acts))
