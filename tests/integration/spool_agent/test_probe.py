"""Probing relays: a real sendmail, a server that records, and servers that behave badly."""

from __future__ import annotations

import json
import socket
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from typing import Any

import pytest

from deploy.sandbox.broker import free_port
from deploy.sandbox.hosts import HostTree
from mailadmin.wire.core.canonical import canonical
from spools.agent.probe import probe
from spools.core.probe import (
    MOST_HOSTS,
    HostProbe,
    ProbeOrder,
    ProbeReport,
    RelayHost,
    StepName,
    Trouble,
    Verdict,
)
from tests.fixtures.sandbox import CHECKOUT, AsHost, Sink
from tests.fixtures.scripted import HANG_UP, Script, deaf, serving
from tests.integration.spool_agent.run_probe import HOST

RECIPIENT = "postmaster@listes.renater.fr"
RUNNER = "tests.integration.spool_agent.run_probe"
SHORT = 1
SOON = 30
"""Far from the minutes, or the end of days, that it takes without a bound of ours."""
WHOLE = ["resolve", "connect", "banner", "ehlo", "mail", "rcpt", "rset", "quit"]


def order(*hosts: tuple[str, int], seconds: int = 5) -> dict[str, Any]:
    relays = tuple(RelayHost("smtp1", host, port) for host, port in hosts)
    return ProbeOrder(relays, RECIPIENT, seconds).to_json()


def probed(port: int, *, host: str = "127.0.0.1", seconds: int = 5) -> HostProbe:
    """One host, with its answer on the wire and back."""
    given = probe(HOST, order((host, port), seconds=seconds), None)
    assert given.outcome == "done", given.body
    report = ProbeReport.from_json(json.loads(canonical(given.body)))
    assert abs(report.at - time.time()) < 60
    return report.hosts[0]


def walked(found: HostProbe) -> list[str]:
    return [step.name.value for step in found.steps]


def test_a_relay_that_takes_mail_is_asked_up_to_rcpt(sink: Callable[..., Sink]) -> None:
    server = sink("smtp1")

    found = probed(server.port)

    assert walked(found) == WHOLE
    assert [step.code for step in found.steps] == [0, 0, 220, 250, 250, 250, 250, 221]
    assert [step.said for step in found.steps][3:] == [
        "EHLO listes.renater.fr",
        "MAIL FROM:<>",
        f"RCPT TO:<{RECIPIENT}>",
        "RSET",
        "QUIT",
    ]
    assert found.steps[0].text == found.steps[-1].address == "127.0.0.1"
    assert (found.verdict, found.why, found.tls) == (Verdict.TAKES, "", False)
    assert server.messages() == []


def test_the_time_of_each_step_is_told() -> None:
    greeting, hello, sender = b"220 x\r\n", b"250 x\r\n", b"250 ok\r\n"
    with serving(Script([0.3, greeting, 0.4, hello, 0.5, sender, b"250 ok\r\n"])) as port:
        found = probed(port)
    took = {step.name: step.ms for step in found.steps}
    # The server waits from when it has spoken: what we are late to hear of that is not in the step.
    assert took[StepName.BANNER] >= 200
    assert took[StepName.EHLO] >= 300
    assert took[StepName.MAIL] >= 400
    assert took[StepName.RCPT] < 290
    assert found.ms == sum(took.values())
    assert found.verdict is Verdict.TAKES


def test_tls_that_is_offered_is_noted() -> None:
    offer = b"250-x\r\n250-PIPELINING\r\n250 STARTTLS\r\n"
    with serving(Script([b"220 x\r\n", offer, *[b"250 ok\r\n"] * 2])) as port:
        assert probed(port).tls


OK = b"250 2.1.0 ok\r\n"
BEFORE = {
    "banner": [],
    "ehlo": [b"220 x ESMTP\r\n"],
    "mail": [b"220 x ESMTP\r\n", OK],
    "rcpt": [b"220 x ESMTP\r\n", OK, OK],
}
SAID_NO = {
    "421 4.3.2 too many connections": Verdict.BUSY,
    "450 4.2.0 try later": Verdict.BUSY,
    "451 4.7.1 greylisted": Verdict.BUSY,
    "550 5.7.1 relaying denied": Verdict.REFUSES,
    "554 5.3.0 no service": Verdict.REFUSES,
}


