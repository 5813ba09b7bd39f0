"""Retire a domain step by step, or go back. Each step is a saved edit; nothing happens by itself.

docs/adr/0036 says what each step does to mail.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID, uuid4

from django.db import transaction
from django.utils import timezone

from mailadmin.audit.services import Actor, record
from mailadmin.people.models import Person
from mailadmin.people.services import acting
from routing.core.intent import ObjectKind
from routing.core.mailers import ERROR
from routing.core.retirement import (
    REASONS,
    WORDS,
    RetireStep,
    refusal,
    step_after,
    step_before,
    step_of,
)
from routing.models import MailHost, Retirement, RoutingObject
from routing.queries.edits import object_value
from routing.services.acts import last_values
from routing.services.errors import ConflictingEdit, NotAllowed, Side
from routing.services.objects import delete_object, object_values, save_object
from routing.services.retirement_events import plan_said, retirement_happened

NOTE_LIMIT = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Where a domain is to stand, as the page was filled in.

    `version` is that of the object, `seen` that of its retirement, 0 where there is none; `text` is
    what stands after `error:`, "" for what it said last; `next_on` is the day to be reminded.
    """

    to: RetireStep
    version: int
    seen: int
    text: str = ""
    next_on: date | None = None
    note: str = ""


@dataclass(slots=True)
class _Now:
    """What is there, read under the lock."""

    identity: UUID
    server: MailHost
    key: str
    row: RoutingObject | None
    mark: Retirement | None
    by: Actor

    @property
    def step(self) -> RetireStep | None:
        value = object_value(self.row) if self.row else None
        return step_of(value, retiring=self.mark is not None)


@transaction.atomic
def take_step(*, identity: UUID, wanted: Wanted, by: Person | Actor) -> None:
    """Go one step on or back, or change what is planned. Sent twice it is done once.

    Raises NotAllowed (no such step from here, a retired server, a disabled domain), ConflictingEdit
    (somebody changed the object or the plan meanwhile) and InvalidIntent (the text of a refusal).
    """
    now = _read(identity, acting(by))
    if _is_so(now, wanted):
        return
    _check(now, wanted)
    before = now.step
    if wanted.to is not before or wanted.to is RetireStep.REJECTING:
        WRITES[wanted.to](now, wanted)
    _keep(now, wanted, before)


def _read(identity: UUID, by: Actor) -> _Now:
    row = RoutingObject.objects.filter(pk=identity).first()
    mark = Retirement.objects.filter(object_id=identity).first()
    there = row or mark
    if there is None:
        raise NotAllowed(["It is deleted, and nobody was retiring it."])
    server = MailHost.objects.select_for_update().get(pk=there.server_id)
    rows = RoutingObject.objects.select_related("server", "relay_target")
    return _Now(
        identity,
        server,
        there.key,
        rows.filter(pk=identity).first(),
        Retirement.objects.select_for_update().filter(object_id=identity).first(),
        by,
    )


def _is_so(now: _Now, wanted: Wanted) -> bool:
    """Whether all that is wanted is there already."""
    if now.step is not wanted.to:
        return False
    if now.mark is None:
        return wanted.to is RetireStep.MANAGED
    text = now.row.next_hop if now.row and wanted.to is RetireStep.REJECTING else wanted.text
    planned = (now.mark.next_on, now.mark.note)
    return planned == (wanted.next_on, wanted.note) and wanted.text in ("", text)


def _check(now: _Now, wanted: Wanted) -> None:
    version = now.row.version if now.row else 0
    if version != wanted.version:
        raise _conflict(now, wanted)
    if now.mark and now.mark.version != wanted.seen:
        raise _conflict_of_plans(now, now.mark, wanted)
    reasons = []
    if wanted.to not in (now.step, step_before(now.step), step_after(now.step)):
        is_now = now.step.value if now.step else "another route"
        reasons.append(f"{now.key} is {is_now} now. Look at its page again.")
    if now.mark is None and not _is_domain(now.row):
        reasons.append("Only a virtual domain is retired in steps; anything else is deleted.")
    if now.server.retired_at is not None:
        reasons.append(f"{now.server.name} is retired. Take the host back into service first.")
    if now.row and not now.row.enabled and wanted.to is not RetireStep.MANAGED:
        reasons.append(f"{now.key} is disabled. Enable it first, or delete it.")
    if reasons:
        raise NotAllowed(reasons)


def _is_domain(row: RoutingObject | None) -> bool:
    return row is not None and row.kind == ObjectKind.VIRTUAL_DOMAIN


