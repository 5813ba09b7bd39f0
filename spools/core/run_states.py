"""The states of a run of the fallback. `docs/run-states.md` is drawn from this table."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from routing.core.draw import diagram


class RunState(StrEnum):
    """Where a run is."""

    ORDERED = "ordered"
    RUNNING = "running"
    CANCELLING = "cancelling"
    FINISHED = "finished"
    CANCELLED = "cancelled"
    STOPPED = "stopped"
    FAILED = "failed"


_S = RunState
TRANSITIONS: Mapping[RunState, Mapping[RunState, str]] = {
    _S.ORDERED: {
        _S.RUNNING: "the first slice was heard, and there is more",
        _S.FINISHED: "nothing is left to try",
        _S.CANCELLING: "a person cancels while a slice is out",
        _S.CANCELLED: "a person cancels before anything was sent",
        _S.STOPPED: "the rules forbid the next slice, or the agent does not answer",
        _S.FAILED: "the slice could not be carried out",
    },
    _S.RUNNING: {
        _S.FINISHED: "nothing is left to try",
        _S.CANCELLING: "a person cancels while a slice is out",
        _S.CANCELLED: "a person cancels between two slices",
        _S.STOPPED: "the rules forbid the next slice, or the agent does not answer",
        _S.FAILED: "a slice could not be carried out",
    },
    _S.CANCELLING: {
        _S.FINISHED: "the slice that was out was the last one anyway",
        _S.CANCELLED: "the slice that was out has ended, or was never heard of",
    },
    _S.FINISHED: {},
    _S.CANCELLED: {},
    _S.STOPPED: {},
    _S.FAILED: {},
}
MEANINGS: Mapping[RunState, str] = {
    _S.ORDERED: "a person or the policy asked for it; nothing was heard of it yet",
    _S.RUNNING: "slices are ordered one after the other",
    _S.CANCELLING: "no further slice is ordered; the one that is out ends within a minute",
    _S.FINISHED: "every message of its scope was tried, or left for a reason that is told",
    _S.CANCELLED: "a person ended it; what was not tried waits in the spool",
    _S.STOPPED: "a rule ended it: another release is live, the relay is well again, no answer came",
    _S.FAILED: "the mail host could not do it; its error is told",
}
OPEN_RUN = frozenset(state for state, following in TRANSITIONS.items() if following)
"""States in which a run holds its list server: there is at most one such run for each."""


def may_move(before: RunState, after: RunState) -> bool:
    """Whether the table has this transition."""
    return after in TRANSITIONS[before]


def draw_runs() -> str:
    """The whole page: the diagram, what moves a run, what each state means."""
    arrows = [(before, after, why) for before in RunState for after, why in _sorted(before)]
    return "\n".join(
        [
            "# States of a run\n",
            "Drawn from `spools/core/run_states.py` by `manage.py draw_runs`; a test compares them."
            " What a run does: [spools.md](spools.md#a-run).\n",
            *diagram(TRANSITIONS, RunState.ORDERED),
            "| state | means |",
            "|---|---|",
            *(f"| {state} | {MEANINGS[state]} |" for state in RunState),
            "",
            "| from | to | when |",
            "|---|---|---|",
            *(f"| {before} | {after} | {why} |" for before, after, why in arrows),
            "",
        ]
    )


def _sorted(before: RunState) -> list[tuple[RunState, str]]:
    return [
        (state, TRANSITIONS[before][state]) for state in RunState if state in TRANSITIONS[before]
    ]
