"""The state of a relay: what moves it, and what never does."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spools.core.draw import MEANINGS, THRESHOLDS, draw_health
from spools.core.health import (
    DEFAULT,
    TABLE,
    Deferrals,
    Health,
    Look,
    Mark,
    RelayState,
    Thresholds,
    after,
    aged,
    judged,
    maintained,
    mark_of,
    needed,
    released,
    rule_of,
    words_of,
)
from spools.core.probe import Verdict

PERIOD, BEGAN = 30, 1_790_000_000
VERDICTS = {
    "g": Verdict.TAKES,
    "b": Verdict.BUSY,
    "f": Verdict.FAILS,
    "r": Verdict.REFUSES,
    "u": Verdict.UNTOLD,
}
UNKNOWN, HEALTHY, SUSPECT = RelayState.UNKNOWN, RelayState.HEALTHY, RelayState.SUSPECT
DOWN, OVERLOADED, RECOVERING = RelayState.DOWN, RelayState.OVERLOADED, RelayState.RECOVERING
MAINTENANCE = RelayState.MAINTENANCE


def looks(letters: str, *, began: int = BEGAN, period: int = PERIOD) -> list[Look]:
    """A probe for each letter, a blank is a period without one."""
    return [
        Look(began + number * period, VERDICTS[letter], why=f"said {letter}")
        for number, letter in enumerate(letters)
        if letter != " "
    ]


def states(letters: str) -> list[RelayState]:
    found, health = [], Health()
    for look in looks(letters):
        health = after(health, look)
        found.append(health.state)
    return found


STEPS = st.lists(
    st.tuples(st.sampled_from("gggbfffru"), st.integers(0, 90)), min_size=1, max_size=120
)
"""Probes, each so many seconds after the one before."""
JUMPING = st.lists(
    st.tuples(st.sampled_from("ggbffru"), st.integers(-4000, 4000)), min_size=1, max_size=80
)
"""By a clock that goes where it likes."""


def walk(steps: list[tuple[str, int]]) -> list[tuple[Look, Health]]:
    """Each probe with the health after it."""
    found, health, at = [], Health(), BEGAN
    for letter, pause in steps:
        at = max(0, at + pause)
        look = Look(at, VERDICTS[letter], why=f"said {letter}")
        health = after(health, look)
        found.append((look, health))
    return found


@given(STEPS)
def test_nothing_is_down_by_less_than_three_failures_in_a_row(steps: list[tuple[str, int]]) -> None:
    failed, began, before = 0, 0, UNKNOWN
    for look, health in walk(steps):
        if look.verdict in (Verdict.FAILS, Verdict.REFUSES):
            failed, began = failed + 1, began if failed else look.at
        elif look.verdict is not Verdict.UNTOLD:
            failed = 0
        if health.state is DOWN and before is not DOWN:
            assert failed >= DEFAULT.down_after
            assert look.at - began >= DEFAULT.down_s
        before = health.state


@given(STEPS)
def test_an_outage_is_over_only_after_enough_good_probes(steps: list[tuple[str, int]]) -> None:
    good, ill = 0, False
    for look, health in walk(steps):
        if look.verdict is Verdict.TAKES:
            good += 1
        elif look.verdict is not Verdict.UNTOLD:
            good = 0
        ill = (ill or health.state in (DOWN, OVERLOADED)) and health.state is not UNKNOWN
        if ill and health.state is HEALTHY:
            assert good >= DEFAULT.clear_after
            ill = False


@given(STEPS)
def test_nothing_flaps(steps: list[tuple[str, int]]) -> None:
    """Between two outages lie enough probes that each was right to believe."""
    entered = [
        number
        for number, ((_, before), (_, now)) in enumerate(pairwise(walk(steps)))
        if now.state is DOWN and before.state is not DOWN
    ]
    least = DEFAULT.down_after + DEFAULT.turn_after
    assert all(later - earlier >= least for earlier, later in pairwise(entered))


@given(STEPS | JUMPING)
def test_only_the_drawn_ways_are_gone(steps: list[tuple[str, int]]) -> None:
    before = Health()
    for look, health in walk(steps):
        old = aged(before, look.at)
        assert old.state is before.state or old.state in TABLE[before.state]
        assert health.state is old.state or health.state in TABLE[old.state]
        before = health


@given(JUMPING)
def test_a_clock_that_jumps_breaks_nothing(steps: list[tuple[str, int]]) -> None:
    for look, health in walk(steps):
        if look.verdict is not Verdict.UNTOLD:
            assert health.since is not None and health.since <= look.at
            assert health.failing_since is None or health.failing_since <= look.at
        assert len(health.marks) <= DEFAULT.clear_most
        assert health.good == 0 or health.bad == 0
        assert rule_of(health)


@given(STEPS | JUMPING)
def test_what_a_probe_did_not_tell_changes_nothing(steps: list[tuple[str, int]]) -> None:
    told = [(look, health) for look, health in walk(steps) if look.verdict is not Verdict.UNTOLD]
    assert judged(look for look, _ in told).state in {UNKNOWN, *(h.state for _, h in told)}
    for (_, before), (look, now) in pairwise(walk(steps)):
        if look.verdict is Verdict.UNTOLD and now.state is not UNKNOWN:
            assert now == before


@given(STEPS, st.integers(-10_000, 10_000))
def test_old_probes_decide_nothing(steps: list[tuple[str, int]], later: int) -> None:
    look, health = walk(steps)[-1]
    seen = health.seen_at
    now = aged(health, look.at + later)
    if seen is not None and abs(look.at + later - seen) > DEFAULT.stale_s:
        assert now.state is UNKNOWN
        assert not now.marks
    else:
        assert now == health


@given(STEPS)
def test_health_is_carried_from_probe_to_probe(steps: list[tuple[str, int]]) -> None:
    """A row keeps it between two probes: cut anywhere, the rest leads to the same."""
    every = [look for look, _ in walk(steps)]
    half = len(every) // 2
    assert judged(every[half:], health=judged(every[:half])) == judged(every)


WAYS = {
    (UNKNOWN, HEALTHY): "g",
    (UNKNOWN, SUSPECT): "f",
    (HEALTHY, SUSPECT): "gb",
    (SUSPECT, HEALTHY): "gfgg",
    (SUSPECT, OVERLOADED): "gfbf",
    (SUSPECT, DOWN): "gfff",
    (OVERLOADED, DOWN): "gbbbfff",
    (OVERLOADED, RECOVERING): "gbbbgg",
    (DOWN, OVERLOADED): "ffffbfbfbb",
    (DOWN, RECOVERING): "fffgg",
    (RECOVERING, HEALTHY): "fffggggg",
    (RECOVERING, OVERLOADED): "fffggbbb",
    (RECOVERING, DOWN): "fffggfff",
}


@pytest.mark.parametrize(("old", "new"), WAYS)
def test_each_drawn_way_is_gone_by_its_probes(old: RelayState, new: RelayState) -> None:
    found = [UNKNOWN, *states(WAYS[old, new])]
    assert found[-2:] == [old, new]


def test_the_table_has_these_ways_and_those_of_time_and_people() -> None:
    drawn = {(old, new) for old, follow in TABLE.items() for new in follow}
    every = set(RelayState)
    aging = {(state, UNKNOWN) for state in every - {UNKNOWN, MAINTENANCE}}
    people = {(state, MAINTENANCE) for state in every - {MAINTENANCE}} | {(MAINTENANCE, UNKNOWN)}
    assert drawn == {*WAYS, *aging, *people}


@pytest.mark.parametrize(
    ("letters", "last"),
    [
        # Every second one, every third one: one state, and no other every minute.
        ("gf" * 30, OVERLOADED),
        ("gfg" * 20, SUSPECT),
        ("g" * 9 + "f" + "g" * 9 + "f", SUSPECT),
        ("ffg" * 20, OVERLOADED),
        ("fffg" * 20, DOWN),
        ("gggb" * 20, SUSPECT),
        ("r" * 5, DOWN),
        ("b" * 50, OVERLOADED),
    ],
)
def test_a_relay_that_fails_now_and_then_has_one_state(letters: str, last: RelayState) -> None:
    found = states(letters)
    assert found[-1] is last
    turns = sum(old is not new for old, new in pairwise(found[20:]))
    assert turns <= len(letters) // 10


def test_three_failures_within_a_moment_are_not_yet_an_outage() -> None:
    assert judged(looks("fff", period=5)).state is SUSPECT
    assert judged(looks("f" * 10, period=5)).state is DOWN


def test_a_relapse_doubles_what_clears_it() -> None:
    health, at = judged(looks("fff" + "g" * 5)), BEGAN + 240
    assert (health.state, health.relapses) == (HEALTHY, 0)
    for wanted in (10, 20, 20):
        health = judged(looks("fffgg", began=at), health=health)
        assert (health.state, needed(health)) == (RECOVERING, wanted)
        assert rule_of(health) == f"clears after {wanted} good probes, 2 so far"
        rest = "g" * (wanted - 3)
        health = judged(looks(rest, began=at + 150), health=health)
        assert health.state is RECOVERING
        at += 150 + len(rest) * PERIOD
        health = judged(looks("g", began=at), health=health)
        assert health.state is HEALTHY
        at += PERIOD


def test_an_outage_long_after_the_last_is_no_relapse() -> None:
    health = judged(looks("fff" + "g" * 5 + "g" * 80 + "fff"))
    assert (health.state, health.relapses) == (DOWN, 0)


def test_a_first_outage_is_no_relapse() -> None:
    assert judged(looks("gfff")).relapses == 0


def test_why_is_the_last_thing_said_against_it() -> None:
    health = judged(looks("gfrf"))
    assert (health.state, health.why) == (DOWN, "said f")
    assert judged(looks("gfffgg")).why == "said f"
    assert judged(looks("gfff" + "g" * 5)).why == ""


def test_a_silent_name_server_makes_it_unknown_and_says_so() -> None:
    health = judged(looks("g" + "u" * 10))
    assert (health.state, health.why) == (HEALTHY, "")
    health = judged(looks("g" + "u" * 11))
    assert (health.state, health.why, health.since) == (UNKNOWN, "said u", BEGAN + 11 * PERIOD)


def test_one_bad_probe_after_a_long_gap_says_little() -> None:
    assert states("ffff" + " " * 20 + "f")[-1] is SUSPECT


def test_maintenance_lasts_until_a_person_ends_it() -> None:
    health = maintained(BEGAN, "new kernel")
    assert judged(looks("ffffgggbb"), health=health) == health
    assert aged(health, BEGAN + 10**6) == health
    over = released(BEGAN + 60)
    assert (over.state, over.since) == (UNKNOWN, BEGAN + 60)
    assert judged(looks("f"), health=over).state is SUSPECT


@pytest.mark.parametrize(
    ("look", "mark"),
    [
        (Look(1, Verdict.TAKES, 8000), Mark.GOOD),
        (Look(1, Verdict.TAKES, 8001), Mark.BUSY),
        (Look(1, Verdict.TAKES, 5, deferrals=Deferrals(20, 40)), Mark.BUSY),
        (Look(1, Verdict.TAKES, 5, deferrals=Deferrals(20, 41)), Mark.GOOD),
        (Look(1, Verdict.TAKES, 5, deferrals=Deferrals(19, 19)), Mark.GOOD),
        (Look(1, Verdict.BUSY, 5, deferrals=Deferrals(0, 500)), Mark.BUSY),
        (Look(1, Verdict.REFUSES, 5), Mark.FAILED),
        (Look(1, Verdict.FAILS, 5), Mark.FAILED),
    ],
)
def test_how_a_probe_counts(look: Look, mark: Mark) -> None:
    assert mark_of(look) is mark


def test_a_relay_that_refuses_after_data_is_overloaded_by_what_the_spool_shows() -> None:
    every = [replace(look, deferrals=Deferrals(40, 44), why="") for look in looks("gggg")]
    health = judged(every)
    assert health.state is OVERLOADED
    assert health.why == "40 of 44 messages for it were deferred"


def test_a_slow_one_says_how_slow() -> None:
    health = judged([replace(look, ms=9100, why="") for look in looks("ggg")])
    assert health.why == "it took 9.1 s to take a recipient"


@pytest.mark.parametrize(
    ("letters", "says"),
    [
        ("", "the next probe decides"),
        ("g", "suspect after one probe that is not good"),
        ("gf", "down after 3 failures in a row over 45 s, 1 so far"),
        ("gfg", "clears after 2 good probes in a row, 1 so far"),
        ("gffgg", "clears when at most 1 of the last 10 is not good, now 2"),
        ("gb", "clears after 2 good probes in a row, 0 so far"),
        ("fffg", "recovering after 2 good probes in a row, 1 so far"),
        ("fffggg", "clears after 5 good probes, 3 so far"),
    ],
)
def test_the_rule_that_moves_it_says_how_far_it_is(letters: str, says: str) -> None:
    assert rule_of(judged(looks(letters))) == says


def test_thresholds_follow_how_often_it_is_probed() -> None:
    assert Thresholds.every(30) == DEFAULT
    slow = Thresholds.every(600)
    assert (slow.down_s, slow.stale_s) == (900, 3000)
    assert judged(looks("fff", period=600), slow).state is DOWN


def test_the_page_is_drawn_from_the_table() -> None:
    page = Path(__file__).resolve().parents[3] / "docs/relay-health.md"
    assert page.read_text() == draw_health()


def test_everything_is_explained() -> None:
    assert set(MEANINGS) == set(TABLE) == set(RelayState)
    assert set(THRESHOLDS) == set(Thresholds.__slots__)
    assert all(words_of(rule) for follow in TABLE.values() for rule in follow.values())