@pytest.mark.parametrize("step", BEFORE)
@pytest.mark.parametrize("line", SAID_NO)
def test_a_refusal_at_each_step_is_told_with_its_words(step: str, line: str) -> None:
    no = line.encode() + b"\r\n"
    with serving(Script([*BEFORE[step], no, no])) as port:
        found = probed(port)
    last = found.deciding
    assert last is not None
    # A refused EHLO is followed by HELO, which says the same here.
    helo = step == "ehlo" and line.startswith("5")
    assert last.name == ("helo" if helo else step)
    assert (last.code, last.text) == (int(line[:3]), line[4:])
    assert found.verdict is SAID_NO[line]
    assert line in found.why and f"(to {'the connection' if step == 'banner' else ''}" in found.why


def test_a_server_of_before_esmtp_is_greeted_by_helo() -> None:
    with serving(Script([b"220 x\r\n", b"502 what?\r\n", OK, OK, OK])) as port:
        found = probed(port)
    assert walked(found)[3:6] == ["ehlo", "helo", "mail"]
    assert found.verdict is Verdict.TAKES


@pytest.mark.parametrize("text", ["550 5.1.1 User unknown", "553 5.1.3 bad address syntax"])
def test_a_refusal_of_that_address_says_nothing_against_the_relay(text: str) -> None:
    with serving(Script([*BEFORE["rcpt"], text.encode() + b"\r\n"])) as port:
        found = probed(port)
    assert (found.verdict, found.why) == (Verdict.TAKES, "")


@pytest.mark.parametrize("text", ["550 5.1.8 sender rejected", "550 no local users"])
def test_another_refusal_of_the_recipient_is_one_of_our_mail(text: str) -> None:
    with serving(Script([*BEFORE["rcpt"], text.encode() + b"\r\n"])) as port:
        assert probed(port).verdict is Verdict.REFUSES


DRIP = [piece for sign in b"220-slow" * 400 for piece in (bytes([sign]), 0.005)]
BAD: Mapping[str, tuple[list[bytes | float], Trouble]] = {
    "says nothing": ([], Trouble.SILENT),
    "drips": (DRIP, Trouble.SILENT),
    "never ends": ([b"220-and on\r\n", *[b"250-and on\r\n"] * 4000], Trouble.NONSENSE),
    "has no line end": ([b"2" * 100_000], Trouble.NONSENSE),
    "speaks HTTP": ([b"HTTP/1.1 400 Bad Request\r\n\r\n"], Trouble.NONSENSE),
    "speaks binary": ([b"\x16\x03\x01\x00\xff\xfe\n"], Trouble.NONSENSE),
    "answers as to DATA": ([b"354 go on\r\n"], Trouble.NONSENSE),
    "closes": ([HANG_UP], Trouble.CLOSED),
}


@pytest.mark.parametrize("what", BAD)
@pytest.mark.parametrize("step", BEFORE)
def test_a_bad_server_is_named_in_time_at_each_step(step: str, what: str) -> None:
    script, trouble = BAD[what]
    with serving(Script([*BEFORE[step], *script])) as port:
        began = time.monotonic()
        found = probed(port, seconds=SHORT)
        assert time.monotonic() - began < SHORT + SOON
    last = found.deciding
    assert last is not None and last.name == step
    assert last.trouble is trouble
    assert (found.verdict, bool(found.why)) == (Verdict.FAILS, True)


@pytest.mark.parametrize("left", [[], [HANG_UP], [b"what?\r\n"], [b"421 bye\r\n"]])
def test_what_a_server_does_when_it_is_left_changes_nothing(left: list[bytes | float]) -> None:
    with serving(Script([*BEFORE["rcpt"], OK, *left])) as port:
        began = time.monotonic()
        found = probed(port, seconds=2 * SOON)
        assert time.monotonic() - began < SOON
    assert (found.verdict, found.why) == (Verdict.TAKES, "")


def test_a_closed_port_refuses() -> None:
    found = probed(free_port())
    assert walked(found) == ["resolve", "connect"]
    assert (found.steps[-1].trouble, found.why) == (Trouble.REFUSED, "Connection refused")
    assert found.verdict is Verdict.FAILS


def test_a_host_that_drops_connections_costs_its_time_and_no_more() -> None:
    with deaf() as port:
        began = time.monotonic()
        found = probed(port, seconds=SHORT)
        assert SHORT * 0.9 < time.monotonic() - began < SHORT + SOON
    assert walked(found) == ["resolve", "connect"]
    assert found.steps[-1].trouble is Trouble.SILENT
    assert found.why == "No answer to the connection in 1 s"


def test_a_host_that_no_way_leads_to_is_not_reachable() -> None:
    found = probed(25, host="255.255.255.255")
    assert (found.steps[-1].trouble, found.verdict) == (Trouble.UNREACHABLE, Verdict.FAILS)


