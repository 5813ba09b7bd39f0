"""A spool over time: a sample for each scan, what is kept of them longer, and forgetting."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Avg, Count, F, FloatField, Max, Min, Q, QuerySet, Sum
from django.db.models.functions import Cast, Coalesce

from spools.core.series import Flow, Grain, flow_between, joined, start_of
from spools.core.summary import SpoolReport, State, Summary
from spools.models import Sample, SampleRollup, Spool
from spools.services.listed import unlist

LATELY = timedelta(minutes=10)
"""Rates are of so much time: a single scan has too little to tell of."""
FORGET_EVERY = timedelta(minutes=10)
SPOOLS_AT_ONCE = 5
ROWS_AT_ONCE = 2000

PER_MIN = 60.0


def figures_of(row: Spool, summary: Summary) -> Mapping[str, Any]:
    """The columns of a spool that lists sort by; its listed messages are those of this summary."""
    waiting = summary.states.get(State.WAITING, 0)
    return {
        "waiting": waiting,
        "held": summary.states.get(State.HELD, 0),
        "lost": summary.states.get(State.LOST, 0),
        "broken": summary.broken,
        "bytes": summary.queue_bytes + summary.data_bytes,
        "oldest": _oldest(row, summary) if waiting else None,
    }


def _oldest(row: Spool, summary: Summary) -> int | None:
    """When the oldest that waits was made: the summary's may be one that somebody holds."""
    listed = row.messages.filter(state=State.WAITING).aggregate(oldest=Min("created"))["oldest"]
    return listed if row.token and listed is not None else summary.oldest


def keep_samples(told: Iterable[tuple[Spool, SpoolReport]], *, at: datetime, now: datetime) -> None:
    """One sample a spool, and the steps that it is in made anew. A sample that is there already
    stays as it is; one from before the time for which we keep samples would spoil its step."""
    pairs = [(spool, report.summary) for spool, report in told if report.summary is not None]
    if not pairs or at < _samples_from(now):
        return
    rows = [_sample(spool, summary, at) for spool, summary in pairs]
    Sample.objects.bulk_create(rows, ignore_conflicts=True)
    for grain in Grain:
        roll_up([spool.pk for spool, _ in pairs], grain, at)
    for spool, _ in pairs:
        _keep_rates(spool, at)


def _sample(spool: Spool, summary: Summary, at: datetime) -> Sample:
    flow = flow_between(
        arrived=summary.arrived, departed=summary.left, since=summary.since, at=summary.at
    )
    oldest = None if spool.oldest is None else max(0, summary.at - spool.oldest)
    return Sample(
        spool=spool,
        at=at,
        depth=spool.waiting or 0,
        held=spool.held or 0,
        broken=spool.broken or 0,
        bytes=spool.bytes or 0,
        oldest_s=oldest if spool.waiting else 0,
        arrived=flow.arrived if flow else None,
        departed=flow.departed if flow else None,
        span_s=flow.span_s if flow else None,
    )


def roll_up(spools: Sequence[int], grain: Grain, at: datetime) -> None:
    """Make the step of these spools that a moment is in anew from all its samples."""
    start = start_of(at, grain)
    end = start + timedelta(seconds=grain)
    samples = Sample.objects.filter(spool__in=spools, at__gte=start, at__lt=end)
    rows = [
        SampleRollup(grain=grain, start=start, **values)
        for values in samples.order_by().values("spool_id").annotate(**_figures())
    ]
    SampleRollup.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["spool", "grain", "start"],
        update_fields=list(_figures()),
    )


def _figures() -> dict[str, Any]:
    figures: dict[str, Any] = {"samples": Count("pk")}
    for name, column in (("depth", "depth"), ("oldest", "oldest_s"), ("bytes", "bytes")):
        figures[f"{name}_min"] = Min(column)
        figures[f"{name}_max"] = Max(column)
        figures[f"{name}_avg"] = Avg(column)
    for name in ("held", "broken"):
        figures[f"{name}_max"] = Max(name)
    # Before the sums, which hide the columns of their names.
    for name, column in (("in", "arrived"), ("out", "departed")):
        rate = Cast(F(column), FloatField()) * PER_MIN / F("span_s")
        figures[f"{name}_min"], figures[f"{name}_max"] = Min(rate), Max(rate)
    for name in ("arrived", "departed", "span_s"):
        figures[name] = Coalesce(Sum(name), 0)
    return figures


def _keep_rates(spool: Spool, at: datetime) -> None:
    known = Sample.objects.filter(spool=spool, at__gt=at - LATELY, at__lte=at, span_s__gt=0)
    flow = joined(
        Flow(came or 0, went or 0, span or 0)
        for came, went, span in known.values_list("arrived", "departed", "span_s")
    )
    spool.in_per_min = flow.in_per_min if flow else None
    spool.out_per_min = flow.out_per_min if flow else None
    spool.save(update_fields=["in_per_min", "out_per_min"])


def forget_some(now: datetime) -> None:
    """A step of forgetting: of a few spools that were not looked at for a while, a few rows each.

    A spool that is scanned no more goes with the last that is known of it.
    """
    waits = Q(pruned_at__gt=now - FORGET_EVERY, pruned_at__lte=now)
    due = Spool.objects.exclude(waits).order_by(F("pruned_at").asc(nulls_first=True))
    for spool in due.select_related("host")[:SPOOLS_AT_ONCE]:
        with transaction.atomic():
            if not _forget(spool, now):
                Spool.objects.filter(pk=spool.pk).update(pruned_at=now)
            if spool.host.retired_at is not None:
                unlist([spool])
            if not (spool.listed or spool.rollups.exists() or spool.samples.exists()):
                spool.delete()


def _forget(spool: Spool, now: datetime) -> bool:
    """Whether something may be left to forget."""
    fine = now - timedelta(days=settings.SERIES_FINE_DAYS)
    coarse = now - timedelta(days=settings.SERIES_COARSE_DAYS)
    rollups = spool.rollups.order_by("start")
    counts = (
        _delete(spool.samples.filter(at__lt=_samples_from(now)).order_by("at")),
        _delete(rollups.filter(grain=Grain.FINE, start__lt=fine)),
        _delete(rollups.filter(grain=Grain.COARSE, start__lt=coarse)),
    )
    return max(counts) == ROWS_AT_ONCE


def _samples_from(now: datetime) -> datetime:
    """From when samples are kept: whole hours, so that no step is made anew from a part of its."""
    return start_of(now - timedelta(hours=settings.SERIES_RAW_HOURS), Grain.COARSE)


def _delete(rows: QuerySet[Sample] | QuerySet[SampleRollup]) -> int:
    """How many of them went, ROWS_AT_ONCE at most."""
    keys = list(rows.values_list("pk", flat=True)[:ROWS_AT_ONCE])
    return rows.model._default_manager.filter(pk__in=keys).delete()[0] if keys else 0
