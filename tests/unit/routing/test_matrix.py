"""Which cells of a virtual domain are missing, and which are only not known."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from routing.core.dns.judge import Judged, Mark, Trouble
from routing.core.findings import Finding, Severity
from routing.core.matrix import (
    Cell,
    Column,
    State,
    Telling,
    accepted_cell,
    dns_cell,
    gaps_of,
    line_cell,
    no_line_cell,
    robot_cell,
)
from routing.core.rcpt import knows_domain

AT = datetime(2026, 11, 27, 12, tzinfo=UTC)
BEFORE, AFTER = AT - timedelta(days=1), AT + timedelta(seconds=1)


def telling(*, has: bool, is_whole: bool = True) -> Telling:
    return Telling(AT, "import", is_whole, has)


@pytest.mark.parametrize("cell_of", [robot_cell, accepted_cell])
@pytest.mark.parametrize(
    ("told", "changed_at", "enabled", "state"),
    [
        (None, BEFORE, True, State.UNKNOWN),
        (telling(has=True), BEFORE, True, State.THERE),
        (telling(has=True), AFTER, True, State.THERE),
        (telling(has=False), BEFORE, True, State.MISSING),
        (telling(has=False), AT, True, State.MISSING),
        (telling(has=False), AFTER, True, State.UNKNOWN),
        (telling(has=False), None, True, State.MISSING),
        (telling(has=False), BEFORE, False, State.OFF),
        (telling(has=False, is_whole=False), BEFORE, True, State.UNKNOWN),
        (telling(has=True, is_whole=False), BEFORE, True, State.THERE),
    ],
)
def test_only_what_was_told_after_the_row_and_as_a_whole_is_missing(
    cell_of: object, told: Telling | None, changed_at: datetime | None, enabled: bool, state: State
) -> None:
    assert callable(cell_of)
    cell = cell_of(told, changed_at, enabled=enabled)

    assert cell.state is state
    assert bool(cell.advice) == (state is State.MISSING)
    assert bool(cell.why) == (state is not State.THERE)


@pytest.mark.parametrize(
    ("answered", "told", "enabled", "state"),
    [
        (True, None, True, State.THERE),
        (True, telling(has=False), True, State.THERE),
        (False, None, True, State.MISSING),
        (False, telling(has=True), True, State.MISSING),
        (False, telling(has=True), False, State.OFF),
        (None, telling(has=True), True, State.THERE),
    ],
)
def test_what_the_mta_said_itself_goes_before_what_was_told(
    answered: bool | None, told: Telling | None, enabled: bool, state: State
) -> None:
    cell = accepted_cell(told, BEFORE, enabled=enabled, answered=answered)
    assert cell.state is state


@pytest.mark.parametrize(
    ("stranger", "text", "known"),
    [
        ("refused", "5.1.1 User unknown", True),
        ("refused", "5.7.1 Relaying denied", False),
        ("accepted", "2.1.5 Recipient ok", None),
        ("later", "4.7.1 Greylisted", None),
        ("", "", None),
    ],
)
def test_an_address_that_nobody_has_tells_whose_the_domain_is(
    stranger: str, text: str, known: bool | None
) -> None:
    assert knows_domain(stranger, text) is known


@pytest.mark.parametrize(
    ("enabled", "is_live", "has_robot", "state"),
    [
        (True, True, False, State.THERE),
        (True, False, True, State.WAITS),
        (False, True, False, State.OFF),
        (False, False, True, State.MISSING),
    ],
)
def test_the_line(enabled: bool, is_live: bool, has_robot: bool, state: State) -> None:
    assert line_cell(enabled=enabled, is_live=is_live, has_robot=has_robot).state is state


def test_a_robot_without_a_domain_says_what_has_its_name() -> None:
    assert no_line_cell("").words == "Missing"
    assert no_line_cell("route").words == "A route"
    assert "goes out by the relay" in no_line_cell("").why


def test_the_dns_is_red_only_where_it_is_bad() -> None:
    finding = Finding("dns_mx_none", Severity.WARNING, "a.example", "It has no MX.", "Publish one.")
    bad = dns_cell(Judged(Mark.BAD, "none", Trouble.MX_NONE, finding), "")
    warned = dns_cell(Judged(Mark.GOOD, "here", Trouble.MX_ALIAS, finding), "")

    assert (bad.state, bad.words, bad.advice) == (State.MISSING, "None", "Publish one.")
    assert warned.state is State.THERE
    assert dns_cell(Judged(Mark.UNKNOWN, ""), "Not asked yet.") == Cell(
        State.UNKNOWN, "Not known", "Not asked yet."
    )


def test_gaps_stand_in_the_order_of_the_page() -> None:
    cells = {column: Cell(State.MISSING, "") for column in reversed(Column)}
    cells[Column.LINE] = Cell(State.UNKNOWN, "")

    assert [c for c, _ in gaps_of(cells)] == ["robot", "accepted", "mx", "spf"]
