"""Whatever goes wrong, the message is where docs/wrapper.md says, once."""

from __future__ import annotations

import os

import pytest

from tests.fixtures.sandbox import Sink
from tests.integration.wrapper.faults import FAULTS, Scene, places_of, started_by_root
from tests.integration.wrapper.gate import Gate
from tests.integration.wrapper.list_server import CHECKOUT, ListServer

HEAD = "| what happens | the message is | exit |\n|---|---|---|\n"


def documented() -> dict[str, tuple[str, str]]:
    """The table of faults: where the message is and the exit code, by what happens."""
    table = (CHECKOUT / "docs/wrapper.md").read_text().partition(HEAD)[2].partition("\n\n")[0]
    rows = [line.strip("| ").split(" | ") for line in table.splitlines()]
    return {what: (where, code) for what, where, code in rows}


@pytest.fixture
def scene(live: ListServer, bereft: ListServer, relay: Sink, gate: Gate, silent_port: int) -> Scene:
    """A live list server where everything works."""
    return Scene(live, bereft, relay, gate, silent_port)


@pytest.mark.parametrize("what", list(FAULTS))
def test_the_message_is_where_the_table_says(scene: Scene, what: str) -> None:
    fault = FAULTS[what]
    if fault is started_by_root and os.geteuid() != 0:
        pytest.skip("only root can start it as root")
    sent = fault(scene)
    where = " and ".join(places_of(scene, sent)) or "lost, and called so"
    code = f"signal {-sent.exit}" if sent.exit < 0 else str(sent.exit)
    assert (where, code) == documented()[what]


def test_the_table_has_these_faults_and_no_others() -> None:
    assert list(documented()) == list(FAULTS)
