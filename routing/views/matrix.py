"""The matrix of the virtual domains: robot, MTA, line, MX and SPF, and what ends each gap."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_safe

from mailadmin.answers import reason_not, shown
from mailadmin.asked import Asked as Query
from mailadmin.asked import asked_of
from mailadmin.listing import Column as Head
from mailadmin.listing import ListPage, ListWords, chips_of, heads_of, pager_of, views_of
from mailadmin.people.access import requires
from mailadmin.people.roles import Permission
from routing.core.matrix import Column, State, gaps_of
from routing.core.survey import Subject
from routing.models import Source
from routing.queries.matrix import Matrix, MatrixRow, Sender, View, matrix
from routing.queries.surveys import Known
from routing.views.dns_lines import DnsLine, dns_line
from routing.views.nouns import DOMAINS, FOREIGN_LINES, LOCAL_HOSTS, ROUTES, Noun

WORDS = ListWords("Domain matrix", "domain", "layout-grid", "There is no virtual domain yet.")
VIEWS: Mapping[str, str] = {
    View.ALL: "All",
    View.GAPS: "Only with a gap",
    View.ROBOTS: "Robots without a domain",
}
LABELS: Mapping[Column, str] = {
    Column.ROBOT: "Robot",
    Column.ACCEPTED: "MTA takes it",
    Column.LINE: "Mailertable",
    Column.MX: "MX",
    Column.SPF: "SPF",
}
SHORT: Mapping[Column, str] = {Column.ACCEPTED: "MTA", Column.LINE: "Line"}
LOOKS: Mapping[State, tuple[str, str]] = {
    State.THERE: ("circle-check", "ma-ok"),
    State.MISSING: ("alert-octagon", "ma-bad"),
    State.UNKNOWN: ("circle-dashed", "ma-unk"),
    State.WAITS: ("clock", "ma-warn"),
    State.OFF: ("ban", "ma-unk"),
}
OTHERS: Mapping[str, Noun] = {noun.one: noun for noun in (LOCAL_HOSTS, ROUTES, FOREIGN_LINES)}
HEADS: Mapping[Subject, str] = {Subject.ROBOTS: "Robots", Subject.ACCEPTED: "MTA"}
SOURCES: Mapping[str, str] = {Source.IMPORT: "the import", Source.AGENT: "its agent"}


@dataclass(frozen=True, slots=True)
class Square:
    """One cell as the page writes it down. `short` is its label on a phone, `href` is where a gap
    is looked at; `old_at` is the age of an answer that is old, None of any other."""

    short: str
    words: str
    icon: str
    css: str
    why: str
    href: str = ""
    old_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Todo:
    """What ends one gap; `href` is the edit that does, "" where none here can."""

    label: str
    text: str
    href: str = ""
    button: str = ""


@dataclass(frozen=True, slots=True)
class MatrixLine:
    """One row. `href` is the page of the domain, "" for a robot without one."""

    name: str
    href: str
    server: str
    squares: tuple[Square, ...]
    todos: tuple[Todo, ...]


@dataclass(frozen=True, slots=True)
class Heard:
    """What was told last of one subject, by whom and when, None for never. `note` says what of it
    was not read, or why its agent does not tell it."""

    label: str
    source: str
    total: int
    at: datetime | None
    is_old: bool
    note: str


@dataclass(frozen=True, slots=True)
class Basis:
    """What is known of one list server: what was told of each subject, and who sends for it."""

    server: str
    told: tuple[Heard, ...]
    senders: tuple[tuple[str, DnsLine], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MatrixPage(ListPage):
    """The list, the robots that no domain has, and what all of it rests on."""

    rows: tuple[MatrixLine, ...]
    strays: int
    strays_href: str
    basis: tuple[Basis, ...]
    show_server: bool


@require_safe
@requires(Permission.READ)
def show_matrix(request: HttpRequest) -> HttpResponse:
    """The address is the whole state: search, one server, only rows with a gap, pages."""
    query = asked_of(request, reverse("matrix"), also=("server",))
    may_edit = not reason_not(request, Permission.EDIT, "")
    page = _page(query, matrix(query), may_edit=may_edit)
    return shown(request, "routing/matrix.html", {"list": page})


def _page(query: Query, found: Matrix, *, may_edit: bool) -> MatrixPage:
    several = len(found.servers) > 1
    heads = ["Domain", *(["Server"] if several else []), *LABELS.values()]
    is_robots = query.state == View.ROBOTS
    total = found.total + found.strays
    return MatrixPage(
        words=WORDS,
        rows=tuple(_line(row, may_edit=may_edit) for row in found.rows),
        heads=heads_of(query, [*map(Head, heads)]),
        total=total,
        matched=found.turn.total if query.is_filtered else total,
        more=found.turn.more and query.is_filtered,
        action=query.place,
        query=query.text,
        chips=chips_of(query, {"server": "Server"}),
        views=views_of(query, VIEWS, {View.ROBOTS: found.strays}),
        pager=pager_of(query, found.turn),
        hidden=query.hidden,
        strays=0 if is_robots else found.strays,
        strays_href=query.href(state=View.ROBOTS),
        basis=tuple(_basis(name, found) for name in found.servers),
        show_server=several,
    )


def _line(row: MatrixRow, *, may_edit: bool) -> MatrixLine:
    href = DOMAINS.href("page", row.key, row.server) if row.is_domain else ""
    return MatrixLine(
        name=row.key,
        href=href,
        server=row.server,
        squares=tuple(_square(row, column) for column in Column),
        todos=tuple(_todos(row, may_edit=may_edit)),
    )


def _square(row: MatrixRow, column: Column) -> Square:
    cell = row.cells[column]
    old = row.old.get(column)
    icon, css = LOOKS[State.UNKNOWN if old else cell.state]
    href = _where(row, column) if cell.state is State.MISSING else ""
    short = SHORT.get(column, LABELS[column])
    return Square(short, cell.words, icon, css, cell.why, href, old)


def _where(row: MatrixRow, column: Column) -> str:
    """Where a gap is looked at: the object, at the DNS where that is it."""
    if not row.is_domain:
        return OTHERS[row.other].href("page", row.key, row.server) if row.other else ""
    page = DOMAINS.href("page", row.key, row.server)
    return f"{page}#dns" if column in (Column.MX, Column.SPF) else page


def _todos(row: MatrixRow, *, may_edit: bool) -> Iterator[Todo]:
    for column, cell in gaps_of(row.cells):
        href, button = _mend(row) if column is Column.LINE and may_edit else ("", "")
        # What a line does to mail is said here; the rest has its words in the cell and its page.
        text = f"{cell.why} {cell.advice}" if column is Column.LINE else cell.advice
        yield Todo(LABELS[column], text, href, button)


def _mend(row: MatrixRow) -> tuple[str, str]:
    """The edit that gives a robot its line."""
    if row.is_domain:
        return DOMAINS.href("enable", row.key, row.server), "Enable…"
    if not row.other:
        given = urlencode({"key": row.key, "server": row.server})
        return f"{DOMAINS.add_href}?{given}", "Add the domain…"
    noun = OTHERS[row.other]
    if noun is LOCAL_HOSTS:
        return noun.href("page", row.key, row.server), "Open it"
    return noun.href("to-domain", row.key, row.server), "Make it a virtual domain…"


def _basis(server: str, found: Matrix) -> Basis:
    told = tuple(_heard(subject, found.surveys.of(server, subject)) for subject in Subject)
    senders = tuple(_sender(s) for s in found.senders if s.server == server)
    return Basis(server, told, senders)


def _heard(subject: Subject, known: Known) -> Heard:
    label, survey = HEADS[subject], known.survey
    if survey is None:
        return Heard(label, "", 0, None, is_old=False, note=known.silence)
    note = " ".join(text for text in (survey.trouble, known.silence) if text)
    source = SOURCES[survey.source]
    return Heard(label, source, survey.total, survey.told_at, is_old=known.is_old, note=note)


def _sender(sender: Sender) -> tuple[str, DnsLine]:
    return sender.owner, dns_line(sender.checked, sender.checked.part("ptr"))
