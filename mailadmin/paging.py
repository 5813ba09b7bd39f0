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
        return Q(**{f"{self.field}__{side}": value}) | Q(**{self.field: value, f"pk__{side}": key})

    def _columns(self, down: bool) -> tuple[str, str]:
        sign = "-" if down else ""
        return f"{sign}{self.field}", f"{sign}pk"


@dataclass(frozen=True, slots=True)
class Turn:
    """Where a page is among all rows: the 1-based places of its first and last, 0 for no row.

    `back` and `next` are cursors for `page_of`, "" where there is no such page.
    """

    first: int
    last: int
    total: int
    back: str = ""
    next: str = ""


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """Rows in order, and where they are among all."""

    rows: tuple[Row, ...]
    turn: Turn


def page_of(
    rows: QuerySet[Row], *, order: Order, cursor: str = "", size: int = PAGE_SIZE
) -> Page[Row]:
    """One page. A cursor that cannot be read, or one of another order, is the first page."""
    try:
        return _page(rows, order, _read(cursor), size)
    except (ValueError, TypeError, ValidationError):
        return _page(rows, order, None, size)


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
        back=_packed([1, list(place(shown[0])), ""]) if start else "",
        next=_packed([0, list(place(shown[-1])), ""]) if last < len(items) else "",
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
    backwards: bool
    value: Any
    key: Any


def _page(rows: QuerySet[Row], order: Order, place: _Place | None, size: int) -> Page[Row]:
    backwards = place is not None and place.backwards
    found = rows
    if place is not None:
        found = rows.filter(order.beyond(place.value, place.key, backwards=backwards))
    ordered = found.order_by(*(order.reverse if backwards else order.columns))
    taken = list(ordered[: size + 1])
    if place is not None and not taken:
        return _page(rows, order, None, size)
    more, shown = len(taken) > size, taken[:size]
    if backwards:
        shown.reverse()
    total = rows.count()
    before = _before(rows, order, shown)
    more_after = bool(shown) and (more or backwards) and before + len(shown) < total
    turn = Turn(
        first=before + 1 if shown else 0,
        last=before + len(shown),
        total=total,
        back=_cursor(shown[0], order, backwards=True) if shown and before else "",
        next=_cursor(shown[-1], order, backwards=False) if more_after else "",
    )
    return Page(tuple(shown), turn)


def _before(rows: QuerySet[Row], order: Order, shown: list[Row]) -> int:
    if not shown:
        return 0
    value = getattr(shown[0], order.field)
    return rows.filter(order.beyond(value, shown[0].pk, backwards=True)).count()


def _cursor(row: Model, order: Order, *, backwards: bool) -> str:
    value = getattr(row, order.field)
    return _packed([int(backwards), _plain(value), _plain(row.pk)])


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
        backwards, value, key = json.loads(base64.urlsafe_b64decode(padded))
    except (binascii.Error, UnicodeDecodeError) as error:
        raise ValueError("not a cursor") from error
    return _Place(bool(backwards), value, key)
