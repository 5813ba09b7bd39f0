"""When mail may go past the relay: every condition has to hold, and none holds unknown."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spools.core.health import RelayState
from spools.core.policy import MAY_FIRE, Act, Mode, Policy, Sight, decide

READY = Sight(
    relay="smtp1",
    state=RelayState.DOWN,
    waiting=198,
    oldest_s=2400,
    verified=True,
    agent_heard=True,
)
ASK, ALONE = Policy(), Policy(mode=Mode.AUTOMATIC)
MAYBE = st.none() | st.booleans()
SIGHTS = st.builds(
    Sight,
    relay=st.sampled_from(["", "smtp1"]),
    state=st.sampled_from(RelayState),
    waiting=st.none() | st.integers(0, 500),
    oldest_s=st.none() | st.integers(0, 9000),
    verified=MAYBE,
    deploying=st.booleans(),
    agent_heard=MAYBE,
    running=st.booleans(),
    last_run_s=st.none() | st.integers(0, 9000),
    runs_today=st.integers(0, 12),
)
POLICIES = st.builds(
    Policy,
    mode=st.sampled_from(Mode),
    fires=st.frozensets(st.sampled_from(RelayState)),
    age_s=st.integers(300, 9000),
    depth=st.integers(1, 500),
    pause_s=st.integers(0, 9000),
    most_runs=st.integers(1, 12),
)


@given(POLICIES, SIGHTS)
def test_nothing_begins_unless_every_condition_is_known_to_hold(
    policy: Policy, sight: Sight
) -> None:
    decision = decide(policy, sight)
    if decision.act in (Act.ASK, Act.START):
        assert not decision.missing
        assert sight.state in policy.fires and sight.state in MAY_FIRE
        assert sight.verified and sight.agent_heard and not sight.deploying and not sight.running
        assert sight.waiting is not None and sight.waiting >= policy.depth
        assert sight.oldest_s is not None and sight.oldest_s >= policy.age_s
    assert decision.act is not Act.START or policy.mode is Mode.AUTOMATIC
    assert decision.act is Act.NOTHING or policy.mode is not Mode.OFF or sight.running


@given(POLICIES, SIGHTS)
def test_a_run_is_stopped_by_a_relay_that_is_well_and_by_nothing_else(
    policy: Policy, sight: Sight
) -> None:
    stops = decide(policy, sight).act is Act.STOP
    assert stops == (sight.running and sight.state is RelayState.HEALTHY)


@given(POLICIES, SIGHTS)
def test_every_condition_says_what_is_and_what_has_to_be(policy: Policy, sight: Sight) -> None:
    conditions = decide(policy, sight).conditions
    assert len({item.name for item in conditions}) == len(conditions) == 10
    assert all(item.statement and item.now and item.limit for item in conditions)


def test_the_default_asks_when_the_relay_is_down_and_mail_waits_for_half_an_hour() -> None:
    assert decide(ASK, READY).act is Act.ASK
    assert decide(ALONE, READY).act is Act.START
    assert decide(replace(ASK, mode=Mode.OFF), READY).act is Act.NOTHING


@pytest.mark.parametrize(
    ("change", "missing"),
    [
        ({"state": RelayState.SUSPECT}, "relay"),
        ({"state": RelayState.OVERLOADED}, "relay"),
        ({"state": RelayState.RECOVERING}, "relay"),
        ({"state": RelayState.MAINTENANCE}, "relay"),
        ({"state": RelayState.UNKNOWN}, "relay"),
        ({"relay": ""}, "relay"),
        ({"waiting": 0}, "depth"),
        ({"waiting": None}, "depth"),
        ({"oldest_s": 1799}, "age"),
        ({"oldest_s": None}, "age"),
        ({"verified": False}, "release"),
        ({"verified": None}, "release"),
        ({"deploying": True}, "deploy"),
        ({"agent_heard": False}, "agent"),
        ({"agent_heard": None}, "agent"),
        ({"running": True}, "running"),
        ({"last_run_s": 899}, "pause"),
        ({"runs_today": 6}, "runs"),
    ],
)
def test_one_condition_that_does_not_hold_is_enough(
    change: dict[str, object], missing: str
) -> None:
    decision = decide(ALONE, replace(READY, **change))  # type: ignore[arg-type]  # of the field
    assert decision.act is Act.NOTHING
    assert missing in [item.name for item in decision.missing]


def test_a_state_that_may_not_fire_fires_nothing_even_where_it_is_chosen() -> None:
    policy = Policy(mode=Mode.AUTOMATIC, fires=frozenset(RelayState))
    for state in RelayState:
        fired = decide(policy, replace(READY, state=state)).act is Act.START
        assert fired == (state in MAY_FIRE)


def test_nothing_that_is_not_known_passes_for_known() -> None:
    nothing = decide(ALONE, Sight())
    assert nothing.act is Act.NOTHING
    unknown = {item.name for item in nothing.conditions if item.met is None}
    assert unknown == {"relay", "depth", "age", "release", "agent"}
    assert {field.name for field in fields(Sight)} >= {"relay", "state", "waiting", "oldest_s"}


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "less than 1 min"),
        (59, "less than 1 min"),
        (60, "1 min"),
        (7199, "119 min"),
        (7200, "2 h"),
        (9000, "2 h 30 min"),
        (82_830, "23 h"),
        (None, "not known"),
    ],
)
def test_a_span_is_said_as_a_person_would(seconds: int | None, words: str) -> None:
    said = {
        item.name: item.now for item in decide(ASK, replace(READY, oldest_s=seconds)).conditions
    }
    assert said["age"] == words
