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


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (None, "\u2014"),
        (0, "0\u00a0B"),
        (812, "812\u00a0B"),
        (999, "999\u00a0B"),
        (1000, "1.0\u00a0kB"),
        (9949, "9.9\u00a0kB"),
        (9950, "10\u00a0kB"),
        (999_499, "999\u00a0kB"),
        (999_500, "1.0\u00a0MB"),
        (23_400_000_000, "23\u00a0GB"),
    ],
)
def test_bytes_stand_in_the_unit_that_keeps_them_short(value: int | None, written: str) -> None:
    assert words.size(value) == written


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (None, "\u2014"),
        (0, "0"),
        (0.01, "<0.1"),
        (0.4, "0.4"),
        (9.94, "9.9"),
        (9.96, "10"),
        (61.2, "61"),
    ],
)
def test_a_rate_is_never_a_zero_for_a_little(value: float | None, written: str) -> None:
    assert words.rate(value) == written


def test_a_time_of_day_has_its_day_when_that_is_another() -> None:
    assert words.clock(NOW - timedelta(hours=1), NOW) == "19:41"
    assert words.clock(NOW - timedelta(days=1), NOW) == "22\u00a0Nov\u00a020:41"
    assert words.clock(NOW - timedelta(days=400), NOW) == "19\u00a0Oct 2025\u00a020:41"
