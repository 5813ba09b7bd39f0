"""Relay targets as their pages show them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from django.db.models import Count, Q, QuerySet

from mailadmin.asked import Asked
from mailadmin.paging import Order, Page, Turn, page_among, page_of
from routing.core.edits import Edit, Op
from routing.core.intent import RelayTarget as RelayValue
from routing.core.listed_relays import RELAYS
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


COLUMNS = RELAYS.every
"""Of the list as a file: what a relay target is, and what is told of it."""


class RelayState(StrEnum):
    """What the list can be narrowed to. A new one is an edited one; both may be unused. Removed
    ones have no row any more and are live somewhere."""

    LIVE = "live"
    EDITED = "edited"
    UNUSED = "unused"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class RelayRow:
    """One line of the list; `value` is what its routes say in the table, `state` its badge."""

    row: RelayTarget
    value: str
    routes: int
    state: str

    @property
    def pick(self) -> str:
        """What its tick sends: its id and the version shown."""
        return f"{self.row.pk.hex}.{self.row.version}"


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
    removed = _removed(now)
    counts = {state: every.filter(_in_state(state, edited)).count() for state in RelayState}
    counts[RelayState.REMOVED] = len(removed)
    if asked.state == RelayState.REMOVED:
        gone, turn = page_among(_gone(asked, removed), place=_place, cursor=asked.cursor)
        rows = tuple(_removed_row(value) for value in gone)
    else:
        order = ORDERS.get(asked.sort, ORDERS["key"])
        page: Page[RelayTarget] = page_of(_matching(asked, now), order=order, cursor=asked.cursor)
        rows, turn = tuple(_row(row, edits.get(row.pk)) for row in page.rows), page.turn
    words = words_of_rows(RelayTarget.objects.all())
    return RelayList(rows, RelayTarget.objects.count(), turn, counts, words)


def matching_relays(asked: Asked, limit: int) -> dict[UUID, int]:
    """All rows of the list that an address asks for, with their versions; 0 where none is left. Of
    more than `limit` that many and one more."""
    now = standing()
    if asked.state == RelayState.REMOVED:
        return {value.id: 0 for value in _gone(asked, _removed(now))[: limit + 1]}
    matching = _matching(asked, now).order_by("name")
    return dict(matching.values_list("pk", "version")[: limit + 1])


def relay_words_among(identities: Iterable[UUID]) -> tuple[str, ...]:
    """The tags that these relay targets have."""
    return words_of_rows(RelayTarget.objects.filter(pk__in=list(identities)))


def routes_naming(identities: Iterable[UUID]) -> int:
    """How many routes name one of these relay targets."""
    return RoutingObject.objects.filter(relay_target__in=list(identities)).count()


def exported_relays(asked: Asked) -> Iterator[dict[str, str]]:
    """All relay targets that an address asks for, in its order, as cells of `COLUMNS`."""
    now = standing()
    if asked.state == RelayState.REMOVED:
        for value in _gone(asked, _removed(now)):
            yield dict.fromkeys(COLUMNS, "") | {"name": value.name, "state": RelayState.REMOVED}
        return
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


def _removed(now: Standing) -> tuple[RelayValue, ...]:
    """Relay targets that are live somewhere and have no row any more, by name."""
    found = {
        identity: edit.before
        for server in now.servers
        for identity, edit in server.relays.items()
        if edit.after is None and isinstance(edit.before, RelayValue)
    }
    there = RelayTarget.objects.filter(pk__in=list(found)).values_list("pk", flat=True)
    for identity in there:
        del found[identity]
    return tuple(sorted(found.values(), key=_place))


def _place(value: RelayValue) -> tuple[str, str]:
    return value.name, str(value.id)


def _gone(asked: Asked, removed: Iterable[RelayValue]) -> list[RelayValue]:
    """Those that an address asks for. They have no row, so no note and no tags any more."""
    if asked.also.get("tag"):
        return []
    text = asked.text.lower()
    return [value for value in removed if text in f"{value.name} {' '.join(value.hosts)}"]


def _removed_row(value: RelayValue) -> RelayRow:
    row = RelayTarget(id=value.id, name=value.name, hosts=list(value.hosts), port=value.port)
    row.version = 0
    return RelayRow(row, relay_value(value), 0, RelayState.REMOVED)


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
