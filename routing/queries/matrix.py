"""Robot, MTA, line, MX and SPF of the virtual domains: one page of rows, and which have a gap.

The database chooses the rows; only those of the page are read. What a page asks beside them does
not grow with the table.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet

from mailadmin.asked import Asked as Query
from mailadmin.paging import Order, Turn, page_of
from routing.core.dns.judge import Judged, Mark
from routing.core.facts import HostKind
from routing.core.intent import ObjectKind
from routing.core.matrix import (
    SURVEYED,
    THERE,
    Cell,
    Column,
    Telling,
    accepted_cell,
    dns_cell,
    line_cell,
    no_line_cell,
    robot_cell,
)
from routing.core.rcpt import BY_POLICY, Verdict, knows_domain
from routing.models import (
    Asked,
    DnsCheck,
    MailHost,
    RcptCheck,
    RoutingObject,
    Subject,
    Survey,
    SurveyedName,
)
from routing.queries.dns import CheckedName, checked_names
from routing.queries.dns_site import Sites, read_sites
from routing.queries.object_rows import Shown, shown_state
from routing.queries.objects import count_all, rows_of
from routing.queries.pending import standing
from routing.queries.surveys import (
    Surveys,
    count_strays,
    read_surveys,
    strays_of,
    tellings_of,
)

KINDS: Mapping[str, str] = {
    ObjectKind.LOCAL_HOST: "local host",
    ObjectKind.ROUTE: "route",
    ObjectKind.FOREIGN_LINE: "foreign line",
}
OFF = "A virtual domain that is disabled is not asked."
NO_DOMAIN = "It is asked when it is a virtual domain."
LIVE = (Shown.LIVE, Shown.DISABLED)


class View(StrEnum):
    """Which rows are asked for: state in the address."""

    ALL = ""
    GAPS = "gaps"
    ROBOTS = "robots"


@dataclass(frozen=True, slots=True)
class MatrixRow:
    """One virtual domain, or a robot without one. `other` is the kind of object that has its name
    instead, "" where none has. `old` has the age of each cell that was to be asked again long
    since."""

    key: str
    server: str
    cells: Mapping[Column, Cell]
    old: Mapping[Column, datetime]
    is_domain: bool = True
    other: str = ""


@dataclass(frozen=True, slots=True)
class Sender:
    """An address that mail of a list server is sent from, and whether it has its name."""

    server: str
    owner: str
    checked: CheckedName


@dataclass(frozen=True, slots=True)
class Matrix:
    """A page of it. `strays` counts robots without a virtual domain, up to STRAYS."""

    rows: tuple[MatrixRow, ...]
    turn: Turn
    total: int
    strays: int
    surveys: Surveys
    senders: tuple[Sender, ...]
    servers: tuple[str, ...]


def matrix(query: Query) -> Matrix:
    """One page by name. Names of the filters: state (a View), q (part of a name), server."""
    servers = list(MailHost.in_service.filter(kind=HostKind.LIST_SERVER).order_by("name"))
    surveys = read_surveys(servers)
    chosen = [host for host in servers if query.also.get("server", "") in ("", host.name)]
    sites = read_sites()
    strays = strays_of([s for s in surveys.rows if s.server in chosen])
    rows, turn = (
        _robots(strays, query, surveys, sites)
        if query.state == View.ROBOTS
        else _domains(chosen, query, surveys, sites)
    )
    return Matrix(
        rows=rows,
        turn=turn,
        total=count_all(ObjectKind.VIRTUAL_DOMAIN),
        strays=count_strays(strays, surveys.rows, chosen),
        surveys=surveys,
        senders=_senders(chosen, sites),
        servers=tuple(host.name for host in servers),
    )


def with_gap(rows: QuerySet[RoutingObject], surveys: Iterable[Survey]) -> QuerySet[RoutingObject]:
    """The virtual domains of which a cell is missing; routing.core.matrix decides the same."""
    bad = Q(mx_mark=Mark.BAD) | Q(spf_mark=Mark.BAD)
    named = DnsCheck.objects.filter(bad, kind=Asked.DOMAIN, name=OuterRef("key"))
    asked = RcptCheck.objects.filter(
        server=OuterRef("server"), domain=OuterRef("key"), stranger=Verdict.REFUSED
    )
    refused = Exists(asked.filter(stranger_text__contains=BY_POLICY))
    gap = Q(Exists(named), enabled=True) | Q(refused, enabled=True)
    for survey in surveys:
        here = Q(server_id=survey.server_id)
        told = Exists(SurveyedName.objects.filter(survey=survey, name=OuterRef("key")))
        if survey.is_whole:
            lacks = Q(~told, enabled=True, changed_at__lte=survey.told_at)
            # What the MTA itself said goes before what was told of it.
            by_itself = survey.subject == Subject.ACCEPTED
            gap |= here & (lacks & Q(~Exists(asked)) if by_itself else lacks)
        if survey.subject == Subject.ROBOTS:
            gap |= here & Q(told, enabled=False)
    return rows.filter(gap)


def _domains(
    servers: list[MailHost], query: Query, surveys: Surveys, sites: Sites
) -> tuple[tuple[MatrixRow, ...], Turn]:
    rows = rows_of(ObjectKind.VIRTUAL_DOMAIN).filter(server__in=servers)
    if query.text:
        rows = rows.filter(key__icontains=query.text)
    if query.state == View.GAPS:
        rows = with_gap(rows, surveys.rows)
    page = page_of(rows.select_related("server"), order=Order("key"), cursor=query.cursor)
    keys = [row.key for row in page.rows]
    told = tellings_of(keys, surveys)
    checked = {name.name: name for name in checked_names(Asked.DOMAIN, {*keys}, sites)}
    now, answered = standing(), _answered(keys)
    made = tuple(
        MatrixRow(
            row.key,
            row.server.name,
            _cells(
                row,
                told,
                surveys,
                checked[row.key],
                is_live=shown_state(row, now)[0] in LIVE,
                answered=answered.get((row.server_id, row.key)),
            ),
            _old(row, surveys, checked[row.key], answered.get((row.server_id, row.key))),
        )
        for row in page.rows
    )
    return made, page.turn


def _cells(
    row: RoutingObject,
    told: Mapping[tuple[str, str, str], Telling],
    surveys: Surveys,
    checked: CheckedName,
    *,
    is_live: bool,
    answered: bool | None,
) -> Mapping[Column, Cell]:
    robot, accepted = (told.get((row.server.name, s, row.key)) for s in (*Subject,))
    silence = {subject: surveys.of(row.server.name, subject).silence for subject in Subject}
    has_robot = robot is not None and robot.has
    return {
        Column.ROBOT: robot_cell(
            robot, row.changed_at, enabled=row.enabled, silence=silence[Subject.ROBOTS]
        ),
        Column.ACCEPTED: accepted_cell(
            accepted,
            row.changed_at,
            enabled=row.enabled,
            answered=answered,
            silence=silence[Subject.ACCEPTED],
        ),
        Column.LINE: line_cell(enabled=row.enabled, is_live=is_live, has_robot=has_robot),
        **_dns_cells(checked, "" if row.enabled else OFF),
    }


def _answered(keys: Sequence[str]) -> Mapping[tuple[UUID, str], bool | None]:
    """(server, domain) → whether its MTA said that it has it."""
    checks = RcptCheck.objects.filter(domain__in=keys)
    return {
        (server, domain): knows_domain(stranger, text)
        for server, domain, stranger, text in checks.values_list(
            "server_id", "domain", "stranger", "stranger_text"
        )
    }


def _old(
    row: RoutingObject, surveys: Surveys, checked: CheckedName, answered: bool | None
) -> Mapping[Column, datetime]:
    """What a cell rests on, where that is old. What the MTA itself said is not from a survey."""
    old = _old_tellings(row.server.name, surveys)
    if answered is not None:
        old.pop(Column.ACCEPTED, None)
    if not row.enabled:
        return old
    return old | {Column(part.part): part.at for part in checked.parts if part.is_old and part.at}


def _old_tellings(server: str, surveys: Surveys) -> dict[Column, datetime]:
    known = {column: surveys.of(server, subject) for subject, column in SURVEYED.items()}
    return {
        column: found.survey.told_at
        for column, found in known.items()
        if found.survey and found.is_old
    }


def _dns_cells(checked: CheckedName, instead: str = "") -> Mapping[Column, Cell]:
    """MX and SPF; `instead` says why a name is not asked, and what is left of it does not count."""
    parts = {column: checked.part(column.value) for column in (Column.MX, Column.SPF)}
    if instead:
        return dict.fromkeys(parts, dns_cell(Judged(Mark.UNKNOWN, ""), instead))
    return {column: dns_cell(part.judged, part.why) for column, part in parts.items()}


def _robots(
    strays: QuerySet[SurveyedName], query: Query, surveys: Surveys, sites: Sites
) -> tuple[tuple[MatrixRow, ...], Turn]:
    if query.text:
        strays = strays.filter(name__icontains=query.text)
    rows = strays.select_related("survey__server")
    page = page_of(rows, order=Order("name"), cursor=query.cursor)
    keys = [row.name for row in page.rows]
    told = tellings_of(keys, surveys)
    checked = {name.name: name for name in checked_names(Asked.DOMAIN, {*keys}, sites)}
    others = {
        (server, key): KINDS[kind]
        for server, key, kind in RoutingObject.objects.filter(key__in=keys)
        .filter(server__in={row.survey.server_id for row in page.rows})
        .values_list("server__name", "key", "kind")
    }
    made = []
    for row in page.rows:
        server = row.survey.server.name
        other = others.get((server, row.name), "")
        accepted = told.get((server, Subject.ACCEPTED, row.name))
        cells = {
            Column.ROBOT: THERE,
            Column.ACCEPTED: accepted_cell(
                accepted, None, enabled=True, silence=surveys.of(server, Subject.ACCEPTED).silence
            ),
            Column.LINE: no_line_cell(other),
            **_dns_cells(checked[row.name], NO_DOMAIN),
        }
        old = _old_tellings(server, surveys)
        made.append(MatrixRow(row.name, server, cells, old, is_domain=False, other=other))
    return tuple(made), page.turn


def _senders(servers: Iterable[MailHost], sites: Sites) -> tuple[Sender, ...]:
    """The addresses that receivers see, by list server."""
    found = [
        (host.name, place.name, address)
        for host in servers
        if host.name in sites.of
        for place in sites.of[host.name].senders
        for address in place.addresses
    ]
    addresses = dict.fromkeys(address for _, _, address in found)
    checked = {name.name: name for name in checked_names(Asked.ADDRESS, addresses, sites)}
    return tuple(Sender(server, owner, checked[address]) for server, owner, address in found)
