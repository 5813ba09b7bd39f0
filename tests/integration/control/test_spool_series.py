"""A spool over time: samples, their steps, gaps, clocks, and what is forgotten."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import Settings

from routing.models import MailHost
from spools.core.series import Grain
from spools.core.summary import Summary
from spools.models import Sample, SampleRollup, Spool, SpooledMessage, SpoolScan
from spools.services import series
from spools.services.scans import request_scans
from spools.services.series import forget_some, keep_samples
from tests.fixtures.audited import unaudited
from tests.fixtures.spooled import message, order, scanned, spool, summary, take_in

HOUR = datetime(2026, 11, 30, 10, tzinfo=UTC)


def waits(at: datetime, depth: int, age_s: int = 60, **values: Any) -> Summary:
    created = int(at.timestamp()) - age_s
    rows = [message(f"q{n}", created=created) for n in range(depth)]
    return summary(at, rows, **values)


def scan(host: MailHost, at: datetime, depth: int, **values: Any) -> None:
    since = {"since": int(at.timestamp()) - 30} | values
    scanned(host, spool(waits(at, depth, **since)), at=at)


def step(grain: Grain, start: datetime) -> SampleRollup:
    return SampleRollup.objects.get(grain=grain, start=start)


def test_each_scan_is_a_sample_and_its_steps_are_made_at_once(listes: MailHost) -> None:
    for n, depth in enumerate((4, 10, 1)):
        scan(listes, HOUR + timedelta(seconds=30 * n), depth, arrived=3 * n, left=6)
    fine, coarse = step(Grain.FINE, HOUR), step(Grain.COARSE, HOUR)
    for row in (fine, coarse):
        assert (row.samples, row.depth_min, row.depth_max, row.depth_avg) == (3, 1, 10, 5.0)
        assert (row.arrived, row.departed, row.span_s) == (9, 18, 90)
        assert (row.in_min, row.in_max, row.out_min, row.out_max) == (0, 12, 12, 12)
        assert (row.oldest_min, row.oldest_max, row.oldest_avg) == (60, 60, 60)


def test_the_edge_of_a_step_belongs_to_the_next_one(listes: MailHost) -> None:
    scan(listes, HOUR - timedelta(seconds=1), 5)
    SpoolScan.objects.update(asked_at=None)
    scan(listes, HOUR, 7)
    assert step(Grain.COARSE, HOUR - timedelta(hours=1)).depth_max == 5
    assert step(Grain.COARSE, HOUR).depth_min == 7
    assert step(Grain.FINE, HOUR - timedelta(minutes=5)).samples == 1


def test_an_hour_without_scans_has_no_row_and_no_zero(listes: MailHost) -> None:
    scan(listes, HOUR, 5)
    scan(listes, HOUR + timedelta(hours=2), 5)
    starts = SampleRollup.objects.filter(grain=Grain.COARSE).values_list("start", flat=True)
    assert list(starts.order_by("start")) == [HOUR, HOUR + timedelta(hours=2)]


def test_a_problem_is_a_gap(listes: MailHost) -> None:
    scan(listes, HOUR, 5)
    scanned(listes, spool(None, problem="Permission denied"), at=HOUR + timedelta(minutes=1))
    assert Sample.objects.count() == 1


def test_nothing_waiting_is_known_and_an_age_that_nobody_knows_is_not(listes: MailHost) -> None:
    scan(listes, HOUR, 0)
    rows = [message("a", created=None)]
    scanned(listes, spool(summary(HOUR, rows), rows), at=HOUR + timedelta(minutes=1))
    ages = Sample.objects.order_by("at").values_list("oldest_s", flat=True)
    assert list(ages) == [0, None]
    assert step(Grain.FINE, HOUR).oldest_max == 0


@pytest.mark.parametrize("since", [None, 0, 60])
def test_a_first_scan_and_an_agent_whose_clock_was_set_have_no_rate(
    listes: MailHost, since: int | None
) -> None:
    clock = None if since is None else int(HOUR.timestamp()) + since
    scan(listes, HOUR, 5, since=clock, arrived=400, left=1)
    sample, fine = Sample.objects.get(), step(Grain.FINE, HOUR)
    assert (sample.arrived, sample.departed, sample.span_s) == (None, None, None)
    assert (fine.arrived, fine.span_s, fine.in_max) == (0, 0, None)
    assert Spool.objects.get().in_per_min is None


def test_a_time_to_come_is_an_age_of_nothing(listes: MailHost) -> None:
    scan(listes, HOUR, 2, age_s=-500)
    assert Sample.objects.get().oldest_s == 0


def test_rates_are_of_the_last_ten_minutes(listes: MailHost) -> None:
    scan(listes, HOUR, 100, arrived=900, left=0)
    scan(listes, HOUR + timedelta(minutes=10), 90, arrived=0, left=10)
    scan(listes, HOUR + timedelta(minutes=11), 90, arrived=1, left=0)
    found = Spool.objects.get()
    assert (found.in_per_min, found.out_per_min) == (1.0, 10.0)


def test_a_sample_that_comes_twice_is_one(listes: MailHost) -> None:
    scan(listes, HOUR, 5)
    row, told = Spool.objects.get(), spool(waits(HOUR, 99))
    keep_samples([(row, told)], at=HOUR, now=HOUR)
    assert (step(Grain.FINE, HOUR).samples, step(Grain.FINE, HOUR).depth_max) == (1, 5)


def test_a_late_sample_takes_its_place_in_its_own_step(listes: MailHost) -> None:
    scan(listes, HOUR, 5)
    scan(listes, HOUR + timedelta(hours=3), 5)
    row = Spool.objects.get()
    row.waiting = 50
    keep_samples(
        [(row, spool(waits(HOUR, 50)))],
        at=HOUR + timedelta(minutes=2),
        now=HOUR + timedelta(hours=3),
    )
    assert (step(Grain.FINE, HOUR).samples, step(Grain.COARSE, HOUR).depth_max) == (2, 50)
    assert step(Grain.COARSE, HOUR + timedelta(hours=3)).depth_max == 5


def test_a_sample_from_before_what_is_kept_spoils_no_step(listes: MailHost) -> None:
    scan(listes, HOUR, 5)
    scan(listes, HOUR + timedelta(minutes=1), 7)
    later = HOUR + timedelta(hours=30)
    forget_some(later)
    assert not Sample.objects.exists()
    keep_samples([(Spool.objects.get(), spool(waits(HOUR, 1)))], at=HOUR, now=later)
    assert step(Grain.COARSE, HOUR).samples == 2


def test_our_clock_set_back_an_hour_loses_nothing(listes: MailHost) -> None:
    scan(listes, HOUR + timedelta(hours=1), 5)
    scan(listes, HOUR, 7)
    scan(listes, HOUR + timedelta(hours=1), 9)
    assert [(row.depth_min, row.depth_max) for row in _steps(Grain.COARSE)] == [(7, 7), (5, 5)]
    assert Spool.objects.get().waiting == 9


def test_each_kind_of_row_is_kept_for_its_time(listes: MailHost, settings: Settings) -> None:
    scan(listes, HOUR, 5)
    for hours, kept in (
        (24, (1, 1, 1)),
        (26, (0, 1, 1)),
        (24 * 14 + 1, (0, 0, 1)),
        (24 * 400 + 1, (0, 0, 0)),
    ):
        forget_some(HOUR + timedelta(hours=hours))
        fine, coarse = _steps(Grain.FINE), _steps(Grain.COARSE)
        assert (Sample.objects.count(), len(fine), len(coarse)) == kept, hours


def test_forgetting_goes_in_steps_and_comes_round(
    listes: MailHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(series, "ROWS_AT_ONCE", 3)
    for n in range(10):
        scan(listes, HOUR + timedelta(seconds=30 * n), 1)
    later, left = HOUR + timedelta(hours=30), []
    for _ in range(5):
        forget_some(later)
        left.append(Sample.objects.count())
    assert left == [7, 4, 1, 0, 0]
    with unaudited():
        assert Spool.objects.get().pruned_at == later
    scan(listes, HOUR + timedelta(hours=40), 1)
    forget_some(later + timedelta(minutes=9))
    assert Sample.objects.count() == 1


def test_a_spool_that_is_gone_goes_with_its_last_step(listes: MailHost) -> None:
    scan(listes, HOUR, 5)
    later = HOUR + timedelta(minutes=1)
    request_scans(later)
    take_in(order(listes), at=later)
    forget_some(later)
    assert Spool.objects.count() == 1
    forget_some(HOUR + timedelta(days=401))
    forget_some(HOUR + timedelta(days=402))
    assert not Spool.objects.exists()


def test_addresses_on_a_retired_host_are_forgotten(listes: MailHost) -> None:
    rows = [message("a")]
    scanned(listes, spool(summary(HOUR, rows), rows), at=HOUR)
    with unaudited():
        MailHost.objects.update(retired_at=timezone.now())
    forget_some(HOUR + timedelta(hours=1))
    assert not SpooledMessage.objects.exists()
    assert Spool.objects.get().waiting == 1


def _steps(grain: Grain) -> list[SampleRollup]:
    return list(SampleRollup.objects.filter(grain=grain).order_by("start"))
