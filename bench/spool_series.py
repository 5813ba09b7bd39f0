"""What a day of samples costs to read: a chart from its steps against one from each scan, and the
latest of many spools from their rows against the newest sample of each.

    MAILADMIN_VAR=$PWD/var .venv/bin/python -m bench.spool_series [--spools 200] [--rounds 5]

Each round asks all of them in turn, so that a busy machine meets all alike; medians, on the clock.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

from django.db import connection
from django.db.models import Max
from django.utils import timezone

from bench.site import database
from mailadmin.audit.services import SETUP
from routing.core.facts import HostKind
from routing.models import MailHost
from routing.services.hosts import save_mail_host
from spools.core.series import Grain
from spools.models import Sample, SampleRollup, Spool
from spools.queries.series import Span, series_of
from spools.services.series import roll_up

PERIOD = timedelta(seconds=30)
SCANS = 2880
BATCH = 5000


def samples(spools: list[Spool], now: datetime) -> Iterator[Sample]:
    """A day of scans of each."""
    for back in range(SCANS):
        for spool in spools:
            yield Sample(
                spool=spool,
                at=now - back * PERIOD,
                depth=back % 400,
                held=0,
                broken=0,
                bytes=back * 1000,
                oldest_s=back % 3600,
                arrived=3,
                departed=3,
                span_s=30,
            )


def fill(host: MailHost, count: int, now: datetime) -> list[Spool]:
    spools = Spool.objects.bulk_create(
        Spool(host=host, name=f"s{n}", seen_at=now, at=now, scan_at=0, waiting=1)
        for n in range(count)
    )
    rows, made = samples(spools, now), True
    while made:
        batch = [row for row, _ in zip(rows, range(BATCH), strict=False)]
        made = bool(Sample.objects.bulk_create(batch))
    ids = [spool.pk for spool in spools]
    for grain in Grain:
        for back in range(SCANS * 30 // grain + 1):
            roll_up(ids, grain, now - timedelta(seconds=back * grain))
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    return spools


def ms(act: Callable[[], object]) -> float:
    begun = time.perf_counter()
    act()
    return (time.perf_counter() - begun) * 1000


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--spools", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=5)
    asked = parser.parse_args()
    now = timezone.now()
    host = save_mail_host(
        identity=None, name="listes", kind=HostKind.LIST_SERVER, position=0, by=SETUP
    )
    begun = time.perf_counter()
    one = fill(host, asked.spools, now)[0]
    print(f"{Sample.objects.count()} samples, {SampleRollup.objects.count()} steps")
    print(f"written in {time.perf_counter() - begun:.0f} s on {connection.vendor}")
    day = now - timedelta(days=1)
    acts: dict[str, Callable[[], object]] = {
        "chart of a day from its steps": lambda: series_of(one, Span.DAY, now=now, period=PERIOD),
        "the same rows, each scan": lambda: list(
            Sample.objects.filter(spool=one, at__gte=day).order_by("at")
        ),
        "the latest of all, from the spools": lambda: list(
            Spool.objects.values_list("pk", "waiting", "oldest", "at")
        ),
        "the latest of all, from the samples": lambda: list(
            Sample.objects.order_by().values("spool").annotate(at=Max("at"))
        ),
    }
    took: dict[str, list[float]] = {name: [] for name in acts}
    for _ in range(asked.rounds + 1):
        for name, act in acts.items():
            took[name].append(ms(act))
    middle = {name: statistics.median(times[1:]) for name, times in took.items()}
    for name, median in middle.items():
        print(f"{name}: {median:.2f} ms")
    chart, scans, kept, searched = middle.values()
    print(f"steps {scans / chart:.1f} times faster, spools {searched / kept:.0f} times")


if __name__ == "__main__":
    with database():
        main()
