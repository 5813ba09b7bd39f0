"""One step of retiring many domains at once: each as it was when it was shown, or left alone."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from copy import copy
from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import UUID, uuid4

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from mailadmin.audit.services import BATCH, Actor, Happened, record_all
from mailadmin.people.models import Person
from mailadmin.people.services import acting
from routing.core.facts import HostFacts
from routing.core.findings import Severity
from routing.core.intent import ObjectKind
from routing.core.mailers import ERROR
from routing.core.retirement import REASONS, WORDS, RetireStep, refusal, step_of
from routing.core.validate import validate_object
from routing.models import HostState, Retirement, RoutingObject
from routing.queries.among import among
from routing.queries.edits import object_value
from routing.services.acts import (
    CHANGED,
    Act,
    ActPlan,
    LeftAlone,
    Rows,
    done_once,
    name_in_trail,
    plan_each,
    touched_since,
)
from routing.services.locks import lock_servers
from routing.services.objects import object_values
from routing.services.retirement_events import plan_said, retirement_happened
from routing.services.writing import Writes, rows_by_id, write_all

STEPS: Mapping[Act, tuple[RetireStep, RetireStep]] = {
    Act.DRAIN: (RetireStep.MANAGED, RetireStep.DRAINING),
    Act.REJECT: (RetireStep.DRAINING, RetireStep.REJECTING),
    Act.GONE: (RetireStep.REJECTING, RetireStep.GONE),
    Act.READMIT: (RetireStep.REJECTING, RetireStep.DRAINING),
    Act.KEEP: (RetireStep.DRAINING, RetireStep.MANAGED),
}
"""From which step to which: one on, or one back."""
StepPlan = ActPlan[RoutingObject]


@dataclass(frozen=True, slots=True)
class Planned:
    """What is said of each step: what stands after `error:`, the day to be reminded of the next
    one, and a note, which takes the place of an earlier one unless it is ""."""

    text: str = ""
    next_on: date | None = None
    note: str = ""


@dataclass(slots=True)
class _Now:
    """What the rows are compared with, read once, and the retirements of those that go on."""

    rows: dict[UUID, RoutingObject]
    marks: dict[UUID, Retirement]
    facts: dict[UUID, HostFacts | None]
    taken: list[RoutingObject] = field(default_factory=list)


def plan_steps(
    *,
    act: Act,
    chosen: Mapping[UUID, int],
    planned: Planned | None = None,
    touched: Container[UUID] = (),
) -> StepPlan:
    """Which of the chosen objects (ids with the versions that a page showed) would take the step,
    as pairs in `writes.changed` or, where the line goes, in `writes.deleted`; an object that only
    begins or stops draining stays as it is. What is `touched`, or its retirement, is left alone.

    Call it in a transaction: the rows are locked.
    """
    return _planned(_read(chosen), act, chosen, planned or Planned(), touched)


def do_steps(
    *,
    act: Act,
    chosen: Mapping[UUID, int],
    token: UUID,
    planned: Planned | None = None,
    since: int | None = None,
    by: Person | Actor,
) -> StepPlan:
    """Take it, with the events that `take_step` writes for each. `since` as in `touched_since`;
    sent twice with one token it is done once."""
    with transaction.atomic():
        lock_servers()
        now, said = _read(chosen), planned or Planned()
        return done_once(
            token=token,
            act=act,
            plan=lambda: _planned(now, act, chosen, said, touched_since(since)),
            write=lambda plan, saved: _write(now, plan, act, said, saved, acting(by)),
        )


def _read(chosen: Iterable[UUID]) -> _Now:
    identities = list(chosen)
    marks = Retirement.objects.select_for_update(of=("self",)).select_related("server")
    found = {mark.object_id: mark for mark in marks.filter(object_id__in=among(identities))}
    facts = {state.host_id: state.host_facts for state in HostState.objects.all()}
    return _Now(rows_by_id(identities), found, facts)


def _planned(
    now: _Now, act: Act, chosen: Mapping[UUID, int], said: Planned, touched: Container[UUID]
) -> StepPlan:
    def after(identity: UUID, row: RoutingObject | None) -> RoutingObject | None:
        mark = now.marks.get(identity)
        if mark is not None and mark.pk in touched:
            raise LeftAlone(f"{mark.changed_by} {CHANGED}")
        return _after(now, act, row, mark, said)

    # No row is the same as another: draining writes nothing of it, and is a step all the same.
    rows = Rows(now.rows, str, lambda row: {"": id(row)}, name_in_trail)
    return plan_each(chosen, rows, after, touched=touched)


def _after(
    now: _Now, act: Act, row: RoutingObject | None, mark: Retirement | None, said: Planned
) -> RoutingObject | None:
    """The object after the step. Raises LeftAlone where it cannot take it."""
    start, to = STEPS[act]
    step = step_of(object_value(row) if row else None, retiring=mark is not None)
    if row is None or step is RetireStep.GONE:
        raise LeftAlone("It is gone already.")
    if mark is None and row.kind != ObjectKind.VIRTUAL_DOMAIN:
        raise LeftAlone("Only a virtual domain is retired in steps; anything else is deleted.")
    if step is not start:
        raise LeftAlone(f"It is {step.value if step else 'another route'}, not {start.value}.")
    if row.server.retired_at is not None:
        raise LeftAlone(f"{row.server.name} is retired.")
    if not row.enabled and to is not RetireStep.MANAGED:
        raise LeftAlone("It is disabled. Enable it first, or delete it.")
    if to is RetireStep.GONE:
        return None
    return _checked(now, _at_step(row, to, said))


def _at_step(row: RoutingObject, to: RetireStep, said: Planned) -> RoutingObject:
    after = copy(row)
    if to is RetireStep.REJECTING:
        text = said.text or refusal(next(iter(REASONS)), WORDS)
        after.kind, after.relay_target = ObjectKind.ROUTE, None
        after.mailer, after.next_hop = ERROR, text
    elif row.kind != ObjectKind.VIRTUAL_DOMAIN:
        after.kind, after.relay_target = ObjectKind.VIRTUAL_DOMAIN, None
        after.mailer, after.next_hop = "", ""
    return after


def _checked(now: _Now, row: RoutingObject) -> RoutingObject:
    found = validate_object(object_value(row), facts=now.facts.get(row.server_id))
    if errors := [str(item) for item in found if item.severity is Severity.ERROR]:
        raise LeftAlone(" ".join(errors))
    return row


def _write(now: _Now, plan: StepPlan, act: Act, said: Planned, saved: Happened, by: Actor) -> None:
    """The objects that change, and the retirement of each: made, moved on, or ended."""
    writes = plan.writes
    edits = [pair for pair in writes.changed if object_values(pair[0]) != object_values(pair[1])]
    rows = [*writes.deleted, *(before for before, _ in writes.changed)]
    at, events = timezone.now(), [saved]
    events += _mark(now, rows, act, said, at, by)
    if edits or writes.deleted:
        write_all(Writes(changed=edits, deleted=writes.deleted), by=by, also=events)
    else:
        record_all(by=by, happened=events)


def _mark(
    now: _Now, rows: list[RoutingObject], act: Act, said: Planned, at: datetime, by: Actor
) -> list[Happened]:
    if act is Act.DRAIN:
        return _begin(rows, said, at, by)
    if act is Act.KEEP:
        return _end(now, rows, said)
    return _go_on(now, rows, act, said, at, by)


def _begin(rows: list[RoutingObject], said: Planned, at: datetime, by: Actor) -> list[Happened]:
    marks = [
        Retirement(
            id=uuid4(),
            object_id=row.pk,
            server=row.server,
            key=row.key,
            began_at=at,
            began_by=by.name,
            step_at=at,
            next_on=said.next_on,
            note=said.note,
            changed_at=at,
            changed_by=by.name,
        )
        for row in rows
    ]
    Retirement.objects.bulk_create(marks, batch_size=BATCH)
    new = plan_said(RetireStep.DRAINING, said.next_on, said.note)
    return [retirement_happened(mark, "began", new=new) for mark in marks]


def _go_on(
    now: _Now, rows: list[RoutingObject], act: Act, said: Planned, at: datetime, by: Actor
) -> list[Happened]:
    start, to = STEPS[act]
    events, renamed = [], []
    for row in rows:
        mark = now.marks[row.pk]
        if mark.key != row.key:
            mark.key = row.key
            renamed.append(mark)
        old = plan_said(start, mark.next_on, mark.note)
        new = plan_said(to, said.next_on, said.note or mark.note)
        events.append(retirement_happened(mark, "moved", old=old, new=new))
    Retirement.objects.bulk_update(renamed, ["key"], batch_size=BATCH // 10)
    marks = Retirement.objects.filter(pk__in=among([now.marks[row.pk].pk for row in rows]))
    more = {"note": said.note} if said.note else {}
    marks.update(
        step_at=at,
        next_on=said.next_on,
        version=F("version") + 1,
        changed_at=at,
        changed_by=by.name,
        **more,
    )
    return events


def _end(now: _Now, rows: list[RoutingObject], said: Planned) -> list[Happened]:
    marks = [now.marks[row.pk] for row in rows]
    Retirement.objects.filter(pk__in=among([mark.pk for mark in marks])).delete()
    events = []
    for mark in marks:
        old = plan_said(RetireStep.DRAINING, mark.next_on, mark.note)
        events.append(retirement_happened(mark, "ended", old=old, note=said.note))
    return events
