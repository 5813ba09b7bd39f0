"""The spools of the sites that pages are looked at in: a day of figures, and what waits now."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from django.utils import timezone

from routing.models import MailHost
from spools.core.series import Grain, start_of
from spools.core.summary import (
    MOST_DOMAINS,
    DomainRow,
    MessageRow,
    SpoolReport,
    State,
    Summary,
)
from spools.models import Sample, SampleRollup, Spool, SpoolScan
from tests.fixtures.spooled import NAME, message, scanned, spool, summary

DOMAINS = (
    *("orange.fr",) * 9,
    *("gmail.com",) * 6,
    *("free.fr",) * 4,
    *("univ-lyon1.fr",) * 2,
    "a-very-long-name-of-a-laboratory.departement.universite.example",
    "wanadoo.fr",
    "jres.org",
    "renater.fr",
)
REASONS = (
    *("Deferred: Connection refused by smtp1.renater.fr.",) * 5,
    "Deferred: 452 4.3.1 Insufficient system storage",
    "",
    "Deferred: 451 4.7.1 <owner@renater.fr>: Recipient address rejected: Greylisted, see "
    "https://postgrey.example/help/orange.fr.html",
)
AGES_MIN = (1, 3, 7, 12, 18, 26, 34, 38, 39)
QUEUE_ID = "6AS5{:02}Xa{:06}"
GAP = (timedelta(hours=9), timedelta(hours=7, minutes=20))
"""Nobody scanned between so long ago and so long ago."""


def waiting(now: datetime, count: int, domains: Sequence[str] = DOMAINS) -> list[MessageRow]:
    """So many that wait, and one in each other state."""
    clock = int(now.timestamp())
    rows = [
        message(
            QUEUE_ID.format(n % 60, n),
            created=clock - 60 * AGES_MIN[n % len(AGES_MIN)] - n % 50,
            last_try=clock - 240 if REASONS[n % len(REASONS)] else None,
            tries=n % 7,
            bytes=1800 + 977 * (n % 90),
            recipients=(f"reader{n}@{domains[n % len(domains)]}",),
            recipients_total=1 + (n % 11 == 0) * 13,
            reason=REASONS[n % len(REASONS)],
        )
        for n in range(count)
    ]
    return [*rows, *_others(clock)]


def _others(clock: int) -> Iterator[MessageRow]:
    yield message(
        "6AS4HELD013790",
        state=State.HELD,
        created=clock - 7200,
        reason="Held: looked at by hand",
        tries=3,
        recipients=("everybody@renater.fr",),
    )
    yield message(
        "6AS4LOST013791", state=State.LOST, created=clock - 9000, sender="", recipients=()
    )
    yield message("6AS4DATA013792", state=State.NO_DATA, created=clock - 900, bytes=None)
    yield message(
        "6AS4CUT0013793",
        state=State.DAMAGED,
        created=None,
        tries=None,
        sender=None,
        recipients=(),
        reason="It ends in the middle of a line.",
    )


def spools_of_full(listes: MailHost) -> None:
    """A spool in each state: mail that waits too long, a flowing one, an empty one, one that
    cannot be read, hosts that never answered."""
    now = timezone.now()
    rows = waiting(now, 214)
    scanned(listes, spool(_today(now, rows), rows), _unreadable(), at=now)
    _day(Spool.objects.get(host=listes, name=NAME), now, peak=437)
    for place, (name, depth) in enumerate((("lists1", 6), ("lists2", 0))):
        host = MailHost.objects.get(name=name)
        few = waiting(now, depth)[:depth]
        young = [_young(row, now) for row in few]
        scanned(host, spool(_today(now, young), young), at=now)
        _day(Spool.objects.get(host=host), now, peak=9 * (1 - place))
    failed = MailHost.objects.get(name="lists3")
    SpoolScan.objects.update_or_create(
        host=failed,
        defaults={"error": "no answer from the agent", "error_at": now, "asked_at": now},
    )


def spools_of_many(listes: MailHost) -> None:
    """As many listed messages and domains as there may be, and far more that are not listed."""
    now = timezone.now()
    domains = [f"domain{n:02}.example" for n in range(MOST_DOMAINS)]
    rows = waiting(now, 996, domains)
    made = _today(now, rows)
    others = DomainRow("", 8123, (8123, *[0] * 9))
    figures = {
        **{name: getattr(made, name) for name in made.__slots__},
        "states": {**made.states, State.WAITING: 480_996},
        "domains": made.domains[:MOST_DOMAINS],
        "other_domains": others,
        "domains_total": 4812,
    }
    SpoolScan.objects.filter(host=listes).update(asked_at=None)
    scanned(listes, spool(Summary(**figures), rows, token="t2"), at=now)


def silence_spools(then: datetime) -> None:
    """Nothing was heard since then."""
    for row in Spool.objects.exclude(at=None):
        row.at = row.seen_at = then
        row.save(update_fields=["at", "seen_at"])
    SpoolScan.objects.update(answered_at=then, error="no answer from the agent", error_at=then)
    Sample.objects.filter(at__gt=then).delete()
    SampleRollup.objects.filter(start__gt=then).delete()


def heard_spools(now: datetime) -> None:
    """A scan came just now and found the same."""
    Spool.objects.exclude(at=None).update(at=now, seen_at=now, scan_at=int(now.timestamp()))


def stir_spools() -> None:
    """What a poll finds: a report came."""
    heard_spools(timezone.now())
    for row in Spool.objects.all():
        row.reports += 1
        row.save(update_fields=["reports"])


def _today(now: datetime, rows: Sequence[MessageRow]) -> Summary:
    return summary(now, rows, since=int(now.timestamp()) - 30, arrived=2, left=6)


def _young(row: MessageRow, now: datetime) -> MessageRow:
    values = {name: getattr(row, name) for name in row.__slots__}
    return MessageRow(**{**values, "created": int(now.timestamp()) - 70, "reason": ""})


def _unreadable() -> SpoolReport:
    return spool(
        None,
        name="mqueue",
        path="/var/spool/mqueue",
        problem="/var/spool/mqueue: Permission denied",
    )


def _day(row: Spool, now: datetime, *, peak: int) -> None:
    """A day of figures in steps of five minutes, an hour of them by scans, a week by hours."""
    for grain, length in ((Grain.FINE, timedelta(days=1)), (Grain.COARSE, timedelta(days=7))):
        SampleRollup.objects.filter(spool=row, grain=grain).delete()
        SampleRollup.objects.bulk_create(_steps(row, grain, now, length, peak))
    last = Sample.objects.get(spool=row)
    Sample.objects.bulk_create(
        Sample(
            spool=row,
            at=now - timedelta(seconds=30 * back),
            depth=_depth(back / 120 / 24, peak),
            held=0,
            broken=0,
            bytes=4000 * _depth(back / 120 / 24, peak),
            oldest_s=max(0, (last.oldest_s or 0) - 30 * back),
            arrived=2,
            departed=5,
            span_s=30,
        )
        for back in range(1, 119)
    )


def _steps(
    row: Spool, grain: Grain, now: datetime, length: timedelta, peak: int
) -> Iterator[SampleRollup]:
    at = start_of(now - length, grain)
    while at <= now:
        back = now - at
        if not GAP[1] <= back <= GAP[0]:
            depth = _depth(back / timedelta(days=1), peak)
            age = 60 + round(2220 * depth / max(1, peak))
            rate = grain // 60
            yield SampleRollup(
                spool=row,
                grain=grain,
                start=at,
                samples=10,
                depth_min=depth // 2,
                depth_max=depth * 2,
                depth_avg=depth,
                oldest_min=0,
                oldest_max=age if peak else 0,
                oldest_avg=age / 2,
                bytes_min=0,
                bytes_max=9000 * depth,
                bytes_avg=4000 * depth,
                held_max=0,
                broken_max=0,
                arrived=61 * rate,
                departed=60 * rate,
                span_s=int(grain),
                in_min=10,
                in_max=90,
                out_min=10,
                out_max=90,
            )
        at += timedelta(seconds=grain)


def _depth(days: float, peak: int) -> int:
    """A swell with a peak three hours ago, and small waves."""
    swell = math.exp(-(((days % 1) - 0.12) ** 2) / 0.004)
    return round(peak * swell + (peak / 40) * (1 + math.sin(days * 90)))
