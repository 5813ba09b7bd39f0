"""Switching releases under load loses, doubles and misroutes nothing."""

from __future__ import annotations

import time
from collections.abc import Callable
from uuid import UUID

import pytest

from mailadmin.wire.core.messages import Outcome
from routing.agent.activate import activate
from routing.agent.host import HostConfig
from routing.agent.stage import stage
from routing.agent.switch import switch
from routing.core.intent import Intent, ObjectKind, RelayTarget, RoutingObject
from routing.core.render import render
from tests.fixtures.sandbox import Sink
from tests.integration.routing.built import facts_of
from tests.integration.wrapper.list_server import ListServer
from tests.integration.wrapper.submitters import busy

RELAY_ID, ROUTE_ID = UUID(int=1), UUID(int=2)
PAUSE_S = 0.02


@pytest.fixture
def host(server: ListServer) -> HostConfig:
    return server.config()


def stage_for(server: ListServer, host: HostConfig, relay: Sink) -> dict[str, str]:
    """Render and stage a release that gives everything to this relay; what `activate` asks for."""
    target = RelayTarget(RELAY_ID, "smtp1", ("smtp1.renater.fr",), relay.port)
    way_out = RoutingObject(ROUTE_ID, ObjectKind.ROUTE, ".", relay_target=RELAY_ID)
    bundle = render(Intent("listes", (way_out,), (target,)), facts_of(server.tree, server.tools))
    done = stage(host, {"release": bundle.digest}, bundle.canonical)
    assert done.outcome is Outcome.DONE, done.body
    return {"release": bundle.digest, "manifest_digest": str(done.body["manifest_digest"])}


@pytest.fixture
def sinks(sink: Callable[..., Sink]) -> tuple[Sink, Sink]:
    """The relays of the two releases."""
    return sink("one"), sink("two")


@pytest.fixture
def staged(
    server: ListServer, host: HostConfig, sinks: tuple[Sink, Sink]
) -> tuple[dict[str, str], dict[str, str]]:
    """Two releases of the real stage, the first live."""
    first, second = (stage_for(server, host, relay) for relay in sinks)
    switch(host, "current", first["release"])
    return first, second


def submit_with(server: ListServer) -> Callable[[str], int]:
    return lambda recipient: server.submit(recipient).returncode


def assert_all_is_well(server: ListServer) -> None:
    assert (server.queued(), server.kept_files()) == ([], [])


def test_two_hundred_switches_under_eight_submitters(
    server: ListServer,
    host: HostConfig,
    sinks: tuple[Sink, Sink],
    staged: tuple[dict[str, str], dict[str, str]],
) -> None:
    with busy(submit_with(server)) as tally:
        for number in range(200):
            switch(host, "current", staged[number % 2]["release"])
            time.sleep(PAUSE_S)
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
    with busy(submit_with(server)) as tally:
        for number in range(1000):
            base, wanted = staged[number % 2], staged[(number + 1) % 2]
            done = activate(host, {**wanted, "base": base["release"]}, None)
            assert done.outcome is Outcome.DONE, done.body
    tally.assert_delivered_once(*sinks)
    assert_all_is_well(server)
