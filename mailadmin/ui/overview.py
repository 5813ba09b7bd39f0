"""The first page: what needs a person, what is measured, where mail goes, what happened last.

The look knows no push and no mail host, so each app that has something to say names a function in
the setting UI_OVERVIEW: it takes the request and returns a Part. One that fails is named on the
page; what the others say stays.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from hashlib import sha256
from math import ceil

from django.conf import settings
from django.db import transaction
from django.http import HttpRequest
from django.utils.module_loading import import_string
from django.utils.text import slugify

from mailadmin.ui.badges import ICONS, Badge
from mailadmin.ui.parts import Event
from mailadmin.ui.topology import Picture, Topology, drawn

log = logging.getLogger(__name__)

MOST_NEEDS = 4
MOST_IN_A_ROW = 6
WORDS: Mapping[int, str] = {4: "four", 5: "five"}
URGENCY: Mapping[str, int] = {"bad": 0, "warn": 1, "work": 2, "unk": 3}
LATEST = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Need:
    """One row: a fact and its age (`lead` goes before the age), one sentence, one button.

    With `reason` the button is disabled: the reader may not do it. Among rows of one kind the
    lower `rank` stands first, then the greater `weight`, then what lasts longest. `at` is when it
    began; with `looked` it is only when somebody looked last, and orders nothing.
    """

    id: str
    kind: str
    fact: str
    text: str
    label: str
    href: str
    at: datetime | None = None
    lead: str = ""
    reason: str = ""
    rank: int = 0
    weight: int = 0
    looked: bool = False

    @property
    def icon(self) -> str:
        """The icon of its state."""
        return ICONS[self.kind]


@dataclass(frozen=True, slots=True)
class Panel:
    """One panel: a state (`badge`) or a number as text, "" while nobody has measured it; `spark` is
    its last time as a small line."""

    label: str
    href: str
    badge: Badge | None = None
    value: str = ""
    lines: tuple[str, ...] = ()
    at: datetime | None = None
    lead: str = "as of"
    empty: str = ""
    spark: tuple[float | None, ...] = ()

    @property
    def at_id(self) -> str:
        """Of the element with its age."""
        return f"age-{slugify(self.label)}"


@dataclass(frozen=True, slots=True)
class SetupStep:
    """One step of the set-up. Status as in the requirement checklist: met, works or waits."""

    id: str
    status: str
    title: str
    text: str
    href: str = ""
    label: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Part:
    """What one app says. `steps` stay empty once the site works; `checked` is the last look."""

    needs: tuple[Need, ...] = ()
    panels: tuple[Panel, ...] = ()
    topology: Topology = field(default_factory=Topology)
    steps: tuple[SetupStep, ...] = ()
    events: tuple[Event, ...] = ()
    checked: datetime | None = None


@dataclass(frozen=True, slots=True)
class Overview:
    """The values of `ui/overview.html`. `failed` tells whether somebody had no answer.

    `version` moves with everything that the page says but the moments of its figures; `moments`
    moves with those: a look that finds the same makes ages younger and replaces nothing.
    """

    needs: tuple[Need, ...]
    more: tuple[Need, ...]
    panels: tuple[Panel, ...]
    picture: Picture | None
    steps: tuple[SetupStep, ...]
    events: tuple[Event, ...]
    checked: datetime | None
    failed: bool
    version: str
    moments: str

    @property
    def said(self) -> frozenset[str]:
        """Places that a row leads to: a strip to the same place would say it twice."""
        return frozenset(need.href for need in (*self.needs, *self.more))

    @property
    def quiet(self) -> bool:
        """Whether nobody is needed: not while a part has no answer or the site is not set up."""
        return not (self.needs or self.steps or self.failed)

    @property
    def in_a_row(self) -> str:
        """How many panels stand beside each other on a wide screen, at most six, in words."""
        rows = max(1, ceil(len(self.panels) / MOST_IN_A_ROW))
        return WORDS.get(ceil(len(self.panels) / rows), "six")

    @property
    def steps_met(self) -> int:
        """How much of the set-up is done."""
        return sum(step.status == "met" for step in self.steps)


Provider = Callable[[HttpRequest], Part]


def overview_of(request: HttpRequest) -> Overview:
    """Ask every provider of the settings, in their order."""
    names: Iterable[str] = getattr(settings, "UI_OVERVIEW", ())
    answers = [_asked(name, request) for name in names]
    return joined([part for part in answers if part is not None], failed=None in answers)


def joined(parts: Iterable[Part], *, failed: bool = False) -> Overview:
    """What all of them say, as the page shows it."""
    told = tuple(parts)
    needs = worst_first(need for part in told for need in part.needs)
    seen = [part.checked for part in told if part.checked]
    events = sorted((e for part in told for e in part.events), key=lambda e: e.at, reverse=True)
    return Overview(
        needs=needs[:MOST_NEEDS],
        more=needs[MOST_NEEDS:],
        panels=tuple(panel for part in told for panel in part.panels),
        picture=next((drawn(part.topology) for part in told if part.topology.sources), None),
        steps=tuple(step for part in told for step in part.steps),
        events=tuple(events),
        checked=min(seen, default=None),
        failed=failed,
        version=_digest((tuple(_timeless(part) for part in told), failed)),
        moments=_digest(tuple(_moments(part) for part in told)),
    )


def worst_first(needs: Iterable[Need]) -> tuple[Need, ...]:
    """The worst kind first; in it by rank and weight, then what lasts longest."""
    return tuple(sorted(needs, key=_urgency))


def _urgency(need: Need) -> tuple[int, int, int, datetime, str]:
    begun = LATEST if need.at is None or need.looked else need.at
    return (URGENCY[need.kind], need.rank, -need.weight, begun, need.id)


def _timeless(part: Part) -> Part:
    """What a part says, and whether each figure has a moment, but not which."""
    return replace(
        part,
        needs=tuple(replace(n, at=n.at and LATEST) if n.looked else n for n in part.needs),
        panels=tuple(replace(panel, at=panel.at and LATEST) for panel in part.panels),
        checked=part.checked and LATEST,
    )


def _moments(part: Part) -> tuple[datetime | None, ...]:
    looked = (need.at for need in part.needs if need.looked)
    return (part.checked, *looked, *(panel.at for panel in part.panels))


def _digest(value: object) -> str:
    return sha256(repr(value).encode()).hexdigest()[:16]


def _asked(name: str, request: HttpRequest) -> Part | None:
    """None when it failed: the first page must tell of a fault, not be one."""
    try:
        provider: Provider = import_string(name)
        with transaction.atomic():
            return provider(request)
    except Exception:
        log.exception("%s has no answer for the overview", name)
        return None