@pytest.fixture
def on_host(
    host_dir: Callable[..., HostTree], as_host: AsHost
) -> Callable[[str, str, Mapping[str, Any]], HostProbe]:
    """Probe from a sandboxed host with these lines in /etc/hosts, and this name server or none."""
    tree = host_dir()

    def run(hosts: str, server: str, arguments: Mapping[str, Any]) -> HostProbe:
        with (tree.etc / "hosts").open("a") as out:
            out.write(hosts)
        if server:
            (tree.etc / "resolv.conf").write_text(f"nameserver {server}\noptions timeout:30\n")
            switch = tree.etc / "nsswitch.conf"
            switch.write_text(switch.read_text().replace("hosts: files", "hosts: files dns"))
        argv = ["/usr/bin/env", f"--chdir={CHECKOUT}", sys.executable, "-m", RUNNER]
        ran = as_host(tree, tree.users.spool, *argv, stdin=json.dumps(arguments).encode())
        assert ran.returncode == 0, ran.stderr.decode()
        return ProbeReport.from_json(json.loads(ran.stdout)).hosts[0]

    return run


OnHost = Callable[[str, str, Mapping[str, Any]], HostProbe]


def test_the_addresses_of_a_name_are_tried_until_one_takes_a_connection(on_host: OnHost) -> None:
    hosts = "127.0.0.8 two.example\n127.0.0.9 two.example\n"
    script = Script([*BEFORE["rcpt"], OK, OK, OK])
    with serving(script, "127.0.0.9") as port:
        found = on_host(hosts, "", order(("two.example", port)))
    assert found.steps[0].text == "127.0.0.8 127.0.0.9"
    tried = [(step.address, step.trouble) for step in found.steps if step.name == "connect"]
    assert tried == [("127.0.0.8", Trouble.REFUSED), ("127.0.0.9", Trouble.NONE)]
    assert found.verdict is Verdict.TAKES


def test_a_name_without_an_address_fails(on_host: OnHost) -> None:
    found = on_host("", "", order(("nowhere.example", 25)))
    assert [(step.name, step.trouble) for step in found.steps] == [("resolve", "no_name")]
    assert (found.verdict, found.why) == (
        Verdict.FAILS,
        "No address is known for nowhere.example",
    )


def test_a_dead_name_server_says_nothing_about_the_relay(on_host: OnHost) -> None:
    """It is bounded too: the C library would ask for a minute and more."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        try:
            silent.bind(("127.0.0.53", 53))
        except PermissionError:
            pytest.skip("only root may be a name server")
        began = time.monotonic()
        found = on_host("", "127.0.0.53", order(("smtp1.example", 25), seconds=2))
        assert time.monotonic() - began < SOON
    assert [(step.name, step.trouble) for step in found.steps] == [("resolve", "no_dns")]
    assert found.verdict is Verdict.UNTOLD


def test_relays_are_probed_side_by_side() -> None:
    with ExitStack() as stack:
        ports = [stack.enter_context(serving(Script(()))) for _ in range(8)]
        good = stack.enter_context(serving(Script([*BEFORE["rcpt"], OK, OK, OK])))
        hosts = [("127.0.0.1", port) for port in [*ports, good]]
        began = time.monotonic()
        given = probe(HOST, order(*hosts, seconds=SOON // 6), None)
        assert time.monotonic() - began < SOON
    report = ProbeReport.from_json(given.body)
    assert [host.relay.port for host in report.hosts] == [*ports, good]
    verdicts = [host.verdict for host in report.hosts]
    assert verdicts == [*[Verdict.FAILS] * 8, Verdict.TAKES]


GOOD = order(("127.0.0.1", 25))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"relays": []}, "at least one host"),
        ({"relays": "smtp1"}, "relays must be a list"),
        ({"relays": [*GOOD["relays"]] * (MOST_HOSTS + 1)}, f"at most {MOST_HOSTS} items"),
        ({"relays": [{"name": "a", "host": "b\r\nDATA", "port": 25}]}, "host must match"),
        ({"relays": [{"name": "a", "host": "b", "port": 70000}]}, "port must be at most 65535"),
        ({"relays": [{"name": "a", "host": "b"}]}, "port is missing"),
        ({"recipient": "a@b>\r\nDATA"}, "recipient must match"),
        ({"seconds": 0}, "seconds must be a whole number from 1"),
        ({"seconds": 3600}, "seconds must be at most 60"),
        ({"more": 1}, "more is not known"),
    ],
)
def test_an_order_of_another_shape_is_refused_with_every_fault(
    change: Mapping[str, Any], says: str
) -> None:
    given = probe(HOST, {**GOOD, **change}, None)
    assert given.outcome == "failed"
    error: Any = given.body["error"]
    assert error["code"] == "malformed"
    assert says in error["text"]
