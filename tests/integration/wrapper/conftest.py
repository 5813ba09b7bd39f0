"""One list server for all tests of the wrapper, emptied for each."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from deploy.sandbox.hosts import Users
from deploy.sandbox.tools import SendmailTools
from tests.fixtures.sandbox import Sink
from tests.integration.wrapper.gate import Gate
from tests.integration.wrapper.list_server import ListServer, build_list_server

NOBODY_LISTENS = 1


@pytest.fixture(scope="session")
def built_server(
    scratch_root: Path, sendmail_tools: SendmailTools, unix_users: Users
) -> ListServer:
    """The host and a wrapper built for it."""
    return build_list_server(scratch_root / "wrapper", sendmail_tools, unix_users)


@pytest.fixture
def server(built_server: ListServer) -> ListServer:
    """The list server without a release."""
    built_server.clear()
    return built_server


@pytest.fixture
def relay(sink: Callable[..., Sink]) -> Sink:
    """The outgoing relay; takes everything."""
    return sink("relay")


@pytest.fixture
def live(server: ListServer, relay: Sink) -> ListServer:
    """The list server with release "a" live, which goes to the relay."""
    server.make_release("a", relay.port)
    server.activate("a")
    return server


@pytest.fixture(scope="session")
def built_other(built_server: ListServer) -> ListServer:
    return built_server.with_wrapper("sendmail-other", built_server.tree.path / "bin/other")


@pytest.fixture
def other(server: ListServer, built_other: ListServer) -> ListServer:
    """The list server with a wrapper that calls a program of the test, missing at first.

    A release is live; nobody listens where it sends.
    """
    server.make_release("a", NOBODY_LISTENS)
    server.activate("a")
    built_other.paths.sendmail.unlink(missing_ok=True)
    return built_other


@pytest.fixture
def bereft(live: ListServer, built_other: ListServer) -> ListServer:
    """The live list server with a wrapper whose sendmail is missing, until a test brings one."""
    built_other.paths.sendmail.unlink(missing_ok=True)
    return built_other


@pytest.fixture
def silent_port() -> Iterator[int]:
    """A port where a connection is taken and nothing is ever said."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


@pytest.fixture
def gate() -> Iterator[Gate]:
    """A port where a connection is held until the test lets it through."""
    held = Gate()
    yield held
    held.close()
