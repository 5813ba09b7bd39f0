"""Switching releases under load loses, doubles and misroutes nothing."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

import pytest

from mailadmin.wire.core.messages import Outcome
from routing.agent.activate import activate
from routing.agent.host import HostConfig
from routing.agent.switch import switch
from tests.fixtures.sandbox import Sink
from tests.integration.wrapper.list_server import ListServer
from tests.integration.wrapper.staged import stage_for
from tests.integration.wrapper.submitters import busy

LOG = logging.getLogger(__name__)
PAUSE_S = 0.02


@pytest.fixture
def host(server: ListServer) -> HostConfig:
    return server.config()


@pytest.fixture
def sinks(sink: Callable[..., Sink]) -> tuple[Sink, Sink]:
    """The relays of the two releases."""
    return sink("one"), sink("two")


@pytest.fixture
def staged(
    server: ListServer, host: HostConfig, sinks: tuple[Sink, Sink]
) -> tuple[dict[str, str], dict[str, str]]:
    """Two releases of the real stage, the first live."""
    first, second = (stage_for(server, relay_port=relay.port) for relay in sinks)
    switch(host, "current", first["release"])
    return first, second


def assert_all_is_well(server: ListServer) -> None:
    assert (server.queued(), server.kept_files()) == ([], [])


def test_two_hundred_switches_under_eight_submitters(
    server: ListServer,
    host: HostConfig,
    sinks: tuple[Sink, Sink],
    staged: tuple[dict[str, str], dict[str, str]],
) -> None:
    with busy(server.submit) as tally:
        for number in range(200):
            switch(host, "current", staged[number % 2]["release"])
            time.sleep(PAUSE_S)
    LOG.info("200 switches: %s", tally.describe())
    tally.assert_delivered_once(*sinks)
    assert_all_is_well(server)


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_a_thousand_activations_under_eight_submitters(
    server: ListServer,
    host: HostConfig,
    sinks: tuple[Sink, Sink],
    staged: tuple[dict[str, str], dict[str, str]],
) -> None:
    with busy(server.submit) as tally:
        for number in range(1000):
            base, wanted = staged[number % 2], staged[(number + 1) % 2]
            done = activate(host, {**wanted, "base": base["release"]}, None)
            assert done.outcome is Outcome.DONE, done.body
    LOG.info("1000 activations: %s", tally.describe())
    tally.assert_delivered_once(*sinks)
    assert_all_is_well(server)
