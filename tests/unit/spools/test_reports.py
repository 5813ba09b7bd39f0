"""What an agent reports of spools, believed or not."""

from __future__ import annotations

from typing import Any

import pytest

from mailadmin.wire.core.canonical import canonical
from spools.core.reports import MOST_SPOOLS, read_report
from spools.core.summary import BUCKETS, MOST_MESSAGES, State

SUMMARY: dict[str, Any] = {
    "at": 1_796_000_000,
    "took_ms": 3,
    "read": 2,
    "states": {"waiting": 2, "held": 1},
    "queue_bytes": 4000,
    "data_bytes": 9000,
    "recipients": 5,
    "ages": [2, 1, *[0] * (BUCKETS - 2)],
    "oldest": 1_795_999_000,
    "last_try": None,
    "domains": [
        {"domain": "orange.fr", "recipients": 5, "ages": [5, *[0] * (BUCKETS - 1)], "oldest": None}
    ],
    "other_domains": None,
    "domains_total": 1,
    "reasons": [],
    "other_reasons": None,
    "since": None,
    "arrived": 0,
    "left": 0,
}
MESSAGE: dict[str, Any] = {
    "queue_id": "6AMKG9tq013790",
    "place": "",
    "state": "waiting",
    "created": 1_795_999_000,
    "last_try": None,
    "tries": 1,
    "bytes": 100,
    "sender": "a@listes.example",
    "recipients": ["b@orange.fr"],
    "recipients_total": 1,
    "reason": "",
}


def spool(name: object = "main", **values: Any) -> dict[str, Any]:
    plain = {"path": "/var/spool/main", "problem": "", "token": "t1", "base": ""}
    return {"name": name, "summary": SUMMARY, **plain, **values}


def blob(*messages: dict[str, Any], gone: tuple[str, ...] = ()) -> bytes:
    return canonical({"main": {"messages": list(messages), "gone": list(gone)}})


def why(body: dict[str, Any], lists: bytes | None = None) -> dict[str, str]:
    report = read_report(body, lists)
    assert report.spools == ()
    return dict(report.refused)


def test_a_good_report_is_read_with_its_messages() -> None:
    report = read_report({"spools": [spool()]}, blob(MESSAGE, gone=("/6AMKG9tq013791",)))
    (found,) = report.spools
    assert not report.refused
    assert found.summary is not None
    assert (found.summary.queued, found.summary.broken) == (3, 0)
    assert [(row.key, row.state) for row in found.messages] == [("/6AMKG9tq013790", State.WAITING)]
    assert found.gone == ("/6AMKG9tq013791",)


def test_a_spool_that_cannot_be_read_has_a_problem_and_no_figures() -> None:
    body = {"spools": [spool(summary=None, problem="Permission denied", token="")]}
    assert read_report(body, None).spools[0].problem == "Permission denied"
    assert "no figures" in why({"spools": [spool(summary=None)]})["main"]


@pytest.mark.parametrize("body", [{}, {"spools": {}}, {"spools": "all"}, {"spools": None}])
def test_a_body_of_another_shape_is_refused_whole(body: dict[str, Any]) -> None:
    assert why(body) == {"": "The report has no list of spools."}


def test_more_spools_than_a_host_has_are_refused_whole() -> None:
    body = {"spools": [spool(f"s{n}") for n in range(MOST_SPOOLS + 1)]}
    assert "201 spools" in why(body)[""]


@pytest.mark.parametrize("name", ["", "a/b", "a b", "x" * 101, "\x00", 7, None])
def test_a_name_that_no_address_can_have_is_refused(name: object) -> None:
    assert "no name" in why({"spools": [spool(name)]}, blob())[""]


@pytest.mark.parametrize("lists", [b"{", b"[]", b"\xff", b'{"main": {}}'])
def test_lists_that_cannot_be_read_refuse_the_report(lists: bytes) -> None:
    assert "lists of messages" in why({"spools": [spool()]}, lists)[""]


def test_one_bad_spool_leaves_the_others() -> None:
    bad = spool("other", summary={**SUMMARY, "at": "now"})
    report = read_report({"spools": [spool(), bad, "nothing"]}, blob(MESSAGE))
    assert [found.name for found in report.spools] == ["main"]
    assert set(report.refused) == {"other", ""}
    assert "summary.at is not a whole number" in report.refused["other"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("took_ms", -1),
        ("queue_bytes", 2**80),
        ("states", {"waiting": -3}),
        ("ages", [-1, *[0] * (BUCKETS - 1)]),
        ("at", 2**60),
        ("oldest", -(2**60)),
        ("reasons", [{}]),
        ("domains", SUMMARY["domains"] * 51),
    ],
)
def test_figures_that_cannot_be_are_refused(name: str, value: object) -> None:
    body = {"spools": [spool(summary={**SUMMARY, name: value})]}
    assert "main" in why(body, blob())


def test_a_message_of_odd_figures_is_listed_without_them() -> None:
    odd = {**MESSAGE, "tries": -1, "created": 2**70, "bytes": 2**80, "sender": "a\x00b"}
    (found,) = read_report({"spools": [spool()]}, blob(odd)).spools
    (row,) = found.messages
    assert (row.tries, row.created, row.bytes, row.sender) == (None, None, None, "a\ufffdb")


def test_a_list_that_is_whole_and_did_not_come_is_missed() -> None:
    assert "did not come" in why({"spools": [spool()]})["main"]
    assert read_report({"spools": [spool(base="t0")]}, None).spools[0].messages == ()


def test_more_messages_than_are_listed_are_refused() -> None:
    many = [{**MESSAGE, "queue_id": f"q{n}"} for n in range(MOST_MESSAGES + 1)]
    assert "More than 1000" in why({"spools": [spool()]}, blob(*many))["main"]


def test_two_spools_of_one_name_are_both_refused() -> None:
    assert "Two spools" in why({"spools": [spool(), spool()]}, blob())["main"]
