"""One list server for all tests of runs through a spool, emptied for each."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from deploy.sandbox.hosts import Users, make_host
from deploy.sandbox.tools import SendmailTools
from tests.integration.wrapper.list_server import ListServer, Paths


@pytest.fixture(scope="session")
def built_server(
    scratch_root: Path, sendmail_tools: SendmailTools, unix_users: Users
) -> ListServer:
    """The host and a wrapper built for it."""
    addresses = {"smtp1.renater.fr": "127.0.0.1"}
    tree = make_host(scratch_root / "runs", "listes.renater.fr", addresses, unix_users)
    paths = Paths(
        out=tree.wrapper,
        routing=tree.routing,
        sendmail=sendmail_tools.sendmail,
        kept=tree.kept,
        owner=unix_users.spool,
        baked=tree.etc / "sympa.cf",
    )
    subprocess.run(paths.build_command(), check=True)
    return ListServer(tree, sendmail_tools, paths)


@pytest.fixture
def server(built_server: ListServer) -> ListServer:
    """The list server without a release."""
    built_server.clear()
    return built_server
