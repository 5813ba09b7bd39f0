"""What an agent says of its live release is of one moment, whoever touches it meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

import pytest

from routing.agent import observe
from routing.agent.host import HostConfig

HOST = cast(HostConfig, None)
TOUCHED = [{"file": "sympa.cf", "text": "was removed"}]


def looks(monkeypatch: pytest.MonkeyPatch, grounds: Iterator[str], drift: object) -> None:
    monkeypatch.setattr(observe, "ground_at", lambda host, now: next(grounds))
    monkeypatch.setattr(observe, "drift", lambda host, now: drift)


def test_a_touch_between_the_two_looks_is_in_both(monkeypatch: pytest.MonkeyPatch) -> None:
    looks(monkeypatch, iter(["whole", "touched", "touched"]), TOUCHED)
    assert observe._at_one_moment(HOST, "d") == ("touched", TOUCHED)


def test_what_never_rests_is_told_by_the_older_look(monkeypatch: pytest.MonkeyPatch) -> None:
    """The switch refuses it then: nobody approves what nobody was shown."""
    looks(monkeypatch, iter(str(number) for number in range(99)), TOUCHED)
    assert observe._at_one_moment(HOST, "d") == (str(observe.MOST_LOOKS - 1), TOUCHED)


def test_a_whole_release_is_looked_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    looks(monkeypatch, iter(["whole"]), [])
    assert observe._at_one_moment(HOST, "d") == ("whole", [])
