"""What waits on the whole site: figures in the navigation and the strips under the top bar.

The look knows no push, so each app that has something to say names a function in the setting
UI_STANDING: it takes the request and returns a Standing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from django.conf import settings
from django.http import HttpRequest
from django.utils.module_loading import import_string

MOST_STRIPS = 2


@dataclass(frozen=True, slots=True)
class Strip:
    """One line over the full width: a fact (kind warn, bad, work or unk), then perhaps a link."""

    kind: str
    text: str
    link_label: str = ""
    link_href: str = ""


@dataclass(frozen=True, slots=True)
class Standing:
    """Counts by the name that a navigation entry gives, and strips, the most urgent first."""

    counts: Mapping[str, int] = field(default_factory=dict)
    strips: tuple[Strip, ...] = ()


Provider = Callable[[HttpRequest], Standing]


def standing_of(request: HttpRequest) -> Standing:
    """Ask every provider of the settings, in their order."""
    names: Iterable[str] = getattr(settings, "UI_STANDING", ())
    return merged([_provider(name)(request) for name in names])


def merged(parts: Iterable[Standing]) -> Standing:
    """Join what the apps say; more strips than two would push the page away."""
    counts: dict[str, int] = {}
    strips: list[Strip] = []
    for part in parts:
        counts.update(part.counts)
        strips.extend(part.strips)
    return Standing(counts, tuple(strips[:MOST_STRIPS]))


def _provider(name: str) -> Provider:
    provider: Provider = import_string(name)
    return provider
