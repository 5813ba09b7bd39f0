"""docs/wire.md names every state, code and field that the code has."""

from pathlib import Path

import pytest

from mailadmin.wire.core.messages import Outcome
from mailadmin.wire.core.sequence import Refusal
from mailadmin.wire.core.states import ATTEMPT_TRANSITIONS, AttemptState
from tests.unit.wire.messages import ORDER, REPORT

PAGE = (Path(__file__).resolve().parents[3] / "docs/wire.md").read_text()


@pytest.mark.parametrize("state", AttemptState)
def test_each_state_has_its_row_with_what_follows(state: AttemptState) -> None:
    (row,) = [line for line in PAGE.splitlines() if line.startswith(f"| {state} |")]
    following = {cell.strip() for cell in row.split("|")[2].split(",")} - {""}

    assert following == set(ATTEMPT_TRANSITIONS[state])


@pytest.mark.parametrize("code", Refusal)
def test_each_refusal_is_named(code: Refusal) -> None:
    assert f"`{code}`" in PAGE


@pytest.mark.parametrize("name", sorted({*ORDER.to_json(), *REPORT.to_json()}))
def test_each_field_is_named(name: str) -> None:
    assert f"`{name}`" in PAGE


def test_each_outcome_is_named() -> None:
    assert ", ".join(list(Outcome)[:-1]) + f" or {list(Outcome)[-1]}" in PAGE
