"""Routing objects as the pages show them: lists in pages, one object with where its mail goes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from uuid import UUID

from django.db.models import Q, QuerySet

from mailadmin.asked import Asked
from mailadmin.paging import EXACT, Order, Page, Turn, page_among, page_of
from routing.core.facts import HostFacts
from routing.core.intent import ObjectKind
from routing.core.intent import RoutingObject as Item
from routing.core.listed_tables import COLUMNS
from routing.models import RoutingObject
from routing.queries.among import among
from routing.queries.object_rows import (
    ObjectRow,
    Shown,
    facts_by_server,
    object_row,
    row_value,
    shown_state,
    unicode_of,
)
from routing.queries.pending import Standing, standing
from routing.queries.tags import objects_tagged, words_on

ORDERS: Mapping[str, Order] = {
    "key": Order("key"),
    "-key": Order("key", down=True),
    "changed": Order("changed_at"),
    "-changed": Order("changed_at", down=True),
}


FILTERS = ("server", "tag")
"""What the address of a list may name beside search, state and order."""


@dataclass(frozen=True, slots=True)
class ObjectList:
    """A page of rows. `counts` has how many there are in each state that is not live, `words` the
    tags that there are."""

    rows: tuple[ObjectRow, ...]
    total: int
    turn: Turn
    counts: Mapping[Shown, int]
    servers: tuple[str, ...]
    words: tuple[str, ...] = ()


def list_objects(kind: ObjectKind, asked: Asked) -> ObjectList:
    """One page of the objects of a kind. An unknown order or state is the plain list."""
    now = standing()
    every = rows_of(kind).select_related("server", "relay_target")
    counts = _counts(every, kind, now)
    total = _total(every, kind, now)
    if asked.state == Shown.REMOVED:
        return _removed(asked, kind, now, total, counts)
    matching = _matching(kind, every, asked, now)
    order = ORDERS.get(asked.sort, ORDERS["key"])
    page: Page[RoutingObject] = page_of(
        matching, order=order, cursor=asked.cursor, total=_fitting(asked, total, counts)
    )
    facts = facts_by_server()
    return ObjectList(
        rows=tuple(object_row(row, facts, now) for row in page.rows),
        total=total,
        turn=page.turn,
        counts=counts,
        servers=tuple(sorted(facts)),
        words=words_on(kind),
    )


def matching_versions(kind: ObjectKind, asked: Asked, *, limit: int) -> dict[UUID, int]:
    """All rows of the list that an address asks for, with their versions; 0 where none is left. Of
    more than `limit` that many and one more."""
    now = standing()
    if asked.state == Shown.REMOVED:
        return {item.id: 0 for _, item in islice(_gone(kind, asked, now), limit + 1)}
    matching = _matching(kind, rows_of(kind), asked, now).order_by()
    return dict(matching.values_list("pk", "version")[: limit + 1])


def exported(kind: ObjectKind, asked: Asked) -> Iterator[dict[str, str]]:
    """All rows of the list that an address asks for, in its order, as cells of the columns that
    `routing.core.listed_tables` names; read while they are asked for."""
    now, facts = standing(), facts_by_server()
    if asked.state == Shown.REMOVED:
        for server, item in _gone(kind, asked, now):
            yield dict.fromkeys(COLUMNS, "") | {
                "server": server,
                "key": item.key,
                "kind": item.kind.value,
                "state": Shown.REMOVED.value,
            }
        return
    order = ORDERS.get(asked.sort, ORDERS["key"])
    every = rows_of(kind).select_related("server", "relay_target")
    matching = _matching(kind, every, asked, now).order_by(*order.columns)
    for row in matching.iterator(chunk_size=1000):
        yield _cells(row, facts, now)


def _cells(
    row: RoutingObject, facts: Mapping[str, HostFacts | None], now: Standing
) -> dict[str, str]:
    return {
        "server": row.server.name,
        "key": row.key,
        "kind": row.kind,
        "enabled": "yes" if row.enabled else "no",
        "relay": row.relay_target.name if row.relay_target else "",
        "mailer": row.mailer,
        "next_hop": row.next_hop,
        "note": row.note,
        "tags": row.tags,
        "value": row_value(row, facts.get(row.server.name)),
        "state": shown_state(row, now)[0].value,
        "changed_by": row.changed_by,
        "changed_at": row.changed_at.isoformat(),
    }


def rows_of(kind: ObjectKind) -> QuerySet[RoutingObject]:
    """The objects of a kind on the list servers that are in service."""
    return RoutingObject.objects.filter(kind=kind, server__retired_at=None)


def find_object(*, kind: ObjectKind, key: str, server: str = "") -> RoutingObject | None:
    """The object with this key; of several servers' the first in order of activation."""
    found = RoutingObject.objects.filter(kind=kind, key=key).select_related(
        "server", "relay_target"
    )
    if server:
        found = found.filter(server__name=server)
    return found.order_by("server__position", "server__name").first()


