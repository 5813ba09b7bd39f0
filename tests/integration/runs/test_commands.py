"""The commands that the page of a message shows, typed: each does what its title says."""

from __future__ import annotations

import subprocess
from collections.abc import Callable

import pytest

from spools.core.commands import commands_for
from spools.core.summary import State
from tests.fixtures.sandbox import Sink
from tests.integration.runs.lab import Lab
from tests.integration.runs.test_queue_run import deferred, end
from tests.integration.wrapper.list_server import ListServer

HOLD, RELEASE, SHOW, TRY, FIND = (
    "Hold it",
    "Release it",
    "Show it",
    "Try it now",
    "Find its files",
)


@pytest.fixture
def relay(sink: Callable[..., Sink]) -> Sink:
    return sink("relay")


@pytest.fixture
def lab(server: ListServer, relay: Sink) -> Lab:
    """Two messages wait for the relay, which answers by now."""
    return deferred(server, relay.port, "a@renater.fr", "b@renater.fr")


def typed(lab: Lab, title: str, queue_id: str, state: State = State.WAITING) -> str:
    """Type the command with this title into a shell; what it said."""
    tree = lab.tree
    owner = tree.users.spool
    shown = commands_for(
        queue_id, state, path=str(tree.spool), owner=owner, wrapper=str(lab.server.paths.out)
    )
    (line,) = [command.line for command in shown if command.title == title]
    by = f"sudo -u {owner} "
    assert line.startswith(by)
    argv = tree.command(owner, ["/bin/sh", "-c", line.removeprefix(by)])
    done = subprocess.run(argv, capture_output=True, check=True, timeout=300)
    return (done.stdout + done.stderr).decode()


def kinds(lab: Lab, queue_id: str) -> set[str]:
    """The letters of the files that a message has."""
    return {path.name[0] for path in lab.tree.spool.rglob(f"?f{queue_id}")}


def test_a_held_message_stays_through_runs_until_it_is_released(lab: Lab, relay: Sink) -> None:
    held, other = sorted(
        lab.queue_ids(), key=lambda found: "a@" not in "".join(lab.lines(found, "R"))
    )
    typed(lab, HOLD, held)
    assert (kinds(lab, held), kinds(lab, other)) == ({"h", "d"}, {"q", "d"})
    assert "looked at by hand" in typed(lab, SHOW, held, State.HELD)
    assert end(lab.run_queue())[0] == 0
    assert relay.recipients() == ["b@renater.fr"]
    assert kinds(lab, held) == {"h", "d"}

    typed(lab, RELEASE, held, State.HELD)
    assert kinds(lab, held) == {"q", "d"}
    assert relay.recipients() == ["b@renater.fr"], "released, not yet sent"
    assert end(lab.run_queue())[0] == 0
    assert relay.recipients() == ["a@renater.fr", "b@renater.fr"]


def test_one_message_is_shown_found_and_tried_and_no_other(lab: Lab, relay: Sink) -> None:
    mine, other = lab.queue_ids()
    (name,) = (found.partition(":")[2] for found in lab.lines(mine, "R"))
    recipient = name.strip("<>")
    shown = typed(lab, SHOW, mine)
    assert mine in shown and recipient in shown and other not in shown
    found = typed(lab, FIND, mine).split()
    assert sorted(line.rpartition("/")[2] for line in found) == [f"df{mine}", f"qf{mine}"]
    said = typed(lab, TRY, mine)
    assert "250" in said and "RCPT To:" in said
    assert (relay.recipients(), lab.queue_ids()) == ([recipient], [other])
