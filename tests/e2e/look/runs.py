"""Runs of the fallback for the sites that the pages are looked at in."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import F
from django.utils import timezone

from routing.models import HostState, MailHost
from spools.core.flush import Way
from spools.core.queue_run import QueueRun
from spools.core.receipts import Fate, Step
from spools.core.run_states import RunState
from spools.core.scope import Scope
from spools.models import FlushDestination, FlushReceipt, FlushRun
from spools.queries.runs import release_to_use

PLACES = ("orange.fr", "free.fr", "univ-lyon1.fr", "laposte.net")
ANSWERS = {
    Fate.SENT: (Step.END, 250, "250 2.0.0 6ASqueued1 Message accepted for delivery"),
    Fate.DEFERRED: (Step.RCPT, 451, "451 4.7.1 Greylisting in action, please come back later"),
    Fate.BOUNCED: (Step.RCPT, 550, "550 5.7.1 Service refused. Please see our postmaster's page"),
    Fate.UNTOUCHED: (Step.NONE, 0, "closed"),
    Fate.UNKNOWN: (Step.NONE, 0, ""),
}


def runs(server: MailHost) -> tuple[FlushRun, FlushRun]:
    """One that goes on with every kind of receipt, and one that has ended before it."""
    now = timezone.now()
    began = int(now.timestamp()) - 130
    last = QueueRun(began, began + 4, False, 0, release_to_use(server), "", "", 218, 214)
    HostState.objects.filter(host=server).update(runner=last.to_json())
    ended = _run(server, 1, RunState.STOPPED, now - timedelta(days=1), 0)
    FlushRun.objects.filter(pk=ended.pk).update(
        ended_at=now - timedelta(hours=23), why="the relay is well again"
    )
    going = _run(server, 2, RunState.RUNNING, now - timedelta(minutes=4), 244)
    fates = [
        *[Fate.SENT] * 30,
        *[Fate.DEFERRED] * 6,
        Fate.BOUNCED,
        *[Fate.UNTOUCHED] * 12,
        Fate.UNKNOWN,
    ]
    FlushReceipt.objects.bulk_create(_receipt(going, at, fate) for at, fate in enumerate(fates))
    FlushDestination.objects.create(
        run=going, domain="laposte.net", way=Way.CLOSED, code=550, text=ANSWERS[Fate.BOUNCED][2]
    )
    FlushDestination.objects.create(
        run=going, domain="dead.example", way=Way.UNREACHABLE, text="Deferred: Connection refused"
    )
    counts = {fate.value: fates.count(fate) for fate in Fate}
    FlushRun.objects.filter(pk=going.pk).update(
        **counts,
        messages=38,
        slices=8,
        heard_at=now - timedelta(seconds=12),
        left={"closed": 12, "unreachable": 3},
    )
    return going, ended


def _run(server: MailHost, number: int, state: RunState, at: datetime, waiting: int) -> FlushRun:
    return FlushRun.objects.create(
        server=server,
        number=number,
        state=state,
        release=release_to_use(server),
        scope=Scope.of(excluded=["interne.renater.fr"]).to_json(),
        runners=16,
        per_destination=4,
        seconds=30,
        reason="smtp1 refuses connections since 20:22; the machine room was called",
        started_at=at,
        started_by="Otto Operator",
        waiting=waiting or None,
        ended_at=at if state is RunState.STOPPED else None,
    )


def _receipt(run: FlushRun, at: int, fate: Fate) -> FlushReceipt:
    step, code, text = ANSWERS[fate]
    shut = fate in (Fate.BOUNCED, Fate.UNTOUCHED)
    domain = PLACES[3] if shut else PLACES[at % 3]
    return FlushReceipt(
        run=run,
        slice=1,
        queue_id=f"6ASqR{at:03}x{at:05}",
        recipient=f"subscriber.number.{at}@{domain}",
        domain=domain,
        fate=fate,
        step=step,
        code=code,
        text=text,
        host=f"mx1.{domain}" if code else "",
        at=timezone.now(),
    )


def stir_runs() -> None:
    """Another slice was heard of."""
    FlushRun.objects.update(version=F("version") + 1)
