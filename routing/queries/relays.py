"""Relay targets as their pages show them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from django.db.models import Count, Q, QuerySet

from mailadmin.asked import Asked
from mailadmin.paging import Order, Page, Turn, page_of
from routing.core.edits import Edit, Op
from routing.core.mailertable import relay_value
from routing.models import RelayTarget, RoutingObject
from routing.queries.edits import relay_value as as_value
from routing.queries.pending import Standing, standing
from routing.queries.tags import tagged, words_of_rows

ORDERS: Mapping[str, Order] = {
    f"{sign}{name}": Order(field, down=bool(sign))
    for name, field in (("key", "name"), ("routes", "named"), ("changed", "changed_at"))
    for sign in ("", "-")
}


COLUMNS = ("name", "hosts", "port", "note", "tags") + (
    "value",
    "routes",
    "state",
    "changed_by",
    "changed_at",
)
"""Of the list as a file: what a relay target is, and what is told of it."""


class RelayState(StrEnum):
    """What the list can be narrowed to. A new one is an edited one; both may be unused."""

    LIVE = "live"
    EDITED = "edited"
    UNUSED = "unused"


@dataclass(frozen=True, slots=True)
class RelayRow:
    """One line of the list; `value` is what its routes say in the table, `state` its badge."""

    row: RelayTarget
    value: str
    routes: int
    state: str


@dataclass(frozen=True, slots=True)
class RelayList:
    """A page of relay targets; `counts` has how many there are in each state."""

    rows: tuple[RelayRow, ...]
    total: int
    turn: Turn
    counts: Mapping[RelayState, int]
    words: tuple[str, ...]


MOST_ROUTES = 100
"""A page names so many routes."""


@dataclass(frozen=True, slots=True)
class RoutesBy:
    """The first routes by a relay target, and how many there are."""

    rows: tuple[RouteBy, ...]
    total: int

    @property
    def hidden(self) -> int:
        """How many are not among the rows."""
        return self.total - len(self.rows)


@dataclass(frozen=True, slots=True)
class RouteBy:
    """One route that names the relay target."""

    key: str
    server: str
    enabled: bool


def list_relays(asked: Asked) -> RelayList:
    """One page of relay targets. An unknown order or state is the plain list."""
    now = standing()
    edits, edited = now.edits, now.relays
    every = _every()
    order = ORDERS.get(asked.sort, ORDERS["key"])
    page: Page[RelayTarget] = page_of(_matching(asked, now), order=order, cursor=asked.cursor)
    return RelayList(
        rows=tuple(_row(row, edits.get(row.pk)) for row in page.rows),
        total=RelayTarget.objects.count(),
        turn=page.turn,
        counts={state: every.filter(_in_state(state, edited)).count() for state in RelayState},
        words=words_of_rows(RelayTarget.objects.all()),
    )


def exported_relays(asked: Asked) -> Iterator[dict[str, str]]:
    """All relay targets that an address asks for, in its order, as cells of `COLUMNS`."""
    now = standing()
    order = ORDERS.get(asked.sort, ORDERS["key"])
    for row in _matching(asked, now).order_by(*order.columns).iterator(chunk_size=1000):
        line = _row(row, now.edits.get(row.pk))
        yield {
            "name": row.name,
            "hosts": " ".join(row.hosts),
            "port": str(row.port),
            "note": row.note,
            "tags": row.tags,
            "value": line.value,
            "routes": str(line.routes),
            "state": str(line.state),
            "changed_by": row.changed_by,
            "changed_at": row.changed_at.isoformat(),
        }


def routes_by(row: RelayTarget, *, most: int = MOST_ROUTES) -> RoutesBy:
    """The first routes that name it, by server and key, and how many there are."""
    found = RoutingObject.objects.filter(relay_target=row).select_related("server")
    rows = tuple(
        RouteBy(item.key, item.server.name, item.enabled)
        for item in found.order_by("server__position", "key")[:most]
    )
    return RoutesBy(rows, found.count() if len(rows) == most else len(rows))


def _every() -> QuerySet[RelayTarget]:
    return RelayTarget.objects.annotate(named=Count("routes"))


def _matching(asked: Asked, now: Standing) -> QuerySet[RelayTarget]:
    wanted = _says(asked.text) & tagged(asked.also.get("tag", ""))
    return _every().filter(wanted & _in_state(asked.state, now.relays))


def _row(row: RelayTarget, edit: Edit | None) -> RelayRow:
    named: int = row.named  # type: ignore[attr-defined]  # annotated
    quiet = RelayState.LIVE if named else RelayState.UNUSED
    state = quiet if edit is None else "new" if edit.op is Op.CREATE else RelayState.EDITED
    return RelayRow(row, relay_value(as_value(row)), named, state)


def _says(text: str) -> Q:
    if not text:
        return Q()
    return Q(name__icontains=text) | Q(hosts__icontains=text) | Q(note__icontains=text)


def _in_state(state: str, edited: Collection[UUID]) -> Q:
    match state:
        case RelayState.EDITED:
            return Q(pk__in=edited)
        case RelayState.LIVE:
            return Q(named__gt=0) & ~Q(pk__in=edited)
        case RelayState.UNUSED:
            return Q(named=0)
        case _:
            return Q()
