from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from mailadmin.ui import words
from mailadmin.ui.templatetags.ma import ended

NOW = datetime(2026, 11, 23, 20, 41, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "written"),
    [(0, "0"), (999, "999"), (4812, "4\u202f812"), (1_000_000, "1\u202f000\u202f000")],
)
def test_thousands_stand_apart_by_a_narrow_space(value: int, written: str) -> None:
    assert words.number(value) == written


def test_an_unknown_number_is_a_dash_and_never_a_zero() -> None:
    assert words.number(None) == "—"
    assert words.duration(None) == "—"


@pytest.mark.parametrize(
    ("seconds", "written"),
    [
        (-3, "0 s"),
        (59.9, "59 s"),
        (60, "1 min"),
        (38 * 60, "38 min"),
        (2 * 3600 + 14 * 60, "2 h 14 min"),
        (3600, "1 h"),
        (28 * 3600, "1 d 4 h"),
        (6 * 86400 + 7200, "6 d"),
    ],
)
def test_a_span_is_written_in_two_units_at_most(seconds: float, written: str) -> None:
    assert words.duration(seconds).replace("\u00a0", " ") == written


def test_an_age_says_ago_and_a_moment_ahead_is_now() -> None:
    assert words.age(NOW - timedelta(minutes=38), NOW) == "38\u00a0min ago"
    assert words.age(NOW + timedelta(seconds=2), NOW) == "now"


def test_a_digest_is_shown_by_its_first_eight_characters() -> None:
    assert words.digest8("a1b2c3d4e5f6") == "a1b2c3d4"
    assert words.digest8("") == "—"


def test_a_stamp_names_its_time_zone() -> None:
    assert words.stamp(NOW) == "2026-11-23 20:41:00 UTC"


def test_a_sentence_gets_its_stop_once() -> None:
    assert ended("m4 ended with 1") == "m4 ended with 1."
    assert ended("Nothing was switched.") == "Nothing was switched."
