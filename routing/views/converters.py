"""How a mailertable key stands in an address."""

from __future__ import annotations

from routing.core.intent import DEFAULT_KEY

EVERYTHING_ELSE = "~everything-else"
"""Browsers take a path segment that is a lone dot away; no key can hold a tilde."""


class KeyConverter:
    """One path segment."""

    regex = "[^/]+"

    def to_python(self, value: str) -> str:
        """The key."""
        return DEFAULT_KEY if value == EVERYTHING_ELSE else value.lower()

    def to_url(self, value: str) -> str:
        """The segment."""
        return EVERYTHING_ELSE if value == DEFAULT_KEY else value
