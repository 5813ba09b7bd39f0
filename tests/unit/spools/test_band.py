"""The band of a day: every moment in one state, none twice, nothing invented."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from spools.core.band import DAY_S, Stretch, band
from spools.core.health import RelayState

NOW = 1_790_000_000
TURNS = st.lists(
    st.tuples(st.integers(NOW - 3 * DAY_S, NOW + 600), st.sampled_from(RelayState), st.just("")),
    max_size=20,
).map(lambda turns: sorted(turns, key=lambda turn: turn[0]))


@given(TURNS)
def test_the_stretches_fill_the_day_without_a_gap(turns: list[tuple[int, RelayState, str]]) -> None:
    found = band(turns, NOW)
    assert found[0].start == NOW - DAY_S
    assert found[-1].end == NOW
    assert all(before.end == after.start for before, after in pairwise(found))
    assert sum(stretch.seconds for stretch in found) == DAY_S


def test_what_was_before_the_first_turn_is_unknown() -> None:
    assert band([(NOW - 60, RelayState.DOWN, "refused")], NOW) == (
        Stretch(RelayState.UNKNOWN, NOW - DAY_S, NOW - 60),
        Stretch(RelayState.DOWN, NOW - 60, NOW, "refused"),
    )


def test_the_state_before_the_day_holds_into_it() -> None:
    found = band([(NOW - 2 * DAY_S, RelayState.HEALTHY, "")], NOW)
    assert found == (Stretch(RelayState.HEALTHY, NOW - DAY_S, NOW),)
