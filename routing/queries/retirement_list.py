"""Domains that are being retired as a list and as a file: search, steps, orders."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any
from uuid import UUID

from mailadmin.asked import Asked
from mailadmin.paging import Turn, page_among
from routing.core.retirement import RetireStep
from routing.queries.retirement import Retiring, retirements

COLUMNS = (
    "key",
    "server",
    "step",
    "live",
    "next_on",
    "note",
    "began_by",
    "began_at",
    "changed_by",
    "changed_at",
)


class RetiringShown(StrEnum):
    """What the list can be narrowed to: where they stand, and those whose planned day has come."""

    DRAINING = "draining"
    REJECTING = "rejecting"
    GONE = "gone"
    DUE = "due"


FIRST: Mapping[str, Callable[[Retiring], str]] = {
    "day": lambda item: str(item.mark.next_on or date.max),
    "key": lambda item: item.mark.key,
    "changed": lambda item: item.mark.changed_at.isoformat(),
}
"""What decides in each order; then the name, then the server."""
ORDERS = tuple(f"{sign}{name}" for name in FIRST for sign in ("", "-"))
"""At first the next planned day; a minus turns an order round."""


@dataclass(frozen=True, slots=True)
class RetiringList:
    """A page of them; `counts` has how many there are in each state."""

    rows: tuple[Retiring, ...]
    total: int
    turn: Turn
    counts: Mapping[RetiringShown, int]


def list_retirements(asked: Asked, today: date) -> RetiringList:
    """One page. An unknown order or state is the plain list."""
    every = retirements()
    counts = {state: sum(_is_in(item, state, today) for item in every) for state in RetiringShown}
    matching = _in_order(asked, _matching(asked, every, today))
    shown, turn = page_among(matching, place=_place(asked), cursor=asked.cursor)
    return RetiringList(shown, len(every), turn, counts)


def matching_retirements(asked: Asked, *, today: date, limit: int) -> dict[UUID, int]:
    """The objects of all that an address asks for, with their versions; 0 where none is left. Of
    more than `limit` that many and one more."""
    found = _in_order(asked, _matching(asked, retirements(), today))
    return {item.mark.object_id: item.version for item in found[: limit + 1]}


def exported_retirements(asked: Asked, today: date) -> Iterator[dict[str, str]]:
    """All that an address asks for, in its order, as cells of `COLUMNS`."""
    for item in _in_order(asked, _matching(asked, retirements(), today)):
        mark = item.mark
        yield {
            "key": mark.key,
            "server": item.server,
            "step": item.step.value if item.step else "",
            "live": item.live.value if item.live else "",
            "next_on": mark.next_on.isoformat() if mark.next_on else "",
            "note": mark.note,
            "began_by": mark.began_by,
            "began_at": mark.began_at.isoformat(),
            "changed_by": mark.changed_by,
            "changed_at": mark.changed_at.isoformat(),
        }


def _in_order(asked: Asked, items: Iterable[Retiring]) -> list[Retiring]:
    return sorted(items, key=_place(asked))


def _place(asked: Asked) -> Callable[[Retiring], tuple[Any, ...]]:
    name = asked.sort.removeprefix("-")
    first = FIRST.get(name, FIRST["day"])
    turned = name in FIRST and asked.sort.startswith("-")

    def place(item: Retiring) -> tuple[Any, ...]:
        said = (first(item), item.mark.key, item.server)
        return tuple(_turned(text) for text in said) if turned else said

    return place


def _turned(text: str) -> list[int]:
    """A text as what compares the other way round."""
    return [*(-ord(letter) for letter in text), 1]


def _matching(asked: Asked, items: Iterable[Retiring], today: date) -> Iterator[Retiring]:
    text, server = asked.text.lower(), asked.also.get("server", "")
    for item in items:
        said = text in item.mark.key or text in item.mark.note.lower()
        if said and server in ("", item.server) and _is_in(item, asked.state, today):
            yield item


def _is_in(item: Retiring, state: str, today: date) -> bool:
    if state == RetiringShown.DUE:
        return item.is_due(today)
    return state not in set(RetiringShown) or item.step is RetireStep(state)
