"""What is odd about the lines of the list servers: all as last read, and of one object now."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from uuid import UUID

from django.db.models import Q

from mailadmin.asked import Asked
from mailadmin.audit.models import AuditEvent, AuditHead
from mailadmin.paging import Order, Page, Turn, page_of
from routing.core.facts import HostFacts, HostKind, facts_to_json
from routing.core.findings import Finding, Severity
from routing.core.intent import ObjectKind
from routing.core.intent import RoutingObject as Item
from routing.core.oddities import Mend, Odd, Oddity, odd_lines
from routing.models import FindingsPass, LineFinding, MailHost, RoutingObject
from routing.queries.object_rows import facts_by_server
from routing.queries.ways import deciding_rows, facts_of_server, name_below

ORDER = Order("place")


@dataclass(frozen=True, slots=True)
class OddRow:
    """One oddity, and the list server that has the line. Of its object the id, the kind and the key
    are known."""

    server: str
    odd: Odd


@dataclass(frozen=True, slots=True)
class OddList:
    """A page of them. `counts` is by kind, on the server that was asked for, or all.

    `silent` are list servers whose agents have not spoken: of their lines nothing can be said.
    `as_of` is when the oldest of what is shown was read, None when all of it is of now; `unread`
    are list servers whose lines were never read.
    """

    rows: tuple[OddRow, ...]
    total: int
    turn: Turn
    counts: Mapping[str, int]
    servers: tuple[str, ...]
    silent: tuple[str, ...]
    as_of: datetime | None = None
    unread: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Basis:
    """What a reading of one list server rests on: the last event before it, and the facts."""

    number: int
    hash: str
    facts: str


def basis_of(facts: HostFacts) -> Basis:
    """The basis of a reading that begins now."""
    head = AuditHead.objects.filter(pk=1).values_list("number", "hash").first() or (0, "")
    return Basis(*head, facts=_digest(facts))


def holds(found: FindingsPass, facts: HostFacts) -> bool:
    """Whether what was found is so now: the facts are the same, and no object was written since."""
    if found.at is None or found.facts != _digest(facts):
        return False
    events = AuditEvent.objects.order_by()
    known = not found.number or events.filter(number=found.number, hash=found.hash).exists()
    later = events.filter(number__gt=found.number, object_id__isnull=False)
    return known and not later.exists()


def _digest(facts: HostFacts) -> str:
    return sha256(json.dumps(facts_to_json(facts), sort_keys=True).encode()).hexdigest()


def list_oddities(asked: Asked) -> OddList:
    """One page, the worst first, as last read. Names of the filters: state (a kind), q, server."""
    facts = facts_by_server()
    hosts = {host.pk: host for host in MailHost.in_service.filter(kind=HostKind.LIST_SERVER)}
    passes = [p for p in FindingsPass.objects.filter(server__in=list(hosts)) if p.at is not None]
    counts, total = Counter[str](), 0
    server = asked.also.get("server", "")
    for found in passes:
        total += sum(found.counts.values())
        if not server or hosts[found.server_id].name == server:
            counts.update(found.counts)
    page: Page[LineFinding] = page_of(
        LineFinding.objects.filter(_fits(asked), server__in=list(hosts)),
        order=ORDER,
        cursor=asked.cursor,
        total=None if asked.text else _known(counts, asked.state),
    )
    names = tuple(host.name for host in hosts.values())
    relays = _relays_of(page.rows)
    read = {hosts[found.server_id].name for found in passes}
    return OddList(
        rows=tuple(OddRow(hosts[row.server_id].name, _odd(row, relays)) for row in page.rows),
        total=total,
        turn=page.turn,
        counts=counts,
        servers=names,
        silent=tuple(name for name in names if facts.get(name) is None),
        as_of=_oldest(passes, facts, hosts),
        unread=tuple(name for name in names if facts.get(name) is not None and name not in read),
    )


def _known(counts: Mapping[str, int], kind: str) -> int:
    return counts.get(kind, 0) if kind else sum(counts.values())


def _oldest(
    passes: Iterable[FindingsPass],
    facts: Mapping[str, HostFacts | None],
    hosts: Mapping[UUID, MailHost],
) -> datetime | None:
    old = []
    for found in passes:
        known = facts.get(hosts[found.server_id].name)
        if found.at is not None and (known is None or not holds(found, known)):
            old.append(found.at)
    return min(old, default=None)


def _fits(asked: Asked) -> Q:
    wanted = Q()
    if asked.state:
        wanted &= Q(kind=asked.state)
    if server := asked.also.get("server"):
        wanted &= Q(server__name=server)
    if asked.text:
        wanted &= Q(key__icontains=asked.text) | Q(text__icontains=asked.text)
    return wanted


def _relays_of(rows: Iterable[LineFinding]) -> dict[UUID, str]:
    """By object, the relay target that its finding is about, of now."""
    lines = [row.object_id for row in rows if row.mend == Mend.RELAY]
    named = RoutingObject.objects.filter(pk__in=lines, relay_target__isnull=False)
    return dict(named.values_list("pk", "relay_target__name")) if lines else {}


def _odd(row: LineFinding, relays: Mapping[UUID, str]) -> Odd:
    finding = Finding(f"line_{row.kind}", Severity.WARNING, row.key, row.text, row.advice)
    item = Item(row.object_id, ObjectKind(row.object_kind), row.key)
    mend, relay = Mend(row.mend) if row.mend else None, relays.get(row.object_id, "")
    if mend is Mend.RELAY and not relay:
        mend = None  # The line goes another way since it was read.
    return Odd(Oddity(row.kind), item, finding, mend, relay if mend is Mend.RELAY else "")


def oddities_of(row: RoutingObject) -> tuple[Odd, ...]:
    """Those of one object, found from the few rows that can decide for its mail."""
    facts = facts_of_server(row.server)
    if facts is None:
        return ()
    intent = deciding_rows(row.server, name_below(row.key))
    return tuple(odd for odd in odd_lines(intent, facts) if odd.item.id == row.pk)
