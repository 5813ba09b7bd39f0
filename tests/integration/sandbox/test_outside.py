"""The world outside of a sandbox: on loopback alone, where it was, absent without port 25."""

from __future__ import annotations

import ipaddress
import os
import socket
from pathlib import Path

import pytest

from deploy.sandbox.broker import free_port
from deploy.sandbox.layout import LOCAL_HOST, Sandbox, make_sandbox
from deploy.sandbox.outside import DOMAINS, SMTP_PORT, draw_block
from deploy.sandbox.processes import sandbox_processes
from deploy.sandbox.tools import SendmailTools


@pytest.fixture
def sandbox(scratch: Path, sendmail_tools: SendmailTools) -> Sandbox:
    return make_sandbox(scratch / "var", sendmail_tools, scratch / "venv", free_port())


def names(sandbox: Sandbox) -> list[str]:
    return [process.name for process in sandbox_processes(sandbox)]


def test_the_list_server_alone_knows_where_it_is(sandbox: Sandbox) -> None:
    lines = (sandbox.listes.etc / "hosts").read_text().splitlines()
    known = {name: address for address, name in (line.split("\t") for line in lines[1:])}
    assert {domain: known[domain] for domain in DOMAINS} == sandbox.outside.addresses
    assert known[LOCAL_HOST] == sandbox.outside.nobody
    assert len(set(known.values())) == len(DOMAINS) + 2
    with pytest.raises(OSError, match="not known|Temporary failure|No address"):
        socket.gethostbyname(DOMAINS[0])


def test_every_address_is_of_this_machine_and_no_other_sandboxs() -> None:
    blocks = {draw_block() for _ in range(50)}
    assert len(blocks) > 40
    for block in blocks:
        address = ipaddress.ip_address(f"{block}.200")
        assert address.is_loopback
        assert not block.startswith("127.0.")


def test_it_is_where_it_was_at_the_next_start(sandbox: Sandbox) -> None:
    again = make_sandbox(sandbox.var, sandbox.tools, sandbox.agent_venv)
    assert again.outside == sandbox.outside


@pytest.mark.skipif(os.geteuid() != 0, reason="port 25 is root's")
def test_it_is_left_out_where_another_program_has_the_port(sandbox: Sandbox) -> None:
    assert "outside" in names(sandbox)
    with socket.socket() as other:
        other.bind((f"{sandbox.outside.block}.3", SMTP_PORT))
        other.listen()
        assert "outside" not in names(sandbox)
    assert {"mta", "relay"} <= set(names(sandbox))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may have port 25")
def test_a_normal_user_gets_all_but_it(sandbox: Sandbox) -> None:
    assert "outside" not in names(sandbox)
    assert {"mta", "relay"} <= set(names(sandbox))
