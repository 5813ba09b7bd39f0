"""Two people act at the same moment on the running site."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from routing.services.errors import NotAllowed
from tests.integration.at_once import together


def at_once(*acts: Callable[[], None]) -> list[str]:
    """Run these in threads that start together; the name of each one's refusal, or ""."""
    return together([partial(_refusal, act) for act in acts])


def _refusal(act: Callable[[], None]) -> str:
    try:
        act()
    except NotAllowed as refused:
        return type(refused).__name__
    return ""