def _manage(now: _Now, wanted: Wanted) -> None:
    """Nothing to write: the object is as it was."""
    del now, wanted


def _as_domain(now: _Now, wanted: Wanted) -> None:
    if not _is_domain(now.row):
        _save(now, wanted, kind=ObjectKind.VIRTUAL_DOMAIN)


def _as_refusal(now: _Now, wanted: Wanted) -> None:
    text = wanted.text or _last_text(now)
    _save(now, wanted, kind=ObjectKind.ROUTE, mailer=ERROR, next_hop=text)


def _delete(now: _Now, wanted: Wanted) -> None:
    delete_object(identity=now.identity, version=wanted.version, by=now.by)


def _save(now: _Now, wanted: Wanted, **way: Any) -> None:
    gone = {} if now.row else last_values(now.identity)
    save_object(
        identity=now.identity,
        version=wanted.version,
        server=now.server,
        key=now.key,
        note=now.row.note if now.row else str(gone.get("note", "")),
        tags=None if now.row else str(gone.get("tags", "")),
        by=now.by,
        **way,
    )


def _last_text(now: _Now) -> str:
    """What it said before it was deleted, or the plain words."""
    if now.row is not None and now.row.mailer == ERROR:
        return now.row.next_hop
    values = last_values(now.identity)
    if values.get("mailer") == ERROR and values.get("next_hop"):
        return str(values["next_hop"])
    return refusal(next(iter(REASONS)), WORDS)


WRITES: Mapping[RetireStep, Callable[[_Now, Wanted], None]] = {
    RetireStep.MANAGED: _manage,
    RetireStep.DRAINING: _as_domain,
    RetireStep.REJECTING: _as_refusal,
    RetireStep.GONE: _delete,
}


def _keep(now: _Now, wanted: Wanted, before: RetireStep | None) -> None:
    """The retirement itself, with its event: made, moved, planned anew, or ended."""
    if wanted.to is RetireStep.MANAGED:
        _end(now, wanted)
    elif now.mark is None:
        _begin(now, wanted)
    else:
        _go_on(now, now.mark, wanted, before)


def _begin(now: _Now, wanted: Wanted) -> None:
    at = timezone.now()
    mark = Retirement.objects.create(
        id=uuid4(),
        object_id=now.identity,
        server=now.server,
        key=now.key,
        began_at=at,
        began_by=now.by.name,
        step_at=at,
        next_on=wanted.next_on,
        note=wanted.note,
        changed_at=at,
        changed_by=now.by.name,
    )
    happened = retirement_happened(mark, "began", new=_plan(wanted.to, wanted))
    record(by=now.by, happened=happened)


def _go_on(now: _Now, mark: Retirement, wanted: Wanted, before: RetireStep | None) -> None:
    at, moved = timezone.now(), wanted.to is not before
    Retirement.objects.filter(pk=mark.pk).update(
        key=now.key,
        step_at=at if moved else mark.step_at,
        next_on=wanted.next_on,
        note=wanted.note,
        version=mark.version + 1,
        changed_at=at,
        changed_by=now.by.name,
    )
    what = "moved" if moved else "planned"
    old, new = _plan(before, mark), _plan(wanted.to, wanted)
    mark.key = now.key
    record(by=now.by, happened=retirement_happened(mark, what, old=old, new=new))


def _end(now: _Now, wanted: Wanted) -> None:
    if now.mark is None:
        return
    old = _plan(RetireStep.DRAINING, now.mark)
    happened = retirement_happened(now.mark, "ended", old=old, note=wanted.note)
    now.mark.delete()
    record(by=now.by, happened=happened)


def _plan(step: RetireStep | None, held: Wanted | Retirement) -> dict[str, str]:
    return plan_said(step, held.next_on, held.note)


def _conflict(now: _Now, wanted: Wanted) -> ConflictingEdit:
    """The object was written, or deleted, after the page was opened."""
    yours = Side({"step": wanted.to.value}, now.by.name, None)
    if now.row is None:
        return ConflictingEdit(now.key, Side({"deleted": True}, "Somebody", None), yours)
    theirs = Side(object_values(now.row), now.row.changed_by, now.row.changed_at)
    return ConflictingEdit(now.key, theirs, yours)


def _conflict_of_plans(now: _Now, mark: Retirement, wanted: Wanted) -> ConflictingEdit:
    theirs = Side(_plan(now.step, mark), mark.changed_by, mark.changed_at)
    return ConflictingEdit(now.key, theirs, Side(_plan(wanted.to, wanted), now.by.name, None))
