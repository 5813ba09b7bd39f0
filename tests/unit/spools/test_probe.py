"""What a probe found crosses the wire as it is, and tells of its relay what its steps say."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailadmin.wire.core.canonical import canonical
from mailadmin.wire.core.fields import MessageError
from spools.core.probe import (
    HostProbe,
    ProbeOrder,
    ProbeReport,
    RelayHost,
    Step,
    StepName,
    Trouble,
    Verdict,
    best_of,
)

SMTP1 = RelayHost("smtp1", "smtp1.renater.fr", 25)
NAMES = st.from_regex(r"[a-z0-9][a-z0-9-]{0,30}", fullmatch=True)
TEXTS = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=80)
STEPS = st.builds(
    Step,
    name=st.sampled_from(StepName),
    ms=st.integers(0, 60_000),
    address=TEXTS,
    said=TEXTS,
    code=st.sampled_from([0, 220, 250, 354, 421, 450, 550, 554]),
    text=TEXTS,
    trouble=st.sampled_from(Trouble),
)
HOSTS = st.builds(
    HostProbe,
    relay=st.builds(RelayHost, NAMES, NAMES, st.integers(1, 65535)),
    steps=st.lists(STEPS, max_size=12).map(tuple),
    tls=st.booleans(),
)
REPORTS = st.builds(
    ProbeReport,
    at=st.integers(0, 2**40),
    recipient=st.just("postmaster@listes.renater.fr"),
    hosts=st.lists(HOSTS, max_size=4).map(tuple),
)


def host(*steps: Step) -> HostProbe:
    return HostProbe(SMTP1, steps)


def no(code: int, text: str, name: StepName = StepName.RCPT) -> HostProbe:
    return host(Step(StepName.CONNECT, 1), Step(name, 1, code=code, text=text))


def failed(trouble: Trouble, name: StepName = StepName.CONNECT) -> HostProbe:
    return host(Step(name, 1, text="Connection refused.", trouble=trouble))


TAKES = host(Step(StepName.RCPT, 1, code=250), Step(StepName.QUIT, 1, trouble=Trouble.CLOSED))


@given(REPORTS)
def test_a_report_crosses_the_wire_as_it_is(report: ProbeReport) -> None:
    assert ProbeReport.from_json(json.loads(canonical(report.to_json()))) == report


@given(HOSTS)
def test_every_probe_has_a_verdict_and_a_bad_one_a_reason(probe: HostProbe) -> None:
    if probe.verdict in (Verdict.BUSY, Verdict.REFUSES):
        assert probe.why
    if probe.verdict is Verdict.TAKES:
        assert probe.why == ""


def test_an_order_crosses_the_wire_as_it_is() -> None:
    order = ProbeOrder((SMTP1,), "postmaster@listes.renater.fr", 10)
    assert ProbeOrder.from_json(json.loads(canonical(order.to_json()))) == order


@pytest.mark.parametrize(
    ("probe", "verdict", "why"),
    [
        (TAKES, Verdict.TAKES, ""),
        (host(), Verdict.UNTOLD, ""),
        (no(550, "5.1.1 unknown"), Verdict.TAKES, ""),
        (no(550, "5.1.8 no"), Verdict.REFUSES, "550 5.1.8 no (to RCPT)"),
        (no(550, "5.1.1 no", StepName.MAIL), Verdict.REFUSES, "550 5.1.1 no (to MAIL)"),
        (no(451, "4.7.1 later"), Verdict.BUSY, "451 4.7.1 later (to RCPT)"),
        (no(421, "", StepName.BANNER), Verdict.BUSY, "421 (to the connection)"),
        (failed(Trouble.REFUSED), Verdict.FAILS, "Connection refused"),
        (failed(Trouble.NO_NAME, StepName.RESOLVE), Verdict.FAILS, "Connection refused"),
        (failed(Trouble.NO_DNS, StepName.RESOLVE), Verdict.UNTOLD, "Connection refused"),
        # Only a half: a server that ended after MAIL took nothing.
        (host(Step(StepName.MAIL, 1, code=250)), Verdict.FAILS, "250 (to MAIL)"),
    ],
)
def test_what_steps_say(probe: HostProbe, verdict: Verdict, why: str) -> None:
    assert (probe.verdict, probe.why) == (verdict, why)


def test_the_best_host_speaks_for_a_relay_target() -> None:
    busy, refuses = no(450, "later"), no(550, "no")
    fails, untold = failed(Trouble.REFUSED), failed(Trouble.NO_DNS, StepName.RESOLVE)
    assert best_of([fails, refuses, busy, untold, TAKES]) is TAKES
    assert best_of([fails, refuses, busy]) is busy
    # The name of one could not be asked for: nothing bad is known of it.
    assert best_of([fails, untold]) is untold
    assert best_of([]) is None


def test_a_report_names_the_hosts_of_a_relay_target() -> None:
    other = HostProbe(RelayHost("smtp2", "smtp2.renater.fr", 25))
    report = ProbeReport(1, "a@b", (TAKES, other, failed(Trouble.REFUSED)))
    assert report.of("smtp1") == (TAKES, failed(Trouble.REFUSED))
    assert report.of("smtp3") == ()


STEP = Step(StepName.RCPT, 3, "192.0.2.1", "RCPT TO:<a@b>", 250, "ok").to_json()


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"ms": -1}, "ms must be a whole number from 0"),
        ({"ms": 1.5}, "ms must be a whole number"),
        ({"code": 1000}, "code must have three digits"),
        ({"name": "data"}, "name must be one of"),
        ({"trouble": "odd"}, "trouble must be one of"),
        ({"text": "a\nb"}, "text must match"),
        ({"text": None}, "text must match"),
    ],
)
def test_a_report_of_another_shape_is_refused_by_name(change: dict[str, Any], says: str) -> None:
    raw: Any = {"relay": SMTP1.to_json(), "steps": [STEP, {**STEP, **change}], "tls": False}
    with pytest.raises(MessageError, match="steps.1.*: ") as error:
        HostProbe.from_json(raw)
    assert says in str(error.value)


def test_tls_is_true_or_false() -> None:
    with pytest.raises(MessageError, match="tls must be true or false"):
        HostProbe.from_json({"relay": SMTP1.to_json(), "steps": [], "tls": 1})
