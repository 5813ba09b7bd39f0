"""What is known of a relay beside its definition, for its page.

The page of a relay target belongs to an app that knows nothing of probes, so each app that does
names a function in the setting UI_RELAY_NOTES: it takes the request and the identity of the relay
target and returns notes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest
from django.utils.module_loading import import_string

from mailadmin.ui.badges import Badge


@dataclass(frozen=True, slots=True)
class RelayNote:
    """A state in words, since when, and the page that says more."""

    badge: Badge
    text: str
    href: str
    label: str
    since: datetime | None = None


Provider = Callable[[HttpRequest, UUID], Iterable[RelayNote]]


def relay_notes(request: HttpRequest, relay: UUID) -> tuple[RelayNote, ...]:
    """Ask every provider of the settings, in their order."""
    names: Iterable[str] = getattr(settings, "UI_RELAY_NOTES", ())
    return tuple(note for name in names for note in _provider(name)(request, relay))


def _provider(name: str) -> Provider:
    provider: Provider = import_string(name)
    return provider
