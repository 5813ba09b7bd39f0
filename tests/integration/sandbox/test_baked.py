"""Before the first release the wrapper submits with the configuration from the install."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from deploy.sandbox.broker import free_port
from deploy.sandbox.layout import Sandbox, install_wrapper, make_sandbox
from deploy.sandbox.tools import SendmailTools
from tests.fixtures.sandbox import AsHost, Sink

SUBMIT = ["-L", "sm-sympa", "-oi", "-odi", "-oem", "-Am"]


@pytest.fixture
def sandbox(scratch: Path, sendmail_tools: SendmailTools, var_dir: Path) -> Sandbox:
    return make_sandbox(scratch, sendmail_tools, var_dir / "agent-venv", web_port=free_port())


def test_a_submission_without_a_release_is_routed_as_at_the_install(
    sandbox: Sandbox, as_host: AsHost, sink: Callable[..., Sink]
) -> None:
    install_wrapper(sandbox)
    mta, relay = sink("mta", sandbox.ports.mta), sink("relay", sandbox.ports.relay)
    tree = sandbox.listes
    recipients = ["a@jres.org", "b@example.org"]
    argv = [str(tree.wrapper), *SUBMIT, "-f", "list-owner@renater.fr", "--", *recipients]
    message = b"Message-ID: <1@renater.fr>\nSubject: x\n\nhello\n"
    sent = as_host(tree, tree.users.spool, *argv, stdin=message)
    assert sent.returncode == 0
    assert f"taking {tree.baked_cf}" in sent.stderr.decode()
    assert mta.recipients() == ["a@jres.org"]
    assert relay.recipients() == ["b@example.org"]
    assert list(tree.spool.iterdir()) == []


def test_the_wrapper_is_built_once(sandbox: Sandbox) -> None:
    install_wrapper(sandbox)
    before = sandbox.listes.wrapper.stat()
    install_wrapper(sandbox)
    assert sandbox.listes.wrapper.stat().st_ino == before.st_ino
