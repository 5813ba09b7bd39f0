"""The one word for how a spool stands: the worst that is known, or that nothing is. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

STALE_AFTER = 4
"""Figures older than so many periods are old: what was true then is not known to be now."""


class Standing(StrEnum):
    """How a spool stands, the worst first."""

    UNREADABLE = "unreadable"
    SILENT = "silent"
    BROKEN = "broken"
    BLOCKED = "blocked"
    OLD = "old"
    FLOWS = "flows"
    EMPTY = "empty"
    UNSCANNED = "unscanned"
    UNLISTED = "unlisted"


RANK = {standing: at for at, standing in enumerate(Standing)}


@dataclass(frozen=True, slots=True)
class Seen:
    """What is known of a spool. `figure_s` is the age of its figures, `oldest_s` that of the oldest
    message that waits; both None while there is none. `relay_down`: a relay of its server is."""

    listed: bool
    problem: bool
    figure_s: float | None
    waiting: int
    broken: int
    oldest_s: float | None
    relay_down: bool = False


def standing_of(seen: Seen, *, period_s: float, old_s: float) -> Standing:
    """The word. Old figures go before all that they say; a problem before old figures."""
    if not seen.listed:
        return Standing.UNLISTED
    if seen.problem:
        return Standing.UNREADABLE
    if seen.figure_s is None:
        return Standing.UNSCANNED
    if seen.figure_s > period_s * STALE_AFTER:
        return Standing.SILENT
    if seen.broken:
        return Standing.BROKEN
    if seen.waiting and seen.relay_down:
        return Standing.BLOCKED
    if seen.oldest_s is not None and seen.oldest_s > old_s:
        return Standing.OLD
    return Standing.FLOWS if seen.waiting else Standing.EMPTY