def _matching(
    kind: ObjectKind, rows: QuerySet[RoutingObject], asked: Asked, now: Standing
) -> QuerySet[RoutingObject]:
    wanted = objects_tagged(kind, asked.also.get("tag", ""))
    if asked.text:
        wanted &= Q(key__icontains=asked.text.strip()) | Q(note__icontains=asked.text.strip())
    if server := asked.also.get("server"):
        wanted &= Q(server__name=server)
    return rows.filter(wanted & _in_state(asked.state, now))


def _in_state(state: str, now: Standing) -> Q:
    match state:
        case Shown.EDITED:
            return _loose(now)
        case Shown.IN_PUSH:
            return Q(pk__in=among(now.held))
        case Shown.DISABLED:
            return Q(enabled=False)
        case Shown.LIVE:
            return Q(enabled=True) & ~_loose(now) & ~Q(pk__in=among(now.held))
        case _:
            return Q()


def _loose(now: Standing) -> Q:
    """Rows with an edit that no open push holds, named by whichever list is shorter."""
    if now.settled_count < now.loose_count:
        return ~Q(pk__in=among(now.settled))
    return Q(pk__in=among(now.loose))


def _counts(rows: QuerySet[RoutingObject], kind: ObjectKind, now: Standing) -> dict[Shown, int]:
    off = sum(server.tally.off[kind] for server in now.servers)
    return {
        Shown.EDITED: now.loose_rows.get(kind, 0),
        Shown.IN_PUSH: now.by_push.rows.get(kind, 0),
        Shown.DISABLED: off if _is_long(kind, now) else rows.filter(enabled=False).count(),
        Shown.REMOVED: len(now.removed(kind)),
    }


def _fitting(asked: Asked, total: int, counts: Mapping[Shown, int]) -> int | None:
    """How many rows fit, where that is known already."""
    if asked.text or any(asked.also.values()):
        return None
    known = {"": total, **{state.value: count for state, count in counts.items()}}
    return known.get(asked.state)


def count_all(kind: ObjectKind) -> int:
    """How many there are of a kind on the servers in service."""
    return _total(rows_of(kind), kind, standing())


def _total(rows: QuerySet[RoutingObject], kind: ObjectKind, now: Standing) -> int:
    """How many there are of a kind; those of a long list were counted when they were written."""
    return _known(kind, now) if _is_long(kind, now) else rows.count()


def _is_long(kind: ObjectKind, now: Standing) -> bool:
    return _known(kind, now) > EXACT


def _known(kind: ObjectKind, now: Standing) -> int:
    return sum(server.tally.kinds[kind] for server in now.servers)


def _removed(
    asked: Asked, kind: ObjectKind, now: Standing, total: int, counts: Mapping[Shown, int]
) -> ObjectList:
    """Deleted rows that are still live somewhere: they are edits, not rows."""
    gone = sorted(_gone(kind, asked, now), key=_removed_place)
    shown, turn = page_among(gone, place=_removed_place, cursor=asked.cursor)
    rows = tuple(_removed_row(server, item, now) for server, item in shown)
    servers = tuple(sorted({server for server, _ in gone}))
    return ObjectList(rows, total, turn, counts, servers)


def _gone(kind: ObjectKind, asked: Asked, now: Standing) -> Iterator[tuple[str, Item]]:
    """Those of them that an address asks for. They have no row, so no note and no tags any more."""
    text, wanted = asked.text.lower(), asked.also.get("server", "")
    for server, item in now.removed(kind):
        fits = text in item.key and wanted in ("", server)
        if fits and not asked.also.get("tag"):
            yield server, item


def _removed_place(removed: tuple[str, Item]) -> tuple[str, str, str]:
    server, item = removed
    return item.key, server, str(item.id)


def _removed_row(server: str, item: Item, now: Standing) -> ObjectRow:
    return ObjectRow(
        id=item.id,
        key=item.key,
        unicode=unicode_of(item.key),
        server=server,
        value="",
        relay="",
        state=Shown.REMOVED,
        push=now.held.get(item.id),
        enabled=False,
        note="",
        tags=(),
        version=0,
        changed_by="",
        changed_at=None,
    )
