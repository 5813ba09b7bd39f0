"""A slice by the table: real sendmail, the relay that is back, nothing past it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from deploy.sandbox.broker import free_port
from mailadmin.wire.core.messages import Verb
from tests.fixtures.odd_mx import OddMx
from tests.fixtures.sandbox import Sink
from tests.integration.runs.lab import Lab, know, make_lab
from tests.integration.runs.test_flush import NOBODY_LISTENS, fates, given, refusal, run
from tests.integration.runs.test_queue_run import end
from tests.integration.wrapper.list_server import ListServer

OUTSIDE = "a.example"
NAMES = [f"n{at}@{OUTSIDE}" for at in range(6)]


@dataclass(frozen=True, slots=True)
class Put:
    """A list server whose messages were put off by its relay; `mx` is the receiver past it."""

    server: ListServer
    mx: OddMx
    port: int

    def lab(self, relay_port: int = NOBODY_LISTENS, site_m4: str = "") -> Lab:
        """With a release that is new, and sends to this port of the relay."""
        self.server.clear_releases()
        lab = make_lab(self.server, relay_port=relay_port, mx_port=self.port, site_m4=site_m4)
        know(lab, [(OUTSIDE, self.mx.address)])
        return lab


@pytest.fixture
def put(server: ListServer) -> Iterator[Put]:
    port = free_port()
    with OddMx("127.0.0.11", port) as mx:
        off = Put(server, mx, port)
        lab = off.lab()
        for name in NAMES:
            assert lab.submit(name)
        yield off


def test_what_waits_goes_by_the_relay_and_nothing_past_it(
    put: Put, sink: Callable[..., Sink]
) -> None:
    relay = sink("relay")
    lab = put.lab(relay.port)
    result = run(lab, Verb.RETRY)
    assert fates(result) == dict.fromkeys(NAMES, "sent")
    assert {item["host"] for item in result["receipts"]} == {"smtp1.renater.fr"}
    assert (relay.recipients(), put.mx.recipients(), lab.queue_ids()) == (NAMES, [], [])


def test_what_was_picked_goes_and_the_rest_waits(put: Put, sink: Callable[..., Sink]) -> None:
    relay = sink("relay")
    lab = put.lab(relay.port)
    mine, *others = lab.queue_ids()
    result = run(lab, Verb.RETRY, queue_ids=[mine])
    assert relay.recipients() == list(fates(result))
    assert lab.queue_ids() == others


def test_a_relay_that_is_still_away_costs_one_try_and_loses_nothing(put: Put) -> None:
    lab = put.lab()
    result = run(lab, Verb.RETRY)
    assert set(fates(result).values()) == {"deferred", "untouched"}
    assert result["left"] == {"unreachable": len(NAMES) - 1}
    assert (len(lab.queue_ids()), put.mx.recipients()) == (len(NAMES), [])


def test_it_does_not_ask_how_young_a_message_is(put: Put, sink: Callable[..., Sink]) -> None:
    """The normal runner leaves what was tried a moment ago, as its configuration says."""
    relay = sink("relay")
    lab = put.lab(relay.port, site_m4="define(`confMIN_QUEUE_AGE', `1h')dnl\n")
    assert end(lab.run_queue())[0] == 0
    assert (relay.recipients(), len(lab.queue_ids())) == ([], len(NAMES))
    run(lab, Verb.RETRY)
    assert relay.recipients() == NAMES


def test_only_the_live_release_is_used(put: Put) -> None:
    assert refusal(given(put.lab(), Verb.RETRY, release="f" * 64)) == "not_live"
