"""The record of a queue run: what is read back, and when the runner is late."""

from __future__ import annotations

import json
from typing import Any

import pytest

from routing.core.findings import Severity
from spools.core.queue_run import LATE_S, MalformedRun, QueueRun, RunWord, judge_runs

NOW = 1_800_000_000
RUN = QueueRun(
    began=NOW - 60,
    ended=NOW - 58,
    exit_code=-9,
    release="a" * 64,
    stopped="it was ended after 1 s",
    said="a\nb",
    queued_before=3,
    queued_after=1,
)


def test_a_record_crosses_the_wire_unchanged() -> None:
    assert QueueRun.from_json(json.loads(json.dumps(RUN.to_json()))) == RUN


def test_what_a_newer_agent_says_more_is_left_out() -> None:
    assert QueueRun.from_json(RUN.to_json() | {"weather": "fine"}) == RUN


@pytest.mark.parametrize(
    ("raw", "what"),
    [
        (None, "no object"),
        ({}, "began"),
        ({"began": None}, "began"),
        ({"began": 1.5}, "began"),
        ({"began": True}, "began"),
        ({"began": 1, "running": 1}, "running"),
        ({"began": 1, "said": None}, "said"),
        ({"began": 1, "exit_code": "0", "release": 3}, "exit_code, release"),
    ],
)
def test_a_spoiled_record_is_named(raw: Any, what: str) -> None:
    with pytest.raises(MalformedRun, match=what):
        QueueRun.from_json(raw)


@pytest.mark.parametrize(
    ("run", "how"),
    [
        (QueueRun(began=NOW), RunWord.KILLED),
        (QueueRun(began=NOW, running=True), RunWord.RUNNING),
        (QueueRun(began=NOW - 10 * LATE_S, running=True), RunWord.RUNNING),
        (QueueRun(began=NOW - LATE_S, ended=NOW), RunWord.RAN),
        (QueueRun(began=NOW - LATE_S - 1, ended=NOW), RunWord.LATE),
        (QueueRun(began=NOW - LATE_S - 1), RunWord.LATE),
    ],
)
def test_how_it_is_with_the_runner(run: QueueRun, how: RunWord) -> None:
    assert run.how(NOW) == how


def found(run: QueueRun | None, *, has_release: bool = True) -> list[tuple[Severity, str]]:
    findings = judge_runs(run, now=NOW, has_release=has_release)
    return [(finding.severity, finding.text) for finding in findings]


def test_a_runner_that_is_late_or_never_came_is_an_error() -> None:
    assert found(RUN) == []
    assert found(None, has_release=False) == []
    ((severity, text),) = found(None)
    assert (severity, "no run was ever recorded" in text) == (Severity.ERROR, True)
    ((severity, text),) = found(QueueRun(began=NOW - 7200, ended=NOW - 7000))
    assert (severity, "120 minutes ago" in text) == (Severity.ERROR, True)
    ((severity, text),) = found(QueueRun(began=NOW - 60))
    assert (severity, "killed" in text) == (Severity.WARNING, True)
