"""A spool over an hour, a day or a week, in steps that a chart has room for; gaps are gaps."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from django.db.models import Q

from routing.core.states import TargetState
from routing.models import MailHost, PushTarget
from spools.core.run_kind import WORDS, RunKind
from spools.core.series import Grain, start_of
from spools.core.standing import STALE_AFTER
from spools.models import FlushRun, Sample, SampleRollup, Spool
from spools.queries.runs import is_own

MOST_MARKS = 50
MOST_SAMPLES = 4000


class Span(StrEnum):
    """How far back a chart goes."""

    HOUR = "1h"
    DAY = "24h"
    WEEK = "7d"


LENGTHS: Mapping[Span, timedelta] = {
    Span.HOUR: timedelta(hours=1),
    Span.DAY: timedelta(days=1),
    Span.WEEK: timedelta(days=7),
}
GRAINS: Mapping[Span, Grain] = {Span.DAY: Grain.FINE, Span.WEEK: Grain.COARSE}


@dataclass(frozen=True, slots=True)
class Point:
    """The figures of one step, or of one scan in the last hour. All None in a gap; the age and the
    rates also where only they are not known. Rates are messages a minute."""

    at: datetime
    depth: float | None = None
    oldest_s: float | None = None
    in_per_min: float | None = None
    out_per_min: float | None = None
    bytes: float | None = None

    @property
    def is_gap(self) -> bool:
        """Whether nobody looked."""
        return self.depth is None


class MarkKind(StrEnum):
    """What a mark of a chart stands for."""

    PUSH = "push"
    RUN = "run"


@dataclass(frozen=True, slots=True)
class Mark:
    """Something that was done to the host, `text` with its page: a push that became live at the
    moment `at`, or a run through the spool from `at` to `until`, None while it goes on."""

    kind: MarkKind
    at: datetime
    text: str
    href: str
    until: datetime | None = None

    @property
    def is_run(self) -> bool:
        """Whether it has a length."""
        return self.kind is MarkKind.RUN


@dataclass(frozen=True, slots=True)
class Series:
    """`points` in order of time. `gaps` are (from, to) of what is not known since `since`, the
    first moment that is known of the spool; before that there was nobody to look."""

    span: Span
    begins: datetime
    ends: datetime
    points: tuple[Point, ...]
    gaps: tuple[tuple[datetime, datetime], ...]
    since: datetime | None

    @property
    def known(self) -> tuple[Point, ...]:
        """The points that are no gaps."""
        return tuple(point for point in self.points if not point.is_gap)


def series_of(spool: Spool, span: Span, *, now: datetime, period: timedelta) -> Series:
    """A spool over the span that ends now."""
    begins = now - LENGTHS[span]
    since = _first(spool)
    if span is Span.HOUR:
        points = list(_samples(spool, begins, now))
        gaps = list(_between(points, period * STALE_AFTER, begins, now, since))
        points = sorted([*points, *(Point(end) for _, end in gaps)], key=lambda point: point.at)
    else:
        points = list(_steps(spool, GRAINS[span], begins, now, since))
        gaps = list(_runs(points, GRAINS[span], now, period * STALE_AFTER))
    return Series(span, begins, now, tuple(points), tuple(gaps), since)


def _first(spool: Spool) -> datetime | None:
    """When the spool was looked at first, as far as that is still known."""
    hours = spool.rollups.filter(grain=Grain.COARSE).order_by("start")
    first = hours.values_list("start", flat=True).first()
    if first is None:
        return None
    kept = spool.samples.filter(at__gte=first, at__lt=first + timedelta(seconds=Grain.COARSE))
    return kept.order_by("at").values_list("at", flat=True).first() or first


def _samples(spool: Spool, begins: datetime, now: datetime) -> Iterator[Point]:
    rows = Sample.objects.filter(spool=spool, at__gte=begins, at__lte=now).order_by("at")
    for row in rows[:MOST_SAMPLES]:
        span = row.span_s
        yield Point(
            row.at,
            row.depth,
            row.oldest_s,
            None if not span or row.arrived is None else row.arrived * 60 / span,
            None if not span or row.departed is None else row.departed * 60 / span,
            row.bytes,
        )


def _between(
    points: Sequence[Point],
    longest: timedelta,
    begins: datetime,
    now: datetime,
    since: datetime | None,
) -> Iterator[tuple[datetime, datetime]]:
    """Where two scans are farther apart than they may be; before the first and after the last."""
    if since is None:
        return
    known = [max(begins, since), *(point.at for point in points), now]
    for before, after in zip(known, known[1:], strict=False):
        if after - before > longest:
            yield before + timedelta(microseconds=1), after - timedelta(microseconds=1)


def _steps(
    spool: Spool, grain: Grain, begins: datetime, now: datetime, since: datetime | None
) -> Iterator[Point]:
    """Every step of the span since there is anything; one without a row is a gap."""
    first = start_of(max(begins, since) if since else begins, grain)
    rows = SampleRollup.objects.filter(
        spool=spool, grain=grain, start__gte=first, start__lte=now
    ).order_by()
    found = {row[0]: row for row in rows.values_list(*STEP)}
    at, step = first, timedelta(seconds=grain)
    while since is not None and at <= now:
        yield _step(*found[at]) if at in found else Point(at)
        at += step


STEP = ("start", "depth_avg", "oldest_max", "arrived", "departed", "span_s", "bytes_avg")


def _step(
    start: datetime,
    depth: float,
    oldest_s: int | None,
    arrived: int,
    departed: int,
    span_s: int,
    size: float,
) -> Point:
    if not span_s:
        return Point(start, depth, oldest_s, None, None, size)
    return Point(start, depth, oldest_s, arrived * 60 / span_s, departed * 60 / span_s, size)


def _runs(
    points: Sequence[Point], grain: Grain, now: datetime, longest: timedelta
) -> Iterator[tuple[datetime, datetime]]:
    """Steps in a row that nobody looked in. The one of now is young: it may have no scan yet."""
    begun: datetime | None = None
    for point in points:
        if not point.is_gap:
            if begun is not None:
                yield begun, point.at
            begun = None
        elif begun is None:
            begun = point.at
    if begun is not None and now - begun > longest:
        yield begun, now


def marks_of(spool: Spool, series: Series) -> Sequence[Mark]:
    """What was done in that time, the newest first: the pushes that became live on its host, and
    where the spool is the one that runs go through, those."""
    marks = [*_pushes(spool.host, series), *_flushes(spool, series)]
    return sorted(marks, key=lambda mark: mark.at, reverse=True)


def _pushes(host: MailHost, series: Series) -> Iterator[Mark]:
    targets = PushTarget.objects.filter(
        host=host,
        state=TargetState.CONFIRMED,
        state_at__gte=series.begins,
        state_at__lte=series.ends,
    ).order_by("-state_at")
    for at, push in targets.values_list("state_at", "push_id")[:MOST_MARKS]:
        yield Mark(MarkKind.PUSH, at, f"push #{push}", f"/pushes/{push}/")


def _flushes(spool: Spool, series: Series) -> Iterator[Mark]:
    """Of the normal runner none: it comes every few minutes."""
    if not is_own(spool):
        return
    name = spool.host.name
    in_time = Q(ended_at=None) | Q(ended_at__gte=series.begins)
    runs = FlushRun.objects.filter(in_time, server=spool.host, started_at__lte=series.ends)
    columns = runs.order_by("-started_at").values_list("kind", "number", "started_at", "ended_at")
    for kind, number, at, until in columns[:MOST_MARKS]:
        href = f"/fallback/{name}/runs/{number}/"
        yield Mark(MarkKind.RUN, at, f"run {number} {WORDS[RunKind(kind)]}", href, until)
