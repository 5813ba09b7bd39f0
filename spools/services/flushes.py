"""Runs through a spool: start, cancel, one slice ordered after the other, and what came of each."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from mailadmin.audit.services import CONTROL, Actor, Happened, record
from mailadmin.people.models import Person
from mailadmin.people.services import acting
from mailadmin.race import looks_again
from mailadmin.wire.core.messages import Outcome, Role, Verb
from mailadmin.wire.core.states import OPEN_STATES, AttemptState
from mailadmin.wire.models import Attempt
from mailadmin.wire.services import NoSuchAgent, request
from mailadmin.wire.services import cancel as cancel_attempt
from routing.models import MailHost
from spools.core.flush import Way
from spools.core.receipts import Fate
from spools.core.run_kind import RunKind
from spools.core.run_states import OPEN_RUN, RunState, may_move
from spools.core.scope import Scope
from spools.models import FlushDestination, FlushReceipt, FlushRun
from spools.queries.runs import (
    own_spool,
    reasons_against,
    relay_is_well,
    release_reasons,
    release_to_use,
)
from spools.services.errors import NotAllowed
from spools.services.receipts import Malformed, SliceReport, keep_receipts, read_slice

log = logging.getLogger(__name__)

LIFETIME_S = 150
"""Of one order: a slice takes a minute at most, and one order may wait for another."""
MOST_TRIES = 3
"""So many orders of one slice in a row come to nothing: then nobody answers."""
REASON_LIMIT = 500
STOPPING = frozenset({"not_live", "not_good", "drift", "unreadable"})
"""What the agent refuses: another release than ours is there."""
LATER = frozenset({"busy", "journal"})
VERBS: Mapping[RunKind, Verb] = {RunKind.FALLBACK: Verb.FLUSH, RunKind.RETRY: Verb.RETRY}


@looks_again
def start_run(
    *,
    server: MailHost,
    scope: Scope,
    by: Person | Actor,
    reason: str,
    kind: RunKind = RunKind.FALLBACK,
    stop_when_well: bool = True,
) -> FlushRun:
    """Begin a run; its first slice is ordered at once. `stop_when_well`: it ends by itself when the
    relay is well again, which is no reason to end one that goes by it.

    Raises NotAllowed with every reason against it.
    """
    reason = reason.strip()
    with transaction.atomic():
        server = MailHost.objects.select_for_update(no_key=True).get(pk=server.pk)
        reasons = [*scope.problems(), *reasons_against(server)]
        if not reason:
            reasons.append("Say why: whoever reads the receipts wants to know.")
        if len(reason) > REASON_LIMIT:
            reasons.append(f"The reason is longer than {REASON_LIMIT} characters.")
        if reasons:
            raise NotAllowed(reasons)
        spool = own_spool(server)
        last = FlushRun.objects.filter(server=server).order_by("-number").first()
        run = FlushRun.objects.create(
            server=server,
            number=last.number + 1 if last else 1,
            kind=kind,
            release=release_to_use(server),
            scope=scope.to_json(),
            runners=settings.FLUSH_RUNNERS,
            per_destination=settings.FLUSH_PER_DESTINATION,
            seconds=settings.FLUSH_SLICE_SECONDS,
            stop_when_well=stop_when_well and kind is RunKind.FALLBACK,
            reason=reason,
            started_at=timezone.now(),
            started_by=acting(by).name,
            waiting=spool.waiting if spool else None,
        )
        new = {"scope": scope.to_json(), "stop_when_well": run.stop_when_well}
        record(by=acting(by), happened=_happened(run, "started", new=new, note=reason))
        _order(run)
    return run


def cancel_run(*, run: FlushRun, by: Person | Actor, reason: str = "") -> None:
    """No further slice is ordered; one that is out ends by itself. Nothing happens to a run that
    has ended."""
    with transaction.atomic():
        run = FlushRun.objects.select_for_update().get(pk=run.pk)
        if not run.is_open or run.state == RunState.CANCELLING:
            return
        record(by=acting(by), happened=_happened(run, "cancelled", note=reason.strip()))
        attempt = run.attempt
        note = f"by {acting(by).name}"
        if attempt is None or cancel_attempt(attempt=attempt, why=note, now=timezone.now()):
            _end(run, RunState.CANCELLED, note)
        else:
            _move(run, RunState.CANCELLING)


def request_flushes(now: datetime) -> None:
    """The next slice of each run that waits for one, and what ended while nobody applied it."""
    for run in FlushRun.objects.filter(state__in=OPEN_RUN).select_related("attempt"):
        if run.attempt is None:
            _next(run)
        elif AttemptState(run.attempt.state) not in OPEN_STATES:
            record_flush(run.attempt, now)


def _next(run: FlushRun) -> None:
    with transaction.atomic():
        # Of two sweeps at once the second finds the first one's order.
        locked = FlushRun.objects.select_for_update().filter(pk=run.pk, attempt=None)
        found = locked.filter(state__in=[RunState.ORDERED, RunState.RUNNING]).first()
        if found is not None:
            _order(found)


def may_flush(attempt: Attempt) -> str | None:
    """Why a slice must not be signed now, None when it may; read from rows."""
    run = FlushRun.objects.filter(attempt=attempt).select_related("server").first()
    if run is None or run.state not in (RunState.ORDERED, RunState.RUNNING):
        return "nobody waits for this slice any more"
    if run.server.retired_at is not None:
        return f"{run.server.name} was retired"
    if reasons := release_reasons(run.server, run.release):
        return reasons[0]
    if run.stop_when_well and relay_is_well(run.server):
        return "the relay is well again"
    return None


def record_flush(attempt: Attempt, now: datetime) -> None:
    """Apply a slice that ended, once, and order the next one. Safe to call again."""
    with transaction.atomic():
        run = FlushRun.objects.select_for_update().filter(attempt=attempt).first()
        attempt.refresh_from_db()
        if run is None or attempt.is_open:
            return
        run.attempt = None
        FlushRun.objects.filter(pk=run.pk).update(attempt=None)
        if attempt.outcome == Outcome.DONE:
            _heard(run, attempt, now)
        else:
            _not_heard(run, attempt)


def _heard(run: FlushRun, attempt: Attempt, now: datetime) -> None:
    try:
        report = read_slice(attempt.body, attempt.result_bytes())
    except Malformed as error:
        _end(run, RunState.FAILED, f"What {run.server.name} reported cannot be read: {error}.")
        return
    at = attempt.reported_at or now
    keep_receipts(run, report, at)
    _count(run, report, at)
    if run.state == RunState.CANCELLING:
        _end(run, RunState.CANCELLED if report.more else RunState.FINISHED, run.why)
    elif not report.more:
        _end(run, RunState.FINISHED, "")
    else:
        if run.state == RunState.ORDERED:
            _move(run, RunState.RUNNING)
        _order(run)


def _count(run: FlushRun, report: SliceReport, at: datetime) -> None:
    receipts = FlushReceipt.objects.filter(run=run)
    tried = receipts.exclude(fate=Fate.UNTOUCHED)
    run.slices, run.tries, run.heard_at = run.slices + 1, 0, at
    run.messages = tried.values("queue_id").distinct().count()
    for fate in Fate:
        setattr(run, fate.value, receipts.filter(fate=fate).count())
    run.in_doubt += report.in_doubt
    run.left = report.left
    run.version += 1
    run.save(update_fields=[*PROGRESS])


PROGRESS = (
    "slices",
    "tries",
    "heard_at",
    "messages",
    *(fate.value for fate in Fate),
    "in_doubt",
    "left",
    "version",
)


def _not_heard(run: FlushRun, attempt: Attempt) -> None:
    """It was not signed, ran out, was refused, or could not be carried out."""
    error = attempt.error or {}
    code, text = str(error.get("code", "")), str(error.get("text", "")) or f"It {attempt.state}."
    if run.state == RunState.CANCELLING:
        _end(run, RunState.CANCELLED, "The last slice was not heard of: the mail log knows.")
    elif attempt.state == AttemptState.CANCELLED or code in STOPPING:
        _end(run, RunState.STOPPED, text)
    elif attempt.outcome == Outcome.FAILED and code not in LATER:
        _end(run, RunState.FAILED, text)
    elif run.tries + 1 >= MOST_TRIES:
        what = text if code in LATER else f"{run.server.name} does not answer: {text}"
        _end(run, RunState.STOPPED, what)
    else:
        run.tries += 1
        FlushRun.objects.filter(pk=run.pk).update(tries=run.tries, version=F("version") + 1)
        _order(run)


def _order(run: FlushRun) -> None:
    """Ask for the slice after the last one that was applied."""
    closed = FlushDestination.objects.filter(run=run, way=Way.CLOSED)
    scope = run.what
    try:
        attempt = request(
            host=run.server.name,
            role=Role.SPOOL,
            verb=VERBS[RunKind(run.kind)],
            arguments={
                "run": run.key.hex,
                "slice": run.slices + 1,
                "release": run.release,
                "seconds": run.seconds,
                "runners": run.runners,
                "per_destination": run.per_destination,
                "before": int(run.started_at.timestamp()),
                "domains": list(scope.domains),
                "excluded": list(scope.excluded),
                "closed": sorted(closed.values_list("domain", flat=True)),
                "queue_ids": list(scope.queue_ids),
            },
            lifetime_s=LIFETIME_S,
        )
    except NoSuchAgent:
        _end(run, RunState.STOPPED, f"{run.server.name} has no spool agent any more.")
        return
    run.attempt = attempt
    FlushRun.objects.filter(pk=run.pk).update(attempt=attempt)


def _move(run: FlushRun, to: RunState, **columns: Any) -> None:
    before = RunState(run.state)
    if not may_move(before, to):
        raise ValueError(f"{run}: {before} to {to}")
    run.state = to.value
    FlushRun.objects.filter(pk=run.pk).update(state=to, version=F("version") + 1, **columns)


def _end(run: FlushRun, to: RunState, why: str) -> None:
    before = run.state
    _move(run, to, ended_at=timezone.now(), why=why, attempt=None)
    counts: Mapping[str, int] = {fate.value: getattr(run, fate.value) for fate in Fate}
    new = {"state": to.value, "messages": run.messages, **counts}
    record(by=CONTROL, happened=_happened(run, "ended", old={"state": before}, new=new, note=why))


def _happened(
    run: FlushRun,
    what: str,
    *,
    old: dict[str, Any] | None = None,
    new: dict[str, Any] | None = None,
    note: str = "",
) -> Happened:
    return Happened(
        action=f"retry.{what}" if run.kind == RunKind.RETRY else f"flush.{what}",
        subject=f"run {run.number} of {run.server.name}",
        host=run.server.name,
        old=old,
        new=new,
        digest=run.release,
        note=note,
    )
