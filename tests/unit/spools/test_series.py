"""A spool over time: steps, rates, time to drain."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from spools.core.series import Flow, drains_in_s, flow_between, joined, start_of


def test_steps_begin_with_the_epoch_whatever_the_second() -> None:
    moment = datetime(2026, 11, 29, 10, 59, 59, 999999, UTC)
    assert start_of(moment, 300) == datetime(2026, 11, 29, 10, 55, tzinfo=UTC)
    assert start_of(moment, 3600) == datetime(2026, 11, 29, 10, tzinfo=UTC)
    assert start_of(start_of(moment, 300), 300) == start_of(moment, 300)


def test_a_flow_is_of_the_time_between_two_scans() -> None:
    flow = flow_between(arrived=10, departed=4, since=1000, at=1120)
    assert flow == Flow(10, 4, 120)
    assert (flow.in_per_min, flow.out_per_min) == (5.0, 2.0)


@pytest.mark.parametrize(
    "odd", [{"since": None}, {"since": 1120}, {"since": 2000}, {"arrived": -1}, {"departed": -1}]
)
def test_without_time_between_there_is_no_flow(odd: dict[str, int | None]) -> None:
    asked = {"arrived": 10, "departed": 4, "since": 1000, "at": 1120, **odd}
    assert flow_between(**asked) is None  # type: ignore[arg-type]  # the values are all whole


def test_flows_join_by_sums_so_that_a_long_one_counts_for_more() -> None:
    assert joined([Flow(10, 0, 60), Flow(0, 5, 240)]) == Flow(10, 5, 300)
    assert joined([]) is None


@pytest.mark.parametrize(
    ("depth", "came", "went", "drains"),
    [
        (0, None, None, 0),
        (120, 2.0, 6.0, 1800),
        (120, 6.0, 6.0, None),
        (120, 7.0, 6.0, None),
        (120, None, 6.0, None),
        (120, 2.0, None, None),
    ],
)
def test_a_spool_drains_only_while_more_goes_than_comes(
    depth: int, came: float | None, went: float | None, drains: int | None
) -> None:
    assert drains_in_s(depth, came, went) == drains
