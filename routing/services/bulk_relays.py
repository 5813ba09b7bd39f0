"""Save a list of relay targets at once: first what it would do line by line, then all of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from uuid import UUID, uuid5

from mailadmin.audit.services import Actor
from mailadmin.people.models import Person
from mailadmin.people.services import acting
from routing.core.facts import HostFacts
from routing.core.findings import Finding, Severity
from routing.core.intent import SMTP_PORT
from routing.core.listed_relays import ListedRelay, RelayText
from routing.core.tables import table_error
from routing.models import RelayTarget
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
from routing.services.relays import facts_of_servers, relay_findings
from routing.services.writing_relays import relay_values, write_relays

RelayLine = Line[RelayTarget]
RelayPlan = ListPlan[RelayTarget]


@dataclass(frozen=True, slots=True)
class AskRelays:
    """What is to be done with a list; `tags` are those of new targets of which it names none."""

    listed: RelayText
    existing: Existing
    tags: str = ""


def plan_relays(ask: AskRelays, *, token: UUID, lock: bool = False) -> RelayPlan:
    """What each line does. New rows get an id that follows from the token and the name: the same
    page sent twice means the same rows."""
    found = RelayTarget.objects.all()
    rows = {row.name: row for row in (found.select_for_update() if lock else found)}
    servers = facts_of_servers()
    lines = (_line(item, rows.get(item.name), ask, servers, token) for item in ask.listed.lines)
    return list_plan(tuple(lines), ask.listed.findings, relay_values)


def save_relays(ask: AskRelays, *, token: UUID, shown: str, by: Person | Actor) -> int:
    """Write what the page with this token showed (`shown` is its plan's digest), all or nothing.

    Gives the number of rows; sent twice it writes once. Raises InvalidIntent with every error,
    PlanMoved when the rows are others by now, NotAllowed when there is nothing to write.
    """
    return saved_once(
        token=token,
        shown=shown,
        plan=lambda: plan_relays(ask, token=token, lock=True),
        write=lambda writes, saved: write_relays(writes, by=acting(by), also=[saved]),
    )


def _line(
    item: ListedRelay,
    before: RelayTarget | None,
    ask: AskRelays,
    servers: tuple[HostFacts, ...],
    token: UUID,
) -> RelayLine:
    row = _row(item, before, ask, token)
    found = (*relay_findings(row, servers), *_note_long(item))
    findings = tuple(replace(finding, line=item.line) for finding in found)
    if any(finding.severity is Severity.ERROR for finding in findings):
        return Line(item.line, Outcome.ERROR, item.name, "", None, before, findings)
    outcome = outcome_of(relay_values(before) if before else None, relay_values(row), ask.existing)
    return Line(item.line, outcome, item.name, "", row, before, findings)


def _row(item: ListedRelay, before: RelayTarget | None, ask: AskRelays, token: UUID) -> RelayTarget:
    was = before or RelayTarget(id=uuid5(token, item.name), port=SMTP_PORT, tags=ask.tags)
    how = ask.existing
    return RelayTarget(
        id=was.pk,
        name=item.name,
        hosts=list(kept(item.hosts, was.hosts, how)),
        port=int(kept(item.port, was.port, how) or SMTP_PORT),
        note=kept(item.note, was.note, how),
        tags=kept(item.tags, was.tags, how),
    )


def _note_long(item: ListedRelay) -> Iterator[Finding]:
    if item.note is not None and len(item.note) > NOTE_LIMIT:
        words = f"The note of {item.name} has {len(item.note)} characters, more than {NOTE_LIMIT}."
        yield table_error("note_long", words, "Write a shorter one.", item.line)
