"""How figures are written: numbers, spans, digests. Pure; the browser's twin is in ma.js."""

from __future__ import annotations

from datetime import datetime

NARROW = "\u202f"
"""Narrow no-break space: between thousands, as the French read them and nobody misreads."""
HARD = "\u00a0"
"""No-break space: between a figure and its unit."""
UNKNOWN = "\u2014"
"""Shown for a figure that nobody has measured. Never a zero."""

MINUTE = 60
HOUR = 60 * MINUTE
DAY = 24 * HOUR


def number(value: int | None) -> str:
    """Write an integer with thousands apart; an unknown one as a dash."""
    return UNKNOWN if value is None else f"{value:,}".replace(",", NARROW)


def duration(seconds: float | None) -> str:
    """Write a span in at most two units: "12 s", "38 min", "2 h 14 min", "6 d"."""
    if seconds is None:
        return UNKNOWN
    whole = max(0, int(seconds))
    if whole < MINUTE:
        return f"{whole}{HARD}s"
    if whole < HOUR:
        return f"{whole // MINUTE}{HARD}min"
    if whole < DAY:
        return _two(whole // HOUR, "h", whole % HOUR // MINUTE, "min")
    if whole < 3 * DAY:
        return _two(whole // DAY, "d", whole % DAY // HOUR, "h")
    return f"{number(whole // DAY)}{HARD}d"


def age(moment: datetime, now: datetime) -> str:
    """Write how long ago a moment was. A moment ahead of us is "now": clocks differ by a little."""
    seconds = (now - moment).total_seconds()
    return "now" if seconds < 1 else f"{duration(seconds)} ago"


def stamp(moment: datetime) -> str:
    """Write the moment itself, for titles and evidence. All our times are UTC."""
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"


def digest8(digest: str) -> str:
    """Shorten a digest to what a person compares by eye; an empty one means none."""
    return digest[:8] or UNKNOWN


def _two(large: int, large_unit: str, small: int, small_unit: str) -> str:
    head = f"{large}{HARD}{large_unit}"
    return f"{head} {small}{HARD}{small_unit}" if small else head
