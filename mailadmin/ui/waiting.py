"""The mail that waits for what a key of a table decides, for the page of that object.

The page belongs to an app that knows nothing of spools, so each app that does names a function in
the setting UI_WAITING: it takes the request, the name of the list server and the key, and returns
what each spool of that server says. Nothing returned means that nobody has said anything.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.http import HttpRequest
from django.utils.module_loading import import_string


@dataclass(frozen=True, slots=True)
class Waiting:
    """One spool and the page at `href`. `count` is in words, "" where it is not known; `note` says
    how it was counted, or why it was not. `links` are (label, address) of the messages themselves;
    `more` further ones are not named. All is of the moment `at`, and old after `stale_s` seconds.
    """

    spool: str
    href: str
    count: str
    note: str
    at: datetime | None
    stale_s: int
    oldest: datetime | None = None
    links: tuple[tuple[str, str], ...] = ()
    more: int = 0


Provider = Callable[[HttpRequest, str, str], Iterable[Waiting]]


def what_waits(request: HttpRequest, server: str, key: str) -> tuple[Waiting, ...]:
    """Ask every provider of the settings, in their order."""
    names: Iterable[str] = getattr(settings, "UI_WAITING", ())
    return tuple(found for name in names for found in _provider(name)(request, server, key))


def _provider(name: str) -> Provider:
    provider: Provider = import_string(name)
    return provider
