"""What a new domain still needs before its lists work: six things, each as it was seen last."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from django.db.models import QuerySet
from django.utils import timezone

from routing.core.dns.judge import Mark
from routing.core.intent import ObjectKind
from routing.core.matrix import Cell, Telling, accepted_cell, robot_cell
from routing.core.matrix import State as CellState
from routing.core.rcpt import Verdict, knows_domain
from routing.core.states import PushState
from routing.models import Asked, ConfigPush, MailHost, RcptCheck, RoutingObject, Subject
from routing.queries.dns import CheckedName, DnsPart, checked_names
from routing.queries.dns_site import read_sites
from routing.queries.object_rows import Shown, shown_state
from routing.queries.pending import Standing, standing
from routing.queries.surveys import Known, Surveys, read_surveys, tellings_of
from routing.queries.touched import pushes_of
from routing.queries.ways import Config, ways_of

MOST_NEW = 200
NEW = timedelta(days=14)
"""So long a domain is new; it is looked at by itself as long."""


class Need(StrEnum):
    """What has to be there, in the order in which it is made."""

    ROBOT = "robot"
    MTA = "mta"
    MX = "mx"
    SPF = "spf"
    ROUTE = "route"
    RCPT = "rcpt"


class State(StrEnum):
    """Unknown is not missing: nobody looked, or what was seen says neither."""

    DONE = "done"
    WAITING = "waiting"
    MISSING = "missing"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Told:
    """What surveys of its server say of one domain, None where there is none; what is known of each
    subject at all; and whether its server is being asked for it."""

    robot: Telling | None
    accepted: Telling | None
    robots: Known
    names: Known
    is_asked: bool


@dataclass(frozen=True, slots=True)
class Line:
    """One need of one domain. `seen` is what was seen, `at` when; `record` is what to publish in
    the DNS; `push` the open push that has its route; `places` the paths where its agent looks,
    `is_named` whether there are any."""

    need: Need
    state: State
    seen: str
    at: datetime | None = None
    is_old: bool = False
    record: str = ""
    push: int | None = None
    places: tuple[str, ...] = ()
    is_named: bool = True


@dataclass(frozen=True, slots=True)
class Checklist:
    """All of one domain. `address` is the one that the MTA is asked about.

    `is_asked`: it is being asked now, or about to be; `is_watched`: it was asked about at all;
    `due_at` when it is asked again by itself, None for not any more.
    """

    row: RoutingObject
    lines: tuple[Line, ...]
    address: str
    is_asked: bool
    is_watched: bool
    due_at: datetime | None

    @property
    def is_done(self) -> bool:
        """Whether nothing is missing of all that can be seen from here."""
        return all(
            line.state is State.DONE or (line.need is Need.ROBOT and line.state is State.UNKNOWN)
            for line in self.lines
        )

    @property
    def done(self) -> int:
        """How many are done."""
        return sum(line.state is State.DONE for line in self.lines)


def checklist_of(row: RoutingObject) -> Checklist:
    """That of one domain, with its route as the resolver reads what is live."""
    (found,) = _checklists([row])
    lines = tuple(_routed(row, line) if line.need is Need.ROUTE else line for line in found.lines)
    return replace(found, lines=lines)


def is_new(row: RoutingObject) -> bool:
    """Whether somebody added it here, or had it looked at, lately."""
    return _lately().filter(server=row.server_id, domain=row.key).exists()


def new_domains() -> tuple[tuple[Checklist, ...], bool]:
    """New domains that still need something, the newest first, and whether there are more."""
    checks = _lately().filter(server__retired_at=None)
    pairs = list(checks.values_list("server", "domain")[: MOST_NEW + 1])
    rows = RoutingObject.objects.filter(
        kind=ObjectKind.VIRTUAL_DOMAIN, key__in=[domain for _, domain in pairs]
    ).select_related("server")
    there = {(row.server_id, row.key): row for row in rows}
    found = _checklists([there[pair] for pair in pairs[:MOST_NEW] if pair in there])
    return tuple(item for item in found if not item.is_done), len(pairs) > MOST_NEW


def _lately() -> QuerySet[RcptCheck]:
    return RcptCheck.objects.filter(began_at__gt=timezone.now() - NEW)


def _checklists(rows: Sequence[RoutingObject]) -> tuple[Checklist, ...]:
    """A few queries in all."""
    names = list(dict.fromkeys(row.key for row in rows))
    dns = {found.name: found for found in checked_names(Asked.DOMAIN, names, read_sites())}
    checks = RcptCheck.objects.filter(domain__in=names).select_related("attempt")
    asked = {(check.server_id, check.domain): check for check in checks}
    surveys = read_surveys(MailHost.in_service.all())
    told = tellings_of(names, surveys)
    now = standing()
    held = {now.held[row.pk] for row in rows if row.pk in now.held}
    states = dict(ConfigPush.objects.filter(pk__in=held).values_list("pk", "state"))
    return tuple(
        _checklist(
            row,
            dns[row.key],
            asked.get((row.server_id, row.key)),
            now,
            states,
            told_of(row, told, surveys),
        )
        for row in rows
    )


def _checklist(
    row: RoutingObject,
    dns: CheckedName,
    check: RcptCheck | None,
    now: Standing,
    states: Mapping[int, str],
    told: Told,
) -> Checklist:
    lines = (
        _robot(row, told),
        _mta(check, row, told),
        _record(Need.MX, dns.part("mx")),
        _record(Need.SPF, dns.part("spf")),
        _route(row, now, states),
        _rcpt(check),
    )
    waits = check is not None and (check.attempt_id is not None or check.asked_at is None)
    return Checklist(
        row,
        lines,
        check.address if check else "",
        waits or dns.is_due or told.is_asked,
        check is not None,
        check.due_at if check else None,
    )


def told_of(
    row: RoutingObject, told: Mapping[tuple[str, str, str], Telling], surveys: Surveys
) -> Told:
    """What surveys say of one domain."""
    server = row.server.name
    robot, accepted = (told.get((server, subject, row.key)) for subject in Subject)
    robots, names = (surveys.of(server, subject) for subject in Subject)
    return Told(robot, accepted, robots, names, server in surveys.asked)


def _robot(row: RoutingObject, told: Told) -> Line:
    silence = told.robots.silence
    cell = robot_cell(told.robot, row.changed_at, enabled=True, silence=silence)
    return _surveyed(Need.ROBOT, cell, told.robot, told.robots)


def _surveyed(need: Need, cell: Cell, telling: Telling | None, known: Known) -> Line:
    """What somebody told of the server; the age is of the telling."""
    at = telling.at if telling else None
    if cell.state is CellState.THERE:
        source = f" by the {telling.source}" if telling else ""
        line = Line(need, State.DONE, f"It was found there{source}.", at)
    else:
        state = State.MISSING if cell.state is CellState.MISSING else State.UNKNOWN
        line = Line(need, state, " ".join(word for word in (cell.why, cell.advice) if word), at)
    # What an import told long ago stays, and why nothing newer is known stands beside it.
    silence = known.silence if known.silence not in line.seen else ""
    seen = f"{line.seen} {silence}".strip()
    return replace(
        line, seen=seen, is_old=known.is_old, places=known.places, is_named=bool(known.places)
    )


def _unanswered(need: Need, check: RcptCheck | None) -> Line:
    if check is None:
        return Line(need, State.UNKNOWN, "The MTA was not asked about it.")
    if check.error:
        return Line(need, State.UNKNOWN, str(check.error.get("text", "")), check.asked_at)
    return Line(need, State.UNKNOWN, "The MTA has not answered yet.", check.asked_at)


def _mta(check: RcptCheck | None, row: RoutingObject, told: Told) -> Line:
    """Judged by an address that cannot be there: from loopback it relays for any other domain.

    Where that says nothing, by what was told of its class w and relay-domains.
    """
    answer = _answered(check)
    if answer.state is not State.UNKNOWN:
        return answer
    cell = accepted_cell(told.accepted, row.changed_at, enabled=True, silence=told.names.silence)
    told_line = _surveyed(Need.MTA, cell, told.accepted, told.names)
    if told_line.state is not State.UNKNOWN:
        return told_line
    return replace(
        answer,
        seen=f"{answer.seen} {told_line.seen}".strip(),
        places=told_line.places,
        is_named=told_line.is_named,
    )


def _answered(check: RcptCheck | None) -> Line:
    if check is None or not check.stranger:
        return _unanswered(Need.MTA, check)
    said = f"{check.stranger_code} {check.stranger_text}"
    match check.stranger:
        case Verdict.REFUSED if not knows_domain(check.stranger, check.stranger_text):
            return Line(
                Need.MTA, State.MISSING, f"It refuses the domain: {said}", check.answered_at
            )
        case Verdict.REFUSED:
            text = f"It knows the addresses of the domain, and refuses others: {said}"
            return Line(Need.MTA, State.DONE, text, check.answered_at)
        case Verdict.LATER:
            return Line(Need.MTA, State.WAITING, f"It says to come back: {said}", check.answered_at)
        case _:
            text = "It takes any address there, as it does of every domain from this host."
            return Line(Need.MTA, State.UNKNOWN, text, check.answered_at)


def _rcpt(check: RcptCheck | None) -> Line:
    if check is None or not check.verdict:
        return _unanswered(Need.RCPT, check)
    said = f"{check.address}: {check.code} {check.text}"
    state = {
        Verdict.ACCEPTED.value: State.DONE,
        Verdict.LATER.value: State.WAITING,
        Verdict.REFUSED.value: State.MISSING,
    }[check.verdict]
    fault = f" The last try failed: {check.error.get('text', '')}" if check.error else ""
    return Line(Need.RCPT, state, f"{said}{fault}", check.answered_at, is_old=bool(check.error))


def _record(need: Need, part: DnsPart) -> Line:
    found, records = part.judged.finding, ", ".join(part.records)
    if part.mark is Mark.GOOD and found is None:
        return Line(need, State.DONE, records, part.at, part.is_old)
    if part.mark is Mark.UNKNOWN:
        return Line(need, State.UNKNOWN, part.why or records, part.at, part.is_old)
    text = " ".join(word for word in (found.text, found.advice) if word) if found else records
    state = State.DONE if part.mark is Mark.GOOD else State.MISSING
    return Line(need, state, text, part.at, part.is_old, part.judged.record)


def _route(row: RoutingObject, now: Standing, states: Mapping[int, str]) -> Line:
    state, push = shown_state(row, now)
    if push is not None:
        word = PushState(states[push]).value if push in states else "open"
        return Line(Need.ROUTE, State.WAITING, f"In push #{push}, which is {word}.", push=push)
    if not row.enabled:
        return Line(Need.ROUTE, State.MISSING, "It is disabled: no line of the table is its own.")
    if state is Shown.LIVE:
        return Line(Need.ROUTE, State.DONE, f"Live on {row.server.name}.")
    text = f"Saved, and on no mail host: {row.server.name} goes on without it."
    return Line(Need.ROUTE, State.MISSING, text)


def _routed(row: RoutingObject, line: Line) -> Line:
    """A route that is live, as the resolver reads the live table, and since when."""
    if line.state is not State.DONE:
        return line
    (way,) = [w for w in ways_of(row.server, f"any@{row.key}").rows if w.config is Config.LIVE]
    words = " ".join(way.words)
    moments = [
        (part.live_at, push.number)
        for push in pushes_of(row.pk).newest
        for part in push.hosts
        if part.name == row.server.name and part.live_at
    ]
    at, number = max(moments, default=(None, 0))
    if way.found is None or way.found.key != row.key:
        return Line(Need.ROUTE, State.MISSING, f"Live, and it does not decide: {words}", at)
    proved = f" by push #{number}, which sendmail proved" if number else ""
    return Line(Need.ROUTE, State.DONE, f"Live on {row.server.name}{proved}. {words}", at)
