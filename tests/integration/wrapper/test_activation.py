"""Switching releases under load loses, doubles and misroutes nothing."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from tests.fixtures.sandbox import Sink
from tests.integration.wrapper.list_server import ListServer

ACTIVATIONS = 100
SUBMITTERS = 4
PAUSE_S = 0.02


def switch(server: ListServer, done: threading.Event) -> None:
    for number in range(ACTIVATIONS):
        server.activate("ab"[number % 2])
        time.sleep(PAUSE_S)
    done.set()


def submit_until(
    server: ListServer, submitter: int, done: threading.Event
) -> list[tuple[str, int]]:
    """Submit one recipient at a time; each with the exit code."""
    results: list[tuple[str, int]] = []
    for number in itertools.count():
        if done.is_set():
            return results
        recipient = f"r{submitter}-{number}@example.net"
        results.append((recipient, server.submit(recipient).returncode))
    raise AssertionError


def test_a_hundred_activations_with_busy_submitters(
    server: ListServer, sink: Callable[..., Sink]
) -> None:
    sinks = [sink("one"), sink("two")]
    for name, relay in zip("ab", sinks, strict=True):
        server.make_release(name, relay.port)
    server.activate("a")
    done = threading.Event()
    with ThreadPoolExecutor(SUBMITTERS + 1) as pool:
        switching = pool.submit(switch, server, done)
        submitters = [pool.submit(submit_until, server, n, done) for n in range(SUBMITTERS)]
        switching.result()
        results = [result for submitter in submitters for result in submitter.result()]
    delivered = sorted(name for relay in sinks for name in relay.recipients())
    assert [result for result in results if result[1] != 0] == []
    assert delivered == sorted(recipient for recipient, _ in results)
    assert all(relay.messages() for relay in sinks)
    assert (server.queued(), server.kept_files()) == ([], [])
