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

from django.conf import settings
from django.db import transaction
from django.http import HttpRequest
from django.utils.module_loading import import_string

from mailadmin.ui.badges import ICONS, Badge

log = logging.getLogger(__name__)

MOST_NEEDS = 4
URGENCY: Mapping[str, int] = {"bad": 0, "warn": 1, "work": 2, "unk": 3}
LATEST = datetime.max.replace(tzinfo=UTC)

BOX_WIDTH, BOX_HEIGHT, BOX_GAP, MARGIN = 216, 60, 20, 16
WIDTH = 760
LABEL_AT = 0.62
LETTER, LINE = 7, 17
"""What a letter of a label takes at most on average, and a line."""


@dataclass(frozen=True, slots=True)
class Need:
    """One row: a fact and its age (`lead` goes before the age), one sentence, one button.

    With `reason` the button is disabled: the reader may not do it.
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

    @property
    def icon(self) -> str:
        """The icon of its state."""
        return ICONS[self.kind]


@dataclass(frozen=True, slots=True)
class Panel:
    """One panel: a state (`badge`) or a number as text, "" while nobody has measured it."""

    label: str
    href: str
    badge: Badge | None = None
    value: str = ""
    lines: tuple[str, ...] = ()
    at: datetime | None = None
    lead: str = "as of"
    empty: str = ""


@dataclass(frozen=True, slots=True)
class Node:
    """One box of the picture; `kind` colours its edge, "" is no state."""

    id: str
    name: str
    note: str
    href: str
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Edge:
    """An arrow. kind ok is solid, bad dashed, unk dotted; `label` says what takes it."""

    source: str
    target: str
    kind: str
    label: str


@dataclass(frozen=True, slots=True)
class Topology:
    """Where mail goes: sources at the left, targets at the right; `more` tells what is left out."""

    sources: tuple[Node, ...] = ()
    targets: tuple[Node, ...] = ()
    edges: tuple[Edge, ...] = ()
    note: str = ""
    more: str = ""


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
class Event:
    """One line of what happened."""

    icon: str
    kind: str
    text: str
    at: datetime
    actor: str = ""
    href: str = ""
    day: str = ""


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
class Box:
    """A node with its place in the picture."""

    node: Node
    x: int
    y: int
    width: int = BOX_WIDTH
    height: int = BOX_HEIGHT

    @property
    def text_x(self) -> int:
        """Where its words begin."""
        return self.x + 14


@dataclass(frozen=True, slots=True)
class Arrow:
    """An edge with its path and the place of its label; `labelled` where that place was free."""

    edge: Edge
    source: Node
    target: Node
    path: str
    label_x: int
    label_y: int
    labelled: bool = True

    def covers(self, other: Arrow) -> bool:
        """Whether the two labels would lie on each other."""
        wide = (len(self.edge.label) + len(other.edge.label)) * LETTER / 2
        return abs(self.label_y - other.label_y) < LINE and abs(self.label_x - other.label_x) < wide


@dataclass(frozen=True, slots=True)
class Picture:
    """The topology as drawn."""

    boxes: tuple[Box, ...]
    arrows: tuple[Arrow, ...]
    height: int
    note: str
    more: str
    width: int = WIDTH


@dataclass(frozen=True, slots=True)
class Overview:
    """The values of `ui/overview.html`. `failed` tells whether somebody had no answer."""

    needs: tuple[Need, ...]
    more: tuple[Need, ...]
    panels: tuple[Panel, ...]
    picture: Picture | None
    steps: tuple[SetupStep, ...]
    events: tuple[Event, ...]
    checked: datetime | None
    failed: bool
    version: str

    @property
    def said(self) -> frozenset[str]:
        """Places that a row leads to: a strip to the same place would say it twice."""
        return frozenset(need.href for need in (*self.needs, *self.more))

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
        version=sha256(repr((told, failed)).encode()).hexdigest()[:16],
    )


def worst_first(needs: Iterable[Need]) -> tuple[Need, ...]:
    """The worst kind first, in it what lasts longest; without a moment last."""
    return tuple(sorted(needs, key=lambda need: (URGENCY[need.kind], need.at or LATEST, need.id)))


def drawn(topology: Topology) -> Picture:
    """Give every box and arrow its place; the shorter column stands in the middle."""
    rows = max(len(topology.sources), len(topology.targets))
    height = 2 * MARGIN + rows * (BOX_HEIGHT + BOX_GAP) - BOX_GAP
    left = _column(topology.sources, MARGIN, height)
    right = _column(topology.targets, WIDTH - MARGIN - BOX_WIDTH, height)
    places = {box.node.id: box for box in (*left, *right)}
    arrows = tuple(
        _arrow(edge, places[edge.source], places[edge.target])
        for edge in topology.edges
        if edge.source in places and edge.target in places
    )
    return Picture((*left, *right), _labelled(arrows), height, topology.note, topology.more)


def _labelled(arrows: tuple[Arrow, ...]) -> tuple[Arrow, ...]:
    """A label that would lie on one before it is left to the words below and to the tooltip."""
    done: list[Arrow] = []
    for arrow in arrows:
        free = not any(arrow.covers(other) for other in done if other.labelled)
        done.append(replace(arrow, labelled=free))
    return tuple(done)


def _column(nodes: tuple[Node, ...], x: int, height: int) -> tuple[Box, ...]:
    used = len(nodes) * (BOX_HEIGHT + BOX_GAP) - BOX_GAP
    top = (height - used) // 2
    return tuple(Box(node, x, top + at * (BOX_HEIGHT + BOX_GAP)) for at, node in enumerate(nodes))


def _arrow(edge: Edge, source: Box, target: Box) -> Arrow:
    x1, y1 = source.x + BOX_WIDTH, source.y + BOX_HEIGHT // 2
    x2, y2 = target.x - 3, target.y + BOX_HEIGHT // 2
    middle = (x1 + x2) // 2
    # A cubic with both handles at the middle: its height at t goes by the smooth step 3t² - 2t³.
    t = LABEL_AT
    rise = 3 * t**2 - 2 * t**3
    across = x1 * (1 - t) ** 3 + 3 * middle * t * (1 - t) + x2 * t**3
    return Arrow(
        edge=edge,
        source=source.node,
        target=target.node,
        path=f"M{x1} {y1} C{middle} {y1} {middle} {y2} {x2} {y2}",
        label_x=round(across),
        label_y=round(y1 + (y2 - y1) * rise) - 7,
    )


def _asked(name: str, request: HttpRequest) -> Part | None:
    """None when it failed: the first page must tell of a fault, not be one."""
    try:
        provider: Provider = import_string(name)
        with transaction.atomic():
            return provider(request)
    except Exception:
        log.exception("%s has no answer for the overview", name)
        return None
