"""How figures are written: numbers, spans, digests. Pure; the browser's twin is in ma.js."""

from __future__ import annotations

from datetime import UTC, datetime

NARROW = "\u202f"
"""Narrow no-break space: between thousands, as the French read them and nobody misreads."""
HARD = "\u00a0"
"""No-break space: between a figure and its unit."""
UNKNOWN = "\u2014"
"""Shown for a figure that nobody has measured. Never a zero."""

UNITS = ("B", "kB", "MB", "GB", "TB", "PB")

MINUTE = 60
HOUR = 60 * MINUTE
DAY = 24 * HOUR


def number(value: int | None) -> str:
    """Write an integer with thousands apart; an unknown one as a dash."""
    return UNKNOWN if value is None else f"{value:,}".replace(",", NARROW)


def counted(count: int, one: str, many: str) -> str:
    """A number with its noun."""
    return f"{number(count)} {one if count == 1 else many}"


def size(value: float | None) -> str:
    """Write bytes in the unit that leaves at most four digits: "812 B", "1.4 MB", "23 GB"."""
    if value is None:
        return UNKNOWN
    amount, units = float(max(0, value)), list(UNITS)
    while amount >= 999.5 and len(units) > 1:
        amount /= 1000
        del units[0]
    small = amount < 9.95 and units[0] != UNITS[0]
    return f"{amount:.1f}{HARD}{units[0]}" if small else f"{number(round(amount))}{HARD}{units[0]}"


def rate(value: float | None) -> str:
    """Write so many a minute: whole from ten on, and never a zero for a little."""
    if value is None:
        return UNKNOWN
    if 0 < value < 0.05:
        return "<0.1"
    return f"{value:.1f}" if value and value < 9.95 else number(round(value))


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


def clock(moment: datetime, now: datetime) -> str:
    """Write a moment as people say it: "20:41", and with its day when that is another one."""
    at, today = moment.astimezone(UTC), now.astimezone(UTC)
    if at.date() == today.date():
        return f"{at:%H:%M}"
    year = "" if at.year == today.year else f" {at.year}"
    return f"{at.day}{HARD}{at:%b}{year}{HARD}{at:%H:%M}"


def digest8(digest: str) -> str:
    """Shorten a digest to what a person compares by eye; an empty one means none."""
    return digest[:8] or UNKNOWN


def _two(large: int, large_unit: str, small: int, small_unit: str) -> str:
    head = f"{large}{HARD}{large_unit}"
    return f"{head} {small}{HARD}{small_unit}" if small else head
