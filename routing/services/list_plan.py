"""What a list would do, line by line, whatever its lines are of; and that it is saved once."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from hashlib import sha256
from typing import Any, Generic, TypeVar
from uuid import UUID

from django.db import transaction

from mailadmin.audit.models import AuditEvent
from mailadmin.audit.services import Happened
from routing.core.findings import Finding, InvalidIntent, Severity
from routing.models import RelayTarget, RoutingObject
from routing.services.errors import NotAllowed
from routing.services.locks import lock_servers
from routing.services.writing import WritesOf

Listable = TypeVar("Listable", RoutingObject, RelayTarget)


class Existing(StrEnum):
    """What becomes of one that is there already and is otherwise than the list says."""

    SKIP = "skip"
    MERGE = "merge"
    REPLACE = "replace"


class Outcome(StrEnum):
    """What one line of a list does."""

    ADD = "add"
    CHANGE = "change"
    SAME = "same"
    SKIP = "skip"
    ERROR = "error"

    @property
    def words(self) -> str:
        """Said of a line, inside a sentence."""
        return OUTCOMES[self]


OUTCOMES: Mapping[Outcome, str] = {
    Outcome.ADD: "added",
    Outcome.CHANGE: "changed",
    Outcome.SAME: "there already, and the same",
    Outcome.SKIP: "there already, and otherwise: skipped",
    Outcome.ERROR: "wrong",
}


@dataclass(frozen=True, slots=True)
class Line(Generic[Listable]):
    """One line: what it does, to which row (None: it is none yet), and the row that it makes."""

    line: int
    outcome: Outcome
    key: str
    server: str
    row: Listable | None = None
    before: Listable | None = None
    findings: tuple[Finding, ...] = ()

    @property
    def is_written(self) -> bool:
        """Whether saving writes a row."""
        return self.outcome in (Outcome.ADD, Outcome.CHANGE)


@dataclass(frozen=True)
class ListPlan(Generic[Listable]):
    """What a list would do, line by line; `values` tells a row as JSON values. Nothing is
    written."""

    lines: tuple[Line[Listable], ...]
    findings: tuple[Finding, ...]
    values: Callable[[Listable], dict[str, Any]]

    @cached_property
    def counts(self) -> Mapping[Outcome, int]:
        """How many lines there are of each outcome."""
        return Counter(line.outcome for line in self.lines)

    @property
    def errors(self) -> tuple[Finding, ...]:
        """Every error, in order of line."""
        return tuple(item for item in self.findings if item.severity is Severity.ERROR)

    @property
    def wrong_lines(self) -> int:
        """On how many lines the errors are."""
        return len({item.line for item in self.errors})

    @property
    def writes(self) -> int:
        """How many rows it would write."""
        return self.counts[Outcome.ADD] + self.counts[Outcome.CHANGE]

    @property
    def to_write(self) -> WritesOf[Listable]:
        """The rows that it would write."""
        found = WritesOf[Listable]()
        for line in self.lines:
            if line.row is None or not line.is_written:
                continue
            if line.before is None:
                found.created.append(line.row)
            else:
                found.changed.append((line.before, line.row))
        return found

    @cached_property
    def digest(self) -> str:
        """Of everything that a page shows of it: another one, and the page is not of now."""
        said = [
            [
                line.line,
                line.outcome,
                line.key,
                line.server,
                line.before.version if line.before else 0,
                self.values(line.row) if line.row else None,
            ]
            for line in self.lines
        ]
        errors = [str(finding) for finding in self.errors]
        return sha256(json.dumps([said, errors], sort_keys=True).encode()).hexdigest()


class PlanMoved(Exception):
    """The list would do something else now than the page showed; nothing was written."""

    def __init__(self, plan: ListPlan[Any]) -> None:
        self.plan = plan
        super().__init__("The list would do something else now than this page showed.")


def list_plan(
    lines: tuple[Line[Listable], ...],
    findings: tuple[Finding, ...],
    values: Callable[[Listable], dict[str, Any]],
) -> ListPlan[Listable]:
    """A plan with the findings of its lines among those of the list, in order of line."""
    found = [*findings, *(finding for line in lines for finding in line.findings)]
    return ListPlan(lines, tuple(sorted(found, key=lambda item: item.line)), values)


def outcome_of(before: dict[str, Any] | None, after: dict[str, Any], existing: Existing) -> Outcome:
    """What becomes of a line without an error; values as `ListPlan` has them."""
    if before is None:
        return Outcome.ADD
    if before == after:
        return Outcome.SAME
    return Outcome.SKIP if existing is Existing.SKIP else Outcome.CHANGE


def kept(said: Any, before: Any, existing: Existing) -> Any:
    """What the list says, or what is there: where it says nothing, and merged where it is blank."""
    blank = existing is Existing.MERGE and said in ("", ())
    return before if said is None or blank else said


def rows_saved(token: UUID) -> int | None:
    """How many rows the page with this token has written, None when it was not sent yet."""
    done = AuditEvent.objects.filter(object_id=token, action="bulk.saved").first()
    return None if done is None else int((done.new or {}).get("rows", 0))


def saved_once(
    *,
    token: UUID,
    shown: str,
    plan: Callable[[], ListPlan[Listable]],
    write: Callable[[WritesOf[Listable], Happened], None],
) -> int:
    """Write what the page with this token showed (`shown` is its plan's digest), all or nothing:
    `plan` is called with all servers locked, `write` with its rows and the event of all of them.

    Gives the number of rows; sent twice it writes once. Raises what `_check_shown` does.
    """
    with transaction.atomic():
        lock_servers()
        if (done := rows_saved(token)) is not None:
            return done
        found = plan()
        _check_shown(found, shown)
        counts = {"added": found.counts[Outcome.ADD], "changed": found.counts[Outcome.CHANGE]}
        write(found.to_write, happened_at_once(token, found.writes, **counts))
        return found.writes


def _check_shown(plan: ListPlan[Any], shown: str) -> None:
    """Raises PlanMoved when the rows are others than the page showed, InvalidIntent with every
    error, NotAllowed when there is nothing to write."""
    if plan.digest != shown:
        raise PlanMoved(plan)
    if plan.errors:
        raise InvalidIntent(plan.errors)
    if not plan.writes:
        raise NotAllowed(["Nothing in this list is to be written."])


def happened_at_once(token: UUID, rows: int, **new: Any) -> Happened:
    """The event of many rows together; each has its own beside it."""
    subject = f"{rows} {'row' if rows == 1 else 'rows'}"
    return Happened(
        action="bulk.saved", subject=subject, object_id=token, new={"rows": rows, **new}
    )
