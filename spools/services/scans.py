"""Ask the spool agents what waits: one open order each, what came of it applied once."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Q

from mailadmin.wire.core.messages import Outcome, Role, Verb
from mailadmin.wire.models import Agent, Attempt
from mailadmin.wire.services import NoSuchAgent, request
from mailadmin.wire.services.waiting import ended_unheard
from routing.models import MailHost
from spools.core.reports import ScanReport, read_report
from spools.core.summary import SpoolReport
from spools.models import Spool, SpoolScan
from spools.services.listed import apply_list, unlist
from spools.services.series import figures_of, forget_some, keep_samples

log = logging.getLogger(__name__)

PATIENCE = 4
"""An order that nobody answers is given up after so many periods, and another one asked for."""
LEAST_PATIENCE_S = 60


def request_scans(now: datetime) -> None:
    """One order for each spool agent that was last asked a period ago, and whose last order has
    ended and is applied; then a step of forgetting."""
    for ended in ended_unheard(SpoolScan.objects.all()):
        _record_or_drop(ended, now)
    for host in _due(now):
        with transaction.atomic():
            # Of two sweeps at once the second finds the first one's order.
            MailHost.objects.select_for_update(no_key=True).get(pk=host.pk)
            scan, _ = SpoolScan.objects.get_or_create(host=host)
            if scan.attempt_id is None and _is_due(scan, now):
                _request(scan, now)
    forget_some(now)


def may_sign_scan(attempt: Attempt) -> str | None:
    """Why an order must not be signed now, None when it may; read from rows."""
    wanted = SpoolScan.objects.filter(attempt=attempt, host__retired_at=None)
    return None if wanted.exists() else "nobody waits for this scan any more"


@transaction.atomic
def record_scan(attempt: Attempt, now: datetime) -> None:
    """Apply an order that ended, once; figures are of the moment when its report came."""
    scan = SpoolScan.objects.select_for_update().filter(attempt=attempt).first()
    if scan is None:
        return
    scan.attempt = None
    at = attempt.reported_at or now
    if attempt.outcome == Outcome.DONE:
        report = read_report(attempt.body, attempt.result_bytes())
        _apply(scan.host, report, at, now)
        scan.answered_at = at
        _fail(scan, report.refused.get("", ""), at)
    else:
        _fail(scan, _why(attempt), at)
    scan.save()


def _record_or_drop(attempt: Attempt, now: datetime) -> None:
    """What cannot be kept must not stop all scans of its host: the next one brings as much."""
    try:
        record_scan(attempt, now)
    except Exception:  # the loop's boundary: logged, and asked anew
        log.exception("%s could not be applied and is dropped", attempt)
        SpoolScan.objects.filter(attempt=attempt).update(
            attempt=None, error="What its agent reported could not be kept.", error_at=now
        )


def _fail(scan: SpoolScan, error: str, at: datetime) -> None:
    """Keep why nothing came, and since when that is so."""
    scan.error_at = (scan.error_at or at) if error else None
    scan.error = error


def _why(attempt: Attempt) -> str:
    error = attempt.error or {}
    return str(error.get("text") or error.get("code") or f"The order is {attempt.state}.")


def _due(now: datetime) -> Iterable[MailHost]:
    agents = Agent.objects.filter(role=Role.SPOOL, disabled=False).values("host_name")
    asked = SpoolScan.objects.filter(~_due_rows(now) | ~Q(attempt=None)).values("host")
    return MailHost.in_service.filter(name__in=agents).exclude(pk__in=asked)


def _due_rows(now: datetime) -> Q:
    """Last asked a period ago. A time to come is no reason to wait: our clock was set back."""
    period = timedelta(seconds=settings.SCAN_SECONDS)
    return Q(asked_at=None) | Q(asked_at__lte=now - period) | Q(asked_at__gt=now)


def _is_due(scan: SpoolScan, now: datetime) -> bool:
    return SpoolScan.objects.filter(_due_rows(now), pk=scan.pk).exists()


def _request(scan: SpoolScan, now: datetime) -> None:
    spools = Spool.objects.filter(host=scan.host, listed=True).exclude(token="")
    try:
        scan.attempt = request(
            host=scan.host.name,
            role=Role.SPOOL,
            verb=Verb.SCAN,
            arguments={"known": dict(spools.values_list("name", "token"))},
            lifetime_s=max(LEAST_PATIENCE_S, round(settings.SCAN_SECONDS * PATIENCE)),
        )
    except NoSuchAgent:  # shut out since we looked
        return
    scan.asked_at = now
    scan.save(update_fields=["attempt", "asked_at"])


def _apply(host: MailHost, report: ScanReport, at: datetime, now: datetime) -> None:
    rows = {row.name: row for row in Spool.objects.select_for_update().filter(host=host)}
    for spool in report.spools:
        _take(_row(rows, host, spool.name, at), spool, at)
    for name, why in report.refused.items():
        if name:
            text = f"What its agent reports cannot be read: {why}"
            _take(_row(rows, host, name, at), SpoolReport(name, "", text), at)
    if "" not in report.refused:
        named = {spool.name for spool in report.spools} | report.refused.keys()
        unlist([row for name, row in rows.items() if name not in named])
    keep_samples(_told(rows, report), at=at, now=now)


def _row(rows: dict[str, Spool], host: MailHost, name: str, at: datetime) -> Spool:
    if name not in rows:
        rows[name] = Spool.objects.create(host=host, name=name, seen_at=at)
    return rows[name]


def _told(rows: Mapping[str, Spool], report: ScanReport) -> Iterable[tuple[Spool, SpoolReport]]:
    told = ((rows[spool.name], spool) for spool in report.spools)
    return [(row, spool) for row, spool in told if spool.summary is not None]


def _take(row: Spool, spool: SpoolReport, at: datetime) -> None:
    """A report of one spool onto its row; with a problem the figures stay as they were."""
    row.listed, row.seen_at, row.reports = True, at, row.reports + 1
    row.path = spool.path or row.path
    row.problem_at = (row.problem_at or at) if spool.problem else None
    row.problem = spool.problem
    if spool.summary is None:
        row.token = ""
    else:
        row.at, row.scan_at = at, spool.summary.at
        row.summary = spool.summary.to_json()
        row.token = apply_list(row, spool)
        for name, value in figures_of(row, spool.summary).items():
            setattr(row, name, value)
    row.save()
