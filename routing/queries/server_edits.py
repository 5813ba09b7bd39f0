"""The edits of every list server, read whole or carried on from what was known."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from routing.core.edits import Edit, edit_between, in_order
from routing.core.facts import HostKind
from routing.core.intent import RelayTarget, RoutingObject
from routing.models import MailHost, Revision
from routing.models import RoutingObject as Row
from routing.queries.among import among
from routing.queries.edits import HostEdits, relay_values, row_values
from routing.queries.revisions import intent_of, live_revision_ids
from routing.queries.tally import Tally, tally_of

Edits = Mapping[UUID, Edit]


@dataclass(frozen=True)
class Live:
    """What is live on one list server, by object; `base` is the revision that it is of."""

    base: Revision | None
    objects: Mapping[UUID, RoutingObject]
    relays: Mapping[UUID, RelayTarget]

    @property
    def number(self) -> int | None:
        """The primary key of `base`."""
        return self.base.pk if self.base else None


@dataclass(frozen=True)
class Server:
    """One list server: its edits by object, and what is counted over its rows."""

    host: MailHost
    live: Live
    objects: Edits
    relays: Edits
    tally: Tally

    @property
    def count(self) -> int:
        """How many edits it has."""
        return len(self.objects) + len(self.relays)

    @cached_property
    def removed(self) -> tuple[RoutingObject, ...]:
        """Objects that are live and have no row, in order."""
        gone = (edit for edit in self.objects.values() if edit.after is None)
        return tuple(e.before for e in in_order(gone) if isinstance(e.before, RoutingObject))

    def in_order(self) -> HostEdits:
        """Its edits, relay targets first, then by name."""
        edits = (*in_order(self.relays.values()), *in_order(self.objects.values()))
        return HostEdits(self.host, self.live.base, edits)


def servers_now() -> tuple[Server, ...]:
    """Read all rows of all list servers in service, in order of activation."""
    relays, lives = relay_values(), live_revision_ids()
    return tuple(_whole(host, _live(lives.get(host.pk)), relays) for host in _hosts())


def servers_after(before: Iterable[Server], touched: Collection[UUID]) -> tuple[Server, ...]:
    """What `servers_now` gives, with only the rows read that are in `touched`, and all of a server
    that was not there before."""
    known = {server.host.pk: server for server in before}
    relays, lives = relay_values(), live_revision_ids()
    rows = _touched_rows(touched) if touched else {}
    found = []
    for host in _hosts():
        server, base = known.get(host.pk), lives.get(host.pk)
        if server is None:
            found.append(_whole(host, _live(base), relays))
            continue
        if server.live.number != base:
            server = _compared(host, _live(base), _rows_of(server))
        found.append(_carried(host, server, touched, rows.get(host.pk, {}), relays))
    return tuple(found)


def _hosts() -> QuerySet[MailHost]:
    return MailHost.in_service.filter(kind=HostKind.LIST_SERVER)


def _live(number: int | None) -> Live:
    if number is None:
        return Live(None, {}, {})
    intent = intent_of(Revision.objects.get(pk=number))
    # Kept as long as the process runs: without its megabytes.
    base = Revision.objects.defer("bundle", "intent").get(pk=number)
    return Live(
        base,
        {item.id: item for item in intent.objects},
        {relay.id: relay for relay in intent.relay_targets},
    )


def _whole(host: MailHost, live: Live, relays: Mapping[UUID, RelayTarget]) -> Server:
    rows = {item.id: item for item in row_values(Row.objects.filter(server=host))}
    server = _compared(host, live, rows)
    return replace(server, relays=_relay_edits(live, server.tally.named, relays))


def _compared(host: MailHost, live: Live, rows: Mapping[UUID, RoutingObject]) -> Server:
    """With no edits of relay targets yet."""
    edits = {
        identity: edit_between(before, after)
        for identity, before, after in _pairs(live.objects, rows)
        if before != after
    }
    return Server(host, live, edits, {}, tally_of(rows.values(), edits))


def _rows_of(server: Server) -> dict[UUID, RoutingObject]:
    """The rows that an answer was made of: what is live, with the edits put on it."""
    rows = {**server.live.objects}
    for identity, edit in server.objects.items():
        if isinstance(edit.after, RoutingObject):
            rows[identity] = edit.after
        else:
            del rows[identity]
    return rows


def _pairs(
    live: Mapping[UUID, RoutingObject], rows: Mapping[UUID, RoutingObject]
) -> Iterator[tuple[UUID, RoutingObject | None, RoutingObject | None]]:
    for identity, after in rows.items():
        yield identity, live.get(identity), after
    for identity, before in live.items():
        if identity not in rows:
            yield identity, before, None


def _carried(
    host: MailHost,
    server: Server,
    touched: Iterable[UUID],
    rows: Mapping[UUID, RoutingObject],
    relays: Mapping[UUID, RelayTarget],
) -> Server:
    live, edits, tally = server.live, {**server.objects}, server.tally.copy()
    for identity in touched:
        before, now = live.objects.get(identity), rows.get(identity)
        edit = edits.pop(identity, None)
        was = edit.after if edit else before
        if isinstance(was, RoutingObject):
            tally.count(was, -1, edited=edit is not None)
        if before != now:
            edits[identity] = edit_between(before, now)
        if now is not None:
            tally.count(now, 1, edited=before != now)
    return Server(host, live, edits, _relay_edits(live, tally.named, relays), tally)


def _relay_edits(
    live: Live, named: Iterable[UUID], relays: Mapping[UUID, RelayTarget]
) -> dict[UUID, Edit]:
    # One that was made after the relay targets were read has an event that is read next time.
    there = {identity: relays[identity] for identity in named if identity in relays}
    return {
        identity: edit_between(live.relays.get(identity), there.get(identity))
        for identity in live.relays.keys() | there.keys()
        if live.relays.get(identity) != there.get(identity)
    }


def _touched_rows(touched: Collection[UUID]) -> dict[UUID, dict[UUID, RoutingObject]]:
    """By server. Two reads, so a row that goes between them is no row in either."""
    rows = Row.objects.filter(pk__in=among(touched)).order_by()
    servers, found = dict(rows.values_list("pk", "server")), defaultdict[UUID, Any](dict)
    for item in row_values(rows):
        if item.id in servers:
            found[servers[item.id]][item.id] = item
    return found
