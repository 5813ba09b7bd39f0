"""Light, dark or as the system: a cookie, so that the first byte has the right colours."""

from __future__ import annotations

from collections.abc import Mapping

COOKIE = "ma-theme"
CHOICES: Mapping[str, tuple[str, str]] = {
    "light": ("Light", "sun"),
    "dark": ("Dark", "moon"),
    "auto": ("As the system", "device-desktop"),
}
DEFAULT = "auto"
YEAR = 365 * 24 * 60 * 60


def chosen(cookies: Mapping[str, str]) -> str:
    """Return the theme that a request's cookies name; anything unknown is the default."""
    name = cookies.get(COOKIE, DEFAULT)
    return name if name in CHOICES else DEFAULT
