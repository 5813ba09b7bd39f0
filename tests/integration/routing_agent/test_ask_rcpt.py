"""Asking the host's own MTA about recipients: a real sendmail, and servers that behave badly."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from deploy.sandbox.broker import free_port
from deploy.sandbox.tools import SendmailTools
from mailadmin.wire.core.results import VerbResult
from routing.agent import ask_rcpt as module
from routing.agent.ask_rcpt import ask_rcpt
from routing.agent.host import HostConfig
from routing.core.facts import HostKind
from routing.core.rcpt import MOST_ADDRESSES
from tests.fixtures.sandbox import Sink
from tests.fixtures.scripted import Script, serving
from tests.integration.routing_agent.conftest import MailHost

SHORT = 1.0
MTA = """\
divert(-1)
divert(0)dnl
include(`{cf_dir}m4/cf.m4')dnl
OSTYPE(`linux')dnl
define(`QUEUE_DIR', `{place}/queue')dnl
define(`STATUS_FILE', `')dnl
define(`ALIAS_FILE', `{place}/aliases')dnl
define(`confPID_FILE', `{place}/mta.pid')dnl
define(`confCW_FILE', `')dnl
define(`confRUN_AS_USER', `{user}')dnl
define(`confTRUSTED_USER', `{user}')dnl
define(`confSERVICE_SWITCH_FILE', `{switch}')dnl
define(`confDONT_BLAME_SENDMAIL', `GroupWritableDirPathSafe')dnl
undefine(`confHOST_STATUS_DIRECTORY')dnl
FEATURE(`no_default_msa')dnl
FEATURE(`accept_unresolvable_domains')dnl
FEATURE(`access_db', `hash {place}/access')dnl
FEATURE(`blocklist_recipients')dnl
DAEMON_OPTIONS(`Name=MTA, Addr=127.0.0.1, Port={port}')dnl
LOCAL_DOMAIN(`lists.example')dnl
RELAY_DOMAIN(`relayed.example')dnl
MAILER(`local')dnl
MAILER(`smtp')dnl
"""


@pytest.fixture
def host(listes: MailHost) -> Callable[..., HostConfig]:
    """The configuration of an agent whose MTA listens on a port."""

    def configured(port: int) -> HostConfig:
        given = {**listes.config(), "kind": HostKind.LIST_SERVER, "local_mta_port": port}
        return HostConfig(**given)

    return configured


def asked(host: HostConfig, *addresses: str) -> VerbResult:
    return ask_rcpt(host, {"addresses": list(addresses)}, None)


def verdicts(given: VerbResult) -> list[tuple[str, int]]:
    found: Any = given.body["answers"]
    return [(answer["verdict"], answer["code"]) for answer in found]


def error(given: VerbResult) -> dict[str, Any]:
    assert given.outcome == "failed", given.body
    found: Any = given.body["error"]
    return dict(found)


@pytest.fixture
def mta(listes: MailHost, tmp_path: Path) -> Iterator[int]:
    """The port of a real sendmail that has one domain, relays for another and greylists a third."""
    tools, user = listes.tools, listes.tree.users.spool
    place = listes.tree.run / "mta"
    port = free_port()
    _run(listes, "mkdir", "-p", str(place / "queue"))
    _build(tools, listes, place, port, user)
    argv = listes.tree.command(user, [str(tools.sendmail), "-C", str(place / "mta.cf"), "-bD"])
    log = (tmp_path / "mta.log").open("wb")
    process = subprocess.Popen(argv, stdout=log, stderr=log)
    try:
        _until_listening(port, process)
        yield port
    finally:
        process.terminate()
        process.wait(timeout=300)
        log.close()


def _build(tools: SendmailTools, listes: MailHost, place: Path, port: int, user: str) -> None:
    text = MTA.format(
        cf_dir=tools.cf_dir,
        place=place,
        port=port,
        user=user,
        switch=listes.tree.service_switch,
    )
    made = subprocess.run(
        [str(tools.m4), "-D_NO_MAKEINFO_", "-"],
        input=text.encode(),
        capture_output=True,
        check=True,
    )
    (place / "mta.cf").write_bytes(made.stdout)
    (place / "aliases").write_text(f"postmaster: {user}\nboard: {user}\n")
    _run(listes, str(tools.sendmail), "-C", str(place / "mta.cf"), "-bi")
    table = b"To:later.example ERROR:4.7.1:450 greylisted, come back later\n"
    table += b"To:closed.example ERROR:5.7.1:550 closed\n"
    argv = [str(tools.makemap), "-C", str(place / "mta.cf"), "hash", str(place / "access.db")]
    listes.as_host(listes.tree, user, *argv, stdin=table)


def _run(listes: MailHost, *argv: str) -> None:
    ran = listes.as_host(listes.tree, listes.tree.users.spool, *argv)
    assert ran.returncode == 0, ran.stderr.decode() + ran.stdout.decode()


def _until_listening(port: int, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + 60
    while time.monotonic() < end and process.poll() is None:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    pytest.fail("the MTA did not start")


def test_real_sendmail_says_what_it_has_and_what_it_only_relays(
    host: Callable[..., HostConfig], mta: int
) -> None:
    """From loopback it relays for everybody: that postmaster is taken says little, that an address
    which cannot be there is refused says that the domain is its own."""
    given = asked(
        host(mta),
        "postmaster@lists.example",
        "board@lists.example",
        "nobody-has-this-7f3a@lists.example",
        "nobody-has-this-7f3a@relayed.example",
        "postmaster@unknown.example",
        "postmaster@later.example",
        "postmaster@closed.example",
    )
    assert verdicts(given) == [
        ("accepted", 250),
        ("accepted", 250),
        ("refused", 550),
        ("accepted", 250),
        ("accepted", 250),
        ("later", 450),
        ("refused", 550),
    ]
    answers: Any = given.body["answers"]
    assert "5.1.1" in answers[2]["text"] and "User unknown" in answers[2]["text"]
    assert "greylisted" in answers[5]["text"]
    assert given.body["mta"] == f"127.0.0.1:{mta}"
    assert "Sendmail 8." in str(given.body["greeting"])


def test_nothing_is_ever_sent(host: Callable[..., HostConfig], sink: Callable[..., Sink]) -> None:
    server = sink("mta")
    assert verdicts(asked(host(server.port), "a@b.example", "c@d.example")) == [
        ("accepted", 250),
        ("accepted", 250),
    ]
    assert server.messages() == []


@pytest.mark.parametrize(
    ("line", "verdict"),
    [("451 4.7.1 greylisted", ("later", 451)), ("550 5.1.1 no such user", ("refused", 550))],
)
def test_a_refusal_of_the_null_sender_is_an_answer_too(
    host: Callable[..., HostConfig], sink: Callable[..., Sink], line: str, verdict: tuple[str, int]
) -> None:
    for step in ("MAIL", "RCPT"):
        server = sink(step.lower(), **{step: line})
        assert verdicts(asked(host(server.port), "a@b.example")) == [verdict]


def test_a_closed_port_says_what_to_start(host: Callable[..., HostConfig]) -> None:
    port = free_port()
    said = error(asked(host(port), "a@b.example"))
    assert said["code"] == "mta_closed"
    assert f"Nothing takes a connection at 127.0.0.1:{port}: Connection refused." in said["text"]
    assert said["unchanged"] == "Nothing was sent."


HELLO = (b"220 x ESMTP\r\n", b"250 x\r\n")
OK = b"250 2.1.0 ok\r\n"
BAD: dict[str, tuple[Script, str]] = {
    "says nothing": (Script(()), "mta_silent"),
    "drips": (Script([piece for sign in b"220-slow" * 40 for piece in (bytes([sign]), 0.05)]), ""),
    "never ends its greeting": (Script([b"220-and on\r\n"] * 4000), "mta_nonsense"),
    "has no line end": (Script([b"2" * 100_000]), "mta_nonsense"),
    "speaks HTTP": (Script([b"HTTP/1.1 400 Bad Request\r\n\r\n"]), "mta_nonsense"),
    "speaks binary": (Script([b"\x16\x03\x01\x00\xff\xfe\n"]), "mta_nonsense"),
    "closes at once": (Script([-1.0]), "mta_closed"),
    "is busy": (Script([b"421 4.3.2 too many connections\r\n", -1.0]), "mta_busy"),
    "wants nobody": (Script([b"554 5.7.1 no\r\n", -1.0]), "mta_refuses"),
    "refuses EHLO": (Script([b"220 x\r\n", b"502 5.5.1 what\r\n"]), "mta_refuses"),
    "hangs after its greeting": (Script([b"220 x\r\n"]), "mta_silent"),
}


@pytest.mark.parametrize("what", BAD)
def test_a_bad_server_is_named_in_time(
    host: Callable[..., HostConfig], monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    monkeypatch.setattr(module, "SESSION_SECONDS", SHORT)
    script, code = BAD[what]
    with serving(script) as port:
        began = time.monotonic()
        said = error(asked(host(port), "a@b.example"))
        assert time.monotonic() - began < SHORT + 30
    assert said["code"] == (code or "mta_silent")
    assert f"127.0.0.1:{port}" in said["text"]


@pytest.mark.parametrize(
    ("rest", "why"),
    [
        ([b"421 4.3.2 going down\r\n"], "ended the session: 421 4.3.2 going down"),
        ([-1.0], "closed the connection"),
        ([], "took longer than 1 s"),
        ([b"what?\r\n"], "does not speak SMTP"),
    ],
)
def test_what_a_session_that_breaks_has_said_is_kept(
    host: Callable[..., HostConfig],
    monkeypatch: pytest.MonkeyPatch,
    rest: list[bytes | float],
    why: str,
) -> None:
    monkeypatch.setattr(module, "SESSION_SECONDS", SHORT)
    first = [*HELLO, OK, b"550 5.1.1 no\r\n", OK, OK]
    with serving(Script([*first, *rest])) as port:
        given = asked(host(port), "a@b.example", "c@d.example", "e@f.example")
    answers: Any = given.body["answers"]
    assert verdicts(given)[0] == ("refused", 550)
    assert verdicts(given)[2] == ("not_asked", 0)
    assert why in answers[2]["text"]


@pytest.mark.parametrize(
    "addresses",
    [
        [],
        "a@b.example",
        None,
        [7],
        ["a@b.example\r\nDATA"],
        ["<a@b.example>"],
        ["a b@c.example"],
        ["no-at"],
        ["a@b.example"] * (MOST_ADDRESSES + 1),
    ],
)
def test_only_plain_addresses_become_lines_of_a_session(
    host: Callable[..., HostConfig], sink: Callable[..., Sink], addresses: Any
) -> None:
    given = ask_rcpt(host(sink("mta").port), {"addresses": addresses}, None)
    assert error(given)["code"] == "malformed"
