"""What a scan found crosses the wire as it is, and what is of another shape is refused by name."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from spools.core.summary import (
    AGE_EDGES_MIN,
    BUCKETS,
    DomainRow,
    MalformedSummary,
    MessageRow,
    ReasonRow,
    SpoolReport,
    State,
    Summary,
    bucket_of,
)

SUMMARY = Summary(
    at=1_790_000_000,
    took_ms=12,
    read=3,
    states={State.WAITING: 2, State.LOST: 1, State.NEW: 1},
    queue_bytes=900,
    data_bytes=4000,
    recipients=3,
    ages=(2, *[0] * (BUCKETS - 1)),
    oldest=1_789_999_000,
    last_try=None,
    domains=(DomainRow("orange.fr", 2, (2, *[0] * (BUCKETS - 1)), 1_789_999_000),),
    other_domains=DomainRow("", 1, (1, *[0] * (BUCKETS - 1))),
    domains_total=2,
    reasons=(ReasonRow("Deferred: refused", 2, 5, None, "Deferred: refused by smtp1.", "6A"),),
)
REPORT = SpoolReport(
    name="sympa",
    path="/var/spool/sympa",
    summary=SUMMARY,
    token="b",
    base="a",
    messages=(MessageRow("6A", "q1", State.WAITING, 5, None, 0, 9, None, ("x@y",), 2, ""),),
    gone=("q1/6B",),
)


def test_a_report_crosses_the_wire_as_it_is() -> None:
    assert SpoolReport.from_json(json.loads(json.dumps(REPORT.to_json()))) == REPORT
    nothing = SpoolReport(name="sympa", path="/var/spool/sympa", problem="It is gone.")
    assert SpoolReport.from_json(json.loads(json.dumps(nothing.to_json()))) == nothing


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"at": 1.5}, "summary.at is not a whole number"),
        ({"read": True}, "summary.read is not a whole number"),
        ({"ages": [1, 2]}, "summary.ages is not a list of 10 counts"),
        ({"domains": [{"domain": 7}]}, "domain.domain is not text"),
        ({"states": []}, "states is no object"),
    ],
)
def test_what_is_of_another_shape_is_refused_by_its_name(
    change: dict[str, object], says: str
) -> None:
    with pytest.raises(MalformedSummary, match=says):
        Summary.from_json(SUMMARY.to_json() | change)


def test_a_state_of_a_later_version_is_not_counted_as_another() -> None:
    raw = SUMMARY.to_json()
    raw["states"]["frozen"] = 4
    assert Summary.from_json(raw).states == SUMMARY.states


def test_what_may_still_go_and_what_needs_a_person() -> None:
    assert (SUMMARY.queued, SUMMARY.broken) == (2, 1)
    assert replace(SUMMARY, states={State.HELD: 4, State.ORPHANED: 2}).queued == 4


def test_ages_fall_into_the_buckets_of_qshape() -> None:
    edges = [edge * 60 for edge in AGE_EDGES_MIN]
    assert [bucket_of(edge - 1) for edge in edges] == list(range(BUCKETS - 1))
    assert [bucket_of(edge) for edge in edges] == list(range(1, BUCKETS))
    assert bucket_of(-5) == 0
