"""Keyset paging: a page begins after a row, not after a number of rows, so that it never shifts."""

from __future__ import annotations

import base64
import binascii
import json
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db.models import Model, Q, QuerySet

PAGE_SIZE = 50
EXACT = 10_000
"""So many rows are counted. Of a longer list a page says where it was when it was turned to."""

Row = TypeVar("Row", bound=Model)
Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Order:
    """Sort by `field`, then by primary key; `down` turns both round."""

    field: str
    down: bool = False

    @property
    def columns(self) -> tuple[str, str]:
        """What `order_by` takes."""
        return self._columns(self.down)

    @property
    def reverse(self) -> tuple[str, str]:
        """The same order backwards."""
        return self._columns(not self.down)

    def beyond(self, value: Any, key: Any, *, backwards: bool) -> Q:
        """The rows after a row, or before it."""
        side = "lt" if self.down != backwards else "gt"
        farther = Q(**{f"{self.field}__{side}": value})
        # The first condition says nothing more: it is where an index may begin.
        return Q(**{f"{self.field}__{side}e": value}) & (
            farther | Q(**{self.field: value, f"pk__{side}": key})
        )

    def _columns(self, down: bool) -> tuple[str, str]:
        sign = "-" if down else ""
        return f"{sign}{self.field}", f"{sign}pk"


@dataclass(frozen=True, slots=True)
class Turn:
    """Where a page is among all rows: the 1-based places of its first and last, 0 for no row.

    `back` and `next` are cursors for `page_of`, "" where there is no such page. `more`: there are
    more rows than `total`, which nobody counted.
    """

    first: int
    last: int
    total: int
    back: str = ""
    next: str = ""
    more: bool = False


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """Rows in order, and where they are among all."""

    rows: tuple[Row, ...]
    turn: Turn


def page_of(
    rows: QuerySet[Row],
    *,
    order: Order,
    cursor: str = "",
    size: int = PAGE_SIZE,
    total: int | None = None,
) -> Page[Row]:
    """One page. A cursor that cannot be read, or one of another order, is the first page.

    What it costs does not grow with the rows, nor with the place among them: no more than EXACT are
    counted. `total` is how many there are, where that is known.
    """
    try:
        return _page(rows, order, _read(cursor), size, total)
    except (ValueError, TypeError, ValidationError):
        return _page(rows, order, None, size, total)


def cursor_after(row: Model, order: Order, *, at: int = 0) -> str:
    """The page after a row; `at` is how many rows there are up to it, where that is known."""
    return _cursor(row, order, backwards=False, at=at)


def page_among(
    items: Sequence[Item],
    *,
    place: Callable[[Item], tuple[Any, ...]],
    cursor: str = "",
    size: int = PAGE_SIZE,
) -> tuple[tuple[Item, ...], Turn]:
    """The same for what no table has: `items` in the order of `place`, plain JSON values of which
    no two are the same."""
    try:
        start = _start(items, place, _read(cursor), size)
    except (ValueError, TypeError):
        start = 0
    shown = tuple(items[start : start + size])
    last = start + len(shown)
    turn = Turn(
        first=start + 1 if shown else 0,
        last=last,
        total=len(items),
        back=_packed([1, list(place(shown[0])), "", start]) if start else "",
        next=_packed([0, list(place(shown[-1])), "", last]) if last < len(items) else "",
    )
    return shown, turn


def _start(
    items: Sequence[Item],
    place: Callable[[Item], tuple[Any, ...]],
    wanted: _Place | None,
    size: int,
) -> int:
    if wanted is None:
        return 0
    at = tuple(wanted.value)
    if wanted.backwards:
        return max(0, bisect_left(items, at, key=place) - size)
    start = bisect_right(items, at, key=place)
    return start if start < len(items) else 0


@dataclass(frozen=True, slots=True)
class _Place:
    """The row that a page ends before, or begins after. `at`: how many rows lay before the page
    then, or, backwards, before the row; None where the cursor does not say."""

    backwards: bool
    value: Any
    key: Any
    at: int | None = None


@dataclass(frozen=True, slots=True)
class _Count:
    rows: int
    more: bool = False

    @property
    def is_short(self) -> bool:
        """Whether it is worth counting what lies before a page."""
        return not self.more and self.rows <= EXACT


def _page(
    rows: QuerySet[Row], order: Order, place: _Place | None, size: int, total: int | None
) -> Page[Row]:
    backwards = place is not None and place.backwards
    found = rows
    if place is not None:
        found = rows.filter(order.beyond(place.value, place.key, backwards=backwards))
    ordered = found.order_by(*(order.reverse if backwards else order.columns))
    taken = list(ordered[: size + 1])
    more, shown = len(taken) > size, taken[:size]
    if place is not None and (not taken or (backwards and len(taken) < size)):
        # Nothing is left there, or too little for a page: the first one, and that is full.
        return _page(rows, order, None, size, total)
    if backwards:
        shown.reverse()
    if total is None and place is None and not more:
        total = len(shown)  # All there is: a search for what is rare reads the rows once.
    count = _counted(rows) if total is None else _Count(total)
    before = _before(rows, order, shown, place, count, more)
    last = before + len(shown)
    if backwards:
        more = bool(shown) and (count.more or last < count.rows)
    turn = Turn(
        first=before + 1 if shown else 0,
        last=last,
        total=max(count.rows, last),
        back=_cursor(shown[0], order, backwards=True, at=before) if shown and before else "",
        next=cursor_after(shown[-1], order, at=last) if more else "",
        more=count.more and (more or last < count.rows),
    )
    return Page(tuple(shown), turn)


def _counted(rows: QuerySet[Row]) -> _Count:
    found = rows.order_by()[: EXACT + 1].count()
    return _Count(min(found, EXACT), more=found > EXACT)


def _before(
    rows: QuerySet[Row],
    order: Order,
    shown: list[Row],
    place: _Place | None,
    count: _Count,
    more: bool,
) -> int:
    """How many rows lie before the page: counted where they are few, else carried on from the page
    before. At both ends it is certain."""
    if place is None or not shown or (place.backwards and not more):
        return 0
    if count.is_short or place.at is None:
        value = getattr(shown[0], order.field)
        earlier = rows.filter(order.beyond(value, shown[0].pk, backwards=True))
        return earlier.count() if count.is_short else _counted(earlier).rows
    if place.backwards:
        return max(place.at - len(shown), 1)
    if not more and not count.more:
        return max(count.rows - len(shown), 1)
    return place.at


def _cursor(row: Model, order: Order, *, backwards: bool, at: int) -> str:
    value = getattr(row, order.field)
    return _packed([int(backwards), _plain(value), _plain(row.pk), at])


def _packed(parts: list[Any]) -> str:
    text = json.dumps(parts, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(text).decode().rstrip("=")


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value) if isinstance(value, UUID) else value


def _read(cursor: str) -> _Place | None:
    if not cursor:
        return None
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        backwards, value, key, at = json.loads(base64.urlsafe_b64decode(padded))
    except (binascii.Error, UnicodeDecodeError, RecursionError) as error:
        raise ValueError("not a cursor") from error
    return _Place(bool(backwards), value, key, at if _is_place(at) else None)


def _is_place(at: Any) -> bool:
    """A whole number that a list may have; a cursor comes from an address."""
    return type(at) is int and 0 < at < 1 << 53
