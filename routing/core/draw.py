"""`docs/states.md`, drawn from the two state tables so that it cannot lie."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from enum import StrEnum
from typing import TypeVar

from routing.core.states import PUSH_TRANSITIONS, TARGET_TRANSITIONS, PushState, TargetState

State = TypeVar("State", bound=StrEnum)

PUSH_MEANINGS: Mapping[PushState, str] = {
    PushState.PROPOSED: "frozen: later edits do not touch it",
    PushState.STAGING: "built on every host beside the live release, then proved there",
    PushState.FAILED: "a host could not build it, or the proof blocks; propose again",
    PushState.PROVED: "sendmail's answers follow from the plan; waits for approval",
    PushState.APPROVED: "another person accepted exactly this digest",
    PushState.DEPLOYING: "hosts switch in order, the first as canary",
    PushState.STOPPED: "a host failed: some are new, some old; retry or restore",
    PushState.ACTIVE: "every host confirmed it or was given up; stays so for history",
    PushState.REFUSED: "an approver said no",
    PushState.SUPERSEDED: "a newer push of one of its hosts took its place",
    PushState.EXPIRED: "it waited too long",
    PushState.GIVEN_UP: "a person gave it up for every host that it had; its edits wait again",
}

TARGET_MEANINGS: Mapping[TargetState, str] = {
    TargetState.PENDING: "nothing is built yet",
    TargetState.STAGED: "built and verified beside the live release",
    TargetState.ACTIVATED: "the host runs it; last-good is still the one before",
    TargetState.CONFIRMED: "the live configuration answered as proved; it is last-good",
    TargetState.REVERTED: "the host went back to the release before",
    TargetState.FAILED: "the verb ran and could not",
    TargetState.UNREACHABLE: "the host did not answer in time",
    TargetState.GIVEN_UP: "a person gave it up there: what the host runs stays as it is",
}


def terminal(transitions: Mapping[State, Collection[State]]) -> frozenset[State]:
    """The states that nothing leaves."""
    return frozenset(state for state, after in transitions.items() if not after)


def diagram(transitions: Mapping[State, Collection[State]], first: State) -> Iterable[str]:
    """The lines of a diagram of these states, which begins with `first`."""
    yield "```mermaid"
    yield "stateDiagram-v2"
    yield f"    [*] --> {first.value}"
    for state, after in transitions.items():
        # Iterating the enum keeps the order of the table; a frozenset has none.
        yield from (f"    {state.value} --> {to.value}" for to in type(first) if to in after)
    ends = terminal(transitions)
    yield from (f"    {state.value} --> [*]" for state in transitions if state in ends)
    yield "```\n"


def draw_states() -> str:
    """The whole page: per table a diagram and what each state means."""
    parts = [
        "# States\n",
        "Drawn from `routing/core/states.py` by `manage.py draw_states`; a test compares them.\n",
        *_section("Config push", PUSH_TRANSITIONS, PUSH_MEANINGS, PushState.PROPOSED),
        *_section("Push target", TARGET_TRANSITIONS, TARGET_MEANINGS, TargetState.PENDING),
    ]
    return "\n".join(parts)


def _section(
    title: str,
    transitions: Mapping[State, frozenset[State]],
    meanings: Mapping[State, str],
    first: State,
) -> Iterable[str]:
    yield f"## {title}\n"
    yield from diagram(transitions, first)
    yield "| state | means |"
    yield "|---|---|"
    yield from (f"| {state.value} | {meanings[state]} |" for state in transitions)
    yield ""
