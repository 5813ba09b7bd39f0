"""The two state tables are whole, and the docs show them."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

from routing.core.draw import PUSH_MEANINGS, TARGET_MEANINGS, draw_states, terminal
from routing.core.states import (
    OPEN_PUSH,
    PUSH_TRANSITIONS,
    REPLACEABLE_PUSH,
    TARGET_TRANSITIONS,
    PushState,
    TargetState,
)

DOCS = Path(__file__).parents[3] / "docs" / "states.md"
State = TypeVar("State", bound=StrEnum)


def reachable(first: State, transitions: Mapping[State, frozenset[State]]) -> set[State]:
    seen: set[State] = set()
    waiting = [first]
    while waiting:
        state = waiting.pop()
        if state not in seen:
            seen.add(state)
            waiting += transitions[state]
    return seen


def test_every_state_has_a_row_and_a_meaning() -> None:
    assert list(PUSH_TRANSITIONS) == list(PushState) == list(PUSH_MEANINGS)
    assert list(TARGET_TRANSITIONS) == list(TargetState) == list(TARGET_MEANINGS)


def test_every_state_is_reached_from_the_first() -> None:
    assert reachable(PushState.PROPOSED, PUSH_TRANSITIONS) == set(PushState)
    assert reachable(TargetState.PENDING, TARGET_TRANSITIONS) == set(TargetState)


def test_the_states_that_end_are_known() -> None:
    assert terminal(PUSH_TRANSITIONS) == {
        PushState.ACTIVE,
        PushState.REFUSED,
        PushState.SUPERSEDED,
        PushState.EXPIRED,
        PushState.GIVEN_UP,
    }
    assert terminal(TARGET_TRANSITIONS) == {TargetState.CONFIRMED, TargetState.GIVEN_UP}


def test_every_state_can_end() -> None:
    for push in PushState:
        assert reachable(push, PUSH_TRANSITIONS) & terminal(PUSH_TRANSITIONS)
    for target in set(TargetState) - {TargetState.GIVEN_UP}:
        assert TargetState.CONFIRMED in reachable(target, TARGET_TRANSITIONS)


def test_no_state_leads_to_itself() -> None:
    assert [s for s, after in PUSH_TRANSITIONS.items() if s in after] == []
    assert [s for s, after in TARGET_TRANSITIONS.items() if s in after] == []


def test_nothing_goes_live_without_a_proof_and_an_approval() -> None:
    assert [s for s, after in PUSH_TRANSITIONS.items() if PushState.APPROVED in after] == [
        PushState.PROVED
    ]
    assert {s for s, after in PUSH_TRANSITIONS.items() if PushState.DEPLOYING in after} == {
        PushState.APPROVED,
        PushState.STOPPED,
    }
    # Out of stopped: every host but those that were given up had confirmed it.
    assert {s for s, after in PUSH_TRANSITIONS.items() if PushState.ACTIVE in after} == {
        PushState.DEPLOYING,
        PushState.STOPPED,
    }
    assert [s for s, after in PUSH_TRANSITIONS.items() if PushState.STOPPED in after] == [
        PushState.DEPLOYING
    ]


def test_every_replaceable_push_can_be_superseded_and_a_deploying_one_cannot() -> None:
    for state in REPLACEABLE_PUSH:
        assert PushState.SUPERSEDED in PUSH_TRANSITIONS[state]
    assert PushState.SUPERSEDED not in PUSH_TRANSITIONS[PushState.DEPLOYING]
    assert OPEN_PUSH.isdisjoint(terminal(PUSH_TRANSITIONS))


def test_the_docs_are_drawn_from_the_tables() -> None:
    assert DOCS.read_text(encoding="utf-8") == draw_states(), "run manage.py draw_states"
