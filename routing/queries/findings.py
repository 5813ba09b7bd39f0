"""What is odd about the lines of the list servers, as saved: all of it, and of one object."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from mailadmin.asked import Asked
from mailadmin.audit.models import AuditHead
from mailadmin.paging import Turn, page_among
from routing.core.facts import HostFacts, HostKind
from routing.core.oddities import RANK, Odd, odd_lines
from routing.models import MailHost, RoutingObject
from routing.queries.edits import rows_intent
from routing.queries.objects import facts_by_server
from routing.queries.ways import deciding_rows, facts_of_server, name_below


@dataclass(frozen=True, slots=True)
class OddRow:
    """One oddity, and the list server that has the line."""

    server: str
    odd: Odd

    @property
    def place(self) -> tuple[int, str, str]:
        """Where it stands in the list: the worst first."""
        return (RANK[self.odd.kind], self.server, self.odd.item.key)


@dataclass(frozen=True, slots=True)
class OddList:
    """A page of them. `counts` is by kind, on the server that was asked for, or all.

    `silent` are list servers whose agents have not spoken: of their lines nothing can be said.
    """

    rows: tuple[OddRow, ...]
    total: int
    turn: Turn
    counts: Mapping[str, int]
    servers: tuple[str, ...]
    silent: tuple[str, ...]


Basis = tuple[tuple[int, str] | None, Mapping[str, HostFacts | None]]


@dataclass(frozen=True, slots=True)
class _Found:
    """What was found, and at which event of the audit trail with which facts."""

    basis: Basis
    rows: tuple[OddRow, ...]


_kept: list[_Found] = []
"""The last answer of this process. Replaced as a whole: two threads at most do the work twice."""


def list_oddities(asked: Asked) -> OddList:
    """One page, the worst first. Names of the filters: state (a kind), q, server."""
    facts = facts_by_server()
    every = _every(facts)
    server = asked.also.get("server", "")
    here = [row for row in every if not server or row.server == server]
    matching = [row for row in here if _fits(row, asked)]
    rows, turn = page_among(matching, place=lambda row: row.place, cursor=asked.cursor)
    names = MailHost.in_service.filter(kind=HostKind.LIST_SERVER).values_list("name", flat=True)
    return OddList(
        rows=rows,
        total=len(every),
        turn=turn,
        counts=Counter(str(row.odd.kind) for row in here),
        servers=tuple(names),
        silent=tuple(name for name in names if facts.get(name) is None),
    )


def oddities_of(row: RoutingObject) -> tuple[Odd, ...]:
    """Those of one object, found from the few rows that can decide for its mail."""
    facts = facts_of_server(row.server)
    if facts is None:
        return ()
    intent = deciding_rows(row.server, name_below(row.key))
    return tuple(odd for odd in odd_lines(intent, facts) if odd.item.id == row.pk)


def _every(facts: Mapping[str, HostFacts | None]) -> tuple[OddRow, ...]:
    """All of them in order; read again only after a write or another observation."""
    basis = (AuditHead.objects.filter(pk=1).values_list("number", "hash").first(), facts)
    before = next(iter(_kept), None)
    if before is not None and before.basis == basis:
        return before.rows
    rows = tuple(sorted(_read(facts), key=lambda row: row.place))
    _kept[:] = [_Found(basis, rows)]
    return rows


def _read(facts: Mapping[str, HostFacts | None]) -> Iterable[OddRow]:
    for host in MailHost.in_service.filter(kind=HostKind.LIST_SERVER):
        known = facts.get(host.name)
        if known is not None:
            for odd in odd_lines(rows_intent(host), known):
                yield OddRow(host.name, odd)


def _fits(row: OddRow, asked: Asked) -> bool:
    if asked.state and asked.state != row.odd.kind:
        return False
    text = asked.text.lower()
    return text in row.odd.item.key.lower() or text in row.odd.finding.text.lower()
