"""The state table of runs, and the document that is drawn from it."""

from __future__ import annotations

from pathlib import Path

from spools.core.run_states import MEANINGS, OPEN_RUN, TRANSITIONS, RunState, draw_runs
from spools.core.scope import Scope

DOCS = Path(__file__).parents[3] / "docs" / "run-states.md"


def test_the_document_is_the_drawing() -> None:
    assert DOCS.read_text() == draw_runs(), "run: manage.py draw_runs"


def test_every_state_is_reached_ends_and_has_its_words() -> None:
    reached = {after for following in TRANSITIONS.values() for after in following}
    assert reached | {RunState.ORDERED} == set(RunState)
    assert set(MEANINGS) == set(TRANSITIONS) == set(RunState)
    for state in OPEN_RUN:
        seen: set[RunState] = set()
        todo = [state]
        while todo:
            following = set(TRANSITIONS[todo.pop()]) - seen
            seen |= following
            todo += following
        assert seen - OPEN_RUN, f"{state} never ends"


def test_a_scope_in_words() -> None:
    assert Scope().sentence() == "everything that waits"
    assert Scope.of(domains=["B.fr", "a.fr", "a.fr."]).sentence() == "messages to a.fr, b.fr"
    many = Scope.of(excluded=[f"d{at}.fr" for at in range(5)])
    assert many.sentence().endswith("but nothing to d0.fr, d1.fr, d2.fr and 2 more")
    assert Scope.of(queue_ids=["6ASxxxxxxxxxxx"]).sentence() == "1 chosen message"
    assert Scope.from_json(many.to_json()) == many
