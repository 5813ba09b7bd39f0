"""Which of any number of edits are ticked: all, those that fit a filter, and some one by one.

A form carries this as one short field, whatever the number of edits.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any
from uuid import UUID

MOST_RULES = 50
MOST_SINGLE = 2000


class Start(StrEnum):
    """What is ticked before anybody chooses."""

    NONE = "none"
    ALL = "all"
    MINE = "mine"


@dataclass(frozen=True, slots=True)
class Filter:
    """Edits whose name holds a text, of one kind of change, on one list server; "" is any."""

    text: str = ""
    op: str = ""
    server: str = ""

    @property
    def is_open(self) -> bool:
        """Whether it lets everything pass."""
        return not (self.text or self.op or self.server)

    def fits(self, *, name: str, op: str, server: str) -> bool:
        """Whether an edit passes."""
        if self.op not in ("", op) or self.server not in ("", server):
            return False
        return self.text.lower() in name.lower()


@dataclass(frozen=True, slots=True)
class Line:
    """What the ticks need to know of an edit: a relay target has one for each server."""

    id: UUID
    name: str
    op: str
    server: str


class TooManyTicks(ValueError):
    """More was ticked one by one, or by filter, than a form carries."""


@dataclass(frozen=True, slots=True)
class Ticks:
    """`rules` tick (True) or untick what fits a filter, in their order; `single` comes last."""

    start: Start = Start.NONE
    rules: tuple[tuple[bool, Filter], ...] = ()
    single: Mapping[UUID, bool] = field(default_factory=dict)

    def of(self, lines: Sequence[Line], mine: Callable[[], frozenset[UUID]]) -> frozenset[UUID]:
        """The ticked ones among those that there are; `mine` is asked only where it counts."""
        own = mine() if self.start is Start.MINE else frozenset[UUID]()
        found = {line.id: self.start is Start.ALL or line.id in own for line in lines}
        for tick, wanted in self.rules:
            for line in lines:
                if wanted.fits(name=line.name, op=line.op, server=line.server):
                    found[line.id] = tick
        return frozenset(i for i, ticked in found.items() if self.single.get(i, ticked))

    def by_filter(self, tick: bool, wanted: Filter, lines: Iterable[Line]) -> Ticks:
        """Tick or untick what fits. Raises TooManyTicks."""
        hit = {
            line.id for line in lines if wanted.fits(name=line.name, op=line.op, server=line.server)
        }
        rules = tuple(rule for rule in self.rules if rule[1] != wanted)
        if len(rules) >= MOST_RULES:
            raise TooManyTicks
        single = {i: ticked for i, ticked in self.single.items() if i not in hit}
        return replace(self, rules=(*rules, (tick, wanted)), single=single)

    def one_by_one(self, ticked: Mapping[UUID, bool]) -> Ticks:
        """Tick or untick these. Raises TooManyTicks."""
        single = {**self.single, **ticked}
        if len(single) > MOST_SINGLE:
            raise TooManyTicks
        return replace(self, single=single)

    def packed(self) -> str:
        """For a field of a form."""
        rules = [[tick, f.text, f.op, f.server] for tick, f in self.rules]
        single = {identity.hex: int(ticked) for identity, ticked in self.single.items()}
        return json.dumps([self.start, rules, single], separators=(",", ":"))


def read_ticks(text: str) -> Ticks:
    """What `packed` wrote; anything else is no tick at all."""
    try:
        return _read(json.loads(text))
    except (ValueError, TypeError, AttributeError, RecursionError):
        return Ticks()


def _read(said: Any) -> Ticks:
    start, rules, single = said
    ticks = Ticks(
        Start(start),
        tuple(
            (bool(tick), Filter(str(text), str(op), str(server)))
            for tick, text, op, server in rules
        ),
        {UUID(hex=identity): bool(ticked) for identity, ticked in single.items()},
    )
    if len(ticks.rules) > MOST_RULES or len(ticks.single) > MOST_SINGLE:
        raise ValueError("more than a form carries")
    return ticks
