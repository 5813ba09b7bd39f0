"""One list server for all tests of runs through a spool, emptied for each."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy.sandbox.hosts import Users
from deploy.sandbox.tools import SendmailTools
from tests.integration.wrapper.list_server import ListServer, build_list_server


@pytest.fixture(scope="session")
def built_server(
    scratch_root: Path, sendmail_tools: SendmailTools, unix_users: Users
) -> ListServer:
    """The host and a wrapper built for it."""
    return build_list_server(scratch_root / "runs", sendmail_tools, unix_users)


@pytest.fixture
def server(built_server: ListServer) -> ListServer:
    """The list server without a release."""
    built_server.clear()
    return built_server
