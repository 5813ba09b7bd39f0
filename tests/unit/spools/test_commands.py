"""What a postmaster would type: the right flags, and nothing that a shell would take otherwise."""

from __future__ import annotations

import shlex

import pytest

from spools.core.commands import commands_for
from spools.core.summary import State

ID = "6AMKG9tq013790"


def lines(state: State, *, queue_id: str = ID, wrapper: str = "/usr/lib/x/sendmail") -> list[str]:
    made = commands_for(queue_id, state, path="/var/spool/x", owner="sympa", wrapper=wrapper)
    return [command.line for command in made]


def test_a_waiting_one_is_shown_tried_or_held() -> None:
    assert lines(State.WAITING) == [
        f"sudo -u sympa find /var/spool/x -name '?f{ID}'",
        f"sudo -u sympa /usr/lib/x/sendmail -bp -qI{ID}",
        f"sudo -u sympa /usr/lib/x/sendmail -v -qI{ID}",
        f"sudo -u sympa /usr/lib/x/sendmail -Q'looked at by hand' -qI{ID}",
    ]


def test_a_held_one_is_released_by_three_flags_in_their_order_and_never_run_without_them() -> None:
    made = lines(State.HELD)
    assert made[-1].endswith(f"sendmail -qQ -Q -qI{ID}")
    assert [line for line in made if "-qQ" in line and "-bp" not in line] == made[-1:]


@pytest.mark.parametrize("state", [s for s in State if s not in (State.WAITING, State.HELD)])
def test_nothing_else_is_tried_or_held(state: State) -> None:
    for line in lines(state):
        assert "find" in line or "-bp" in line


@pytest.mark.parametrize("bad", ["", "a b", "$(reboot)", "a;b", "../../etc", "é" * 14, "x" * 41])
def test_a_name_that_sendmail_never_makes_is_in_no_command(bad: str) -> None:
    assert lines(State.WAITING, queue_id=bad) == []


def test_paths_are_quoted() -> None:
    made = commands_for(
        ID, State.WAITING, path="/var/spool/a b;c", owner="a user", wrapper="/x y/sendmail"
    )
    assert shlex.split(made[0].line)[:5] == ["sudo", "-u", "a user", "find", "/var/spool/a b;c"]
    assert "/x y/sendmail" in shlex.split(made[1].line)


def test_a_spool_that_is_not_ours_is_only_looked_into() -> None:
    assert len(lines(State.WAITING, wrapper="")) == 1
