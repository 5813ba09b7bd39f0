"""Relays of a list server as its agent finds them: what a probe reports, and what we do with it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction

from mailadmin.wire.core.messages import Outcome, Verb
from mailadmin.wire.core.states import AttemptState
from mailadmin.wire.models import Attempt
from routing.models import MailHost
from spools.core.probe import (
    HostProbe,
    ProbeOrder,
    ProbeReport,
    Step,
    StepName,
    Trouble,
)
from spools.models import ProbedServer
from spools.services.probing import record_probes, request_probe

ADDRESS = "192.0.2.20"
PERIOD = timedelta(seconds=30)
TALK = (
    Step(StepName.RESOLVE, 1, text=ADDRESS),
    Step(StepName.CONNECT, 4, ADDRESS),
    Step(StepName.BANNER, 12, ADDRESS, code=220, text="smtp1.renater.fr ESMTP Sendmail 8.17.1.9"),
    Step(
        StepName.EHLO,
        3,
        ADDRESS,
        "EHLO listes.renater.fr",
        250,
        "smtp1.renater.fr Hello listes.renater.fr PIPELINING 8BITMIME SIZE DSN STARTTLS HELP",
    ),
    Step(StepName.MAIL, 5, ADDRESS, "MAIL FROM:<>", 250, "2.1.0 <>... Sender ok"),
    Step(
        StepName.RCPT,
        31,
        ADDRESS,
        "RCPT TO:<postmaster@listes.renater.fr>",
        250,
        "2.1.5 <postmaster@listes.renater.fr>... Recipient ok",
    ),
    Step(StepName.RSET, 2, ADDRESS, "RSET", 250, "2.0.0 Reset state"),
    Step(StepName.QUIT, 1, ADDRESS, "QUIT", 221, "2.0.0 smtp1.renater.fr closing connection"),
)
REFUSED = Step(StepName.CONNECT, 1, ADDRESS, text="Connection refused.", trouble=Trouble.REFUSED)
BUSY = Step(StepName.BANNER, 8, ADDRESS, code=421, text="4.3.2 Too many connections")
NO_DNS = Step(
    StepName.RESOLVE,
    10_000,
    text="The name server of this host did not answer for smtp1.renater.fr in 10 s.",
    trouble=Trouble.NO_DNS,
)
STEPS: Mapping[str, tuple[Step, ...]] = {
    "g": TALK,
    "f": (TALK[0], REFUSED),
    "b": (*TALK[:2], BUSY),
    "u": (NO_DNS,),
}
"""What a letter of a history stands for: good, failed, busy, untold."""


def open_order(server: MailHost) -> Attempt:
    """The probe that waits for this list server."""
    return Attempt.objects.get(
        verb=Verb.PROBE, agent__host_name=server.name, state=AttemptState.DUE
    )


def body(attempt: Attempt, letter: str | Mapping[str, str]) -> dict[str, Any]:
    """What its agent answers: every host as the letter says, or each by its name."""
    order = ProbeOrder.from_json(attempt.arguments)
    hosts = [
        HostProbe(
            relay,
            STEPS[letter if isinstance(letter, str) else letter[relay.host]],
            tls=letter == "g",
        )
        for relay in order.relays
    ]
    return ProbeReport(1_790_000_000, order.recipient, tuple(hosts)).to_json()


def report(attempt: Attempt, given: Mapping[str, Any], at: datetime) -> Attempt:
    """What the wire does with an agent's report, then what we do."""
    ended(attempt, AttemptState.REPORTED, Outcome.DONE, given, at)
    record_probes(attempt, at)
    return attempt


def ended(
    attempt: Attempt, state: str, outcome: str, given: Mapping[str, Any], at: datetime
) -> None:
    """The attempt is over, and nobody has applied it yet."""
    Attempt.objects.filter(pk=attempt.pk).update(
        state=state, outcome=outcome, body=dict(given), ended_at=at, reported_at=at
    )
    attempt.refresh_from_db()


def probe(server: MailHost, letters: str, *, end: datetime) -> UUID | None:
    """A probe each period, the last one at `end`; a blank is one that nobody answers. The last
    order's identity."""
    last = None
    for number, letter in enumerate(letters):
        at = end - PERIOD * (len(letters) - 1 - number)
        row, _ = ProbedServer.objects.get_or_create(host=server)
        with transaction.atomic():
            request_probe(row, at - timedelta(seconds=1))
        found = row.attempt
        assert found is not None
        if letter == " ":
            said = {"error": {"code": "expired", "text": "no answer before the order ran out"}}
            ended(found, AttemptState.EXPIRED, "", said, at)
            record_probes(found, at)
        else:
            report(found, body(found, letter), at)
        last = found.pk
    return last
