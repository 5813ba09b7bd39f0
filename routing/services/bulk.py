"""Save a list of routing objects at once: first what it would do line by line, then all of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID, uuid5

from mailadmin.audit.services import Actor
from mailadmin.people.models import Person
from mailadmin.people.services import acting
from routing.core.facts import HostFacts, HostKind
from routing.core.findings import Finding, Severity
from routing.core.intent import ObjectKind
from routing.core.intent import RoutingObject as Item
from routing.core.listed_values import Listed, ListText
from routing.core.mailers import ESMTP
from routing.core.mailertable import LOCAL_MTA_HOP, local_value, relay_value
from routing.core.validate import validate_object
from routing.models import HostState, MailHost, RelayTarget, RoutingObject
from routing.queries.edits import relay_value as relay_as_value
from routing.services.acts import NOTE_LIMIT
from routing.services.list_plan import (
    Existing,
    Line,
    ListPlan,
    Outcome,
    kept,
    list_plan,
    outcome_of,
    saved_once,
)
from routing.services.objects import object_values
from routing.services.writing import write_all

WAY = ("relay", "mailer", "next_hop")
BulkLine = Line[RoutingObject]
BulkPlan = ListPlan[RoutingObject]


@dataclass(frozen=True, slots=True)
class Ask:
    """What is to be done with a list. `kind` is that of a line that names none, `relay` the name of
    the relay target for a route of which the list says nothing but the key, `tags` those of new
    objects of which it names none."""

    listed: ListText
    kind: ObjectKind
    existing: Existing
    relay: str = ""
    tags: str = ""


@dataclass(slots=True)
class _Known:
    """Everything that lines are compared with, read once."""

    servers: dict[str, MailHost]
    facts: dict[str, HostFacts | None]
    relays: dict[str, RelayTarget]
    rows: dict[tuple[str, str], RoutingObject]
    by_value: dict[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, lock: bool) -> _Known:
        hosts = {h.pk: h for h in MailHost.in_service.filter(kind=HostKind.LIST_SERVER)}
        relays = {relay.pk: relay for relay in RelayTarget.objects.all()}
        facts = {state.host_id: state.host_facts for state in HostState.objects.all()}
        rows = {}
        found = RoutingObject.objects.filter(server__in=list(hosts)).order_by()
        for row in found.select_for_update() if lock else found:
            # Set from what is read already: no query for each row.
            row.server = hosts[row.server_id]
            row.relay_target = relays[row.relay_target_id] if row.relay_target_id else None
            rows[row.server.name, row.key] = row
        return cls(
            servers={host.name: host for host in hosts.values()},
            facts={host.name: facts.get(host.pk) for host in hosts.values()},
            relays={relay.name: relay for relay in relays.values()},
            rows=rows,
            by_value={relay_value(relay_as_value(r)): r.name for r in relays.values()},
        )


def plan_bulk(ask: Ask, *, token: UUID, lock: bool = False) -> BulkPlan:
    """What each line does. New rows get an id that follows from the token, the server and the key:
    the same page sent twice means the same rows."""
    known = _Known.read(lock)
    lines = tuple(_line(item, ask, known, token) for item in ask.listed.lines)
    return list_plan(lines, ask.listed.findings, object_values)


def save_bulk(ask: Ask, *, token: UUID, shown: str, by: Person | Actor) -> int:
    """Write what the page with this token showed (`shown` is its plan's digest), all or nothing.

    Gives the number of rows; sent twice it writes once. Raises InvalidIntent with every error,
    PlanMoved when the rows are others by now, NotAllowed when there is nothing to write.
    """
    return saved_once(
        token=token,
        shown=shown,
        plan=lambda: plan_bulk(ask, token=token, lock=True),
        write=lambda writes, saved: write_all(writes, by=acting(by), also=[saved]),
    )


def _line(item: Listed, ask: Ask, known: _Known, token: UUID) -> BulkLine:
    server = item.server
    before = known.rows.get((server, item.key))
    row, findings = _row(item, ask, known, before, token)
    if row is None or any(found.severity is Severity.ERROR for found in findings):
        return Line(item.line, Outcome.ERROR, item.key, server, None, before, findings)
    values = object_values(before) if before else None
    outcome = outcome_of(values, object_values(row), ask.existing)
    return Line(item.line, outcome, item.key, server, row, before, findings)


def _row(
    item: Listed, ask: Ask, known: _Known, before: RoutingObject | None, token: UUID
) -> tuple[RoutingObject | None, tuple[Finding, ...]]:
    """The row that the line makes, None where it cannot be one, and everything wrong with it."""
    server = item.server
    said = _said(item, ask, known, before)
    wrong = list(_unknown(server, said["relay"], item, known))
    if wrong:
        return None, tuple(wrong)
    relay = known.relays.get(said["relay"])
    row = RoutingObject(
        id=before.pk if before else uuid5(token, f"{server} {item.key}"),
        server=known.servers[server],
        kind=said["kind"],
        key=item.key,
        enabled=kept(item.enabled, before.enabled if before else True, ask.existing),
        relay_target=relay,
        mailer=said["mailer"].strip(),
        next_hop=said["next_hop"].strip(),
        note=kept(item.note, before.note if before else "", ask.existing),
        tags=kept(item.tags, before.tags if before else ask.tags, ask.existing),
    )
    value = Item(
        row.pk,
        ObjectKind(row.kind),
        row.key,
        row.enabled,
        relay.pk if relay else None,
        row.mailer,
        row.next_hop,
    )
    found = [*validate_object(value, facts=known.facts[server]), *_note_long(item, row)]
    return row, tuple(replace(finding, line=item.line) for finding in found)


def _note_long(item: Listed, row: RoutingObject) -> Iterator[Finding]:
    if item.note is not None and len(row.note) > NOTE_LIMIT:
        text = f"The note of {item.key} has {len(row.note)} characters, more than {NOTE_LIMIT}."
        yield _error("note_long", item, text, "Write a shorter one.", "note")


def _said(item: Listed, ask: Ask, known: _Known, before: RoutingObject | None) -> dict[str, Any]:
    """Kind and way of a line. They are one thing: who names a relay gives the next hop up."""
    if item.value is not None:
        return _of_value(item.value, item, ask, known, before)
    kind = item.kind or ask.kind
    way = {name: getattr(item, name) for name in WAY}
    if any(way.values()):
        return {"kind": kind, **{name: text or "" for name, text in way.items()}}
    stays = before is not None and before.kind == kind and None in way.values()
    merged = before is not None and before.kind == kind and ask.existing is Existing.MERGE
    if before is not None and (stays or merged) and not ask.relay:
        relay = before.relay_target.name if before.relay_target else ""
        return _way(kind, relay, before.mailer, before.next_hop)
    bare = None in way.values() and kind is ObjectKind.ROUTE
    return _way(kind, ask.relay if bare else "")


def _of_value(
    value: str, item: Listed, ask: Ask, known: _Known, before: RoutingObject | None
) -> dict[str, Any]:
    """What a mailertable line stands for, as `classify` tells it."""
    facts = known.facts.get(item.server)
    mailer, _, next_hop = value.partition(":")
    full_name = not item.key.startswith(".")
    local = {f"{ESMTP}:{LOCAL_MTA_HOP}", *([local_value(facts)] if facts else [])}
    if value in known.by_value:
        return _way(ObjectKind.ROUTE, known.by_value[value])
    if full_name and value in local:
        return _way(ObjectKind.VIRTUAL_DOMAIN)
    if full_name and value == f"{ESMTP}:[{item.key}]":
        return _way(ObjectKind.LOCAL_HOST)
    foreign = before is not None and before.kind == ObjectKind.FOREIGN_LINE
    if before is not None and foreign and f"{before.mailer}:{before.next_hop}" == value:
        return _way(ObjectKind.FOREIGN_LINE, "", mailer, next_hop)
    return _way(ObjectKind.ROUTE, "", mailer, next_hop)


def _way(kind: ObjectKind, relay: str = "", mailer: str = "", next_hop: str = "") -> dict[str, Any]:
    return {"kind": kind, "relay": relay, "mailer": mailer, "next_hop": next_hop}


def _unknown(server: str, relay: str, item: Listed, known: _Known) -> Iterator[Finding]:
    if server not in known.servers:
        text = f"There is no list server {server} in service."
        yield _error("server_unknown", item, text, _one_of(known.servers), "server")
    if relay and relay not in known.relays:
        text = f"There is no relay target {relay}."
        yield _error("relay_unknown", item, text, _one_of(known.relays), "relay_target")


def _one_of(names: Iterable[str]) -> str:
    there = ", ".join(sorted(names))
    return f"Write one of {there}." if there else "Add it first."


def _error(code: str, item: Listed, text: str, advice: str, field: str) -> Finding:
    return Finding(code, Severity.ERROR, item.key, text, advice, field, item.line)
