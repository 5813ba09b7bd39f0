"""What monitoring reads of put off mail, and of when the fallback was last seen to work."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.test import Client
from django.utils import timezone

from mailadmin.audit.services import SETUP
from routing.core.facts import HostKind
from routing.models import MailHost
from routing.services.hosts import save_mail_host
from spools.core.reason_class import ReasonClass
from spools.core.receipts import Fate, Step
from spools.core.run_states import RunState
from spools.models import FlushReceipt, FlushRun
from tests.fixtures.audited import unaudited
from tests.fixtures.spooled import message, scanned, spool, summary
from tests.integration.pages import world

DEFERRED = "mailadmin_spool_deferred"
PROVEN = "mailadmin_fallback_last_proven_timestamp_seconds"


@pytest.fixture
def host(db: None) -> MailHost:
    return world.list_server()


def figures(client: Client, name: str) -> dict[str, float]:
    """By what stands between the braces."""
    lines = client.get("/metrics").content.decode().splitlines()
    found = [line.rpartition(" ") for line in lines if line.startswith(f"{name}{{")]
    return {labels[len(name) + 1 : -1]: float(value) for labels, _, value in found}


def test_what_was_put_off_is_told_by_class_and_only_where_it_was_scanned(
    client: Client, host: MailHost
) -> None:
    now = timezone.now()
    refused = "Deferred: Connection refused by smtp1.example."
    rows = [message(f"q{n}", reason=text) for n, text in enumerate((refused, refused, ""))]
    bad = spool(None, name="mqueue", problem="Permission denied")
    scanned(host, spool(summary(now, rows), rows, name="sympa"), bad, at=now)
    assert figures(client, DEFERRED) == {
        f'host="listes",reason_class="{kind}",spool="sympa"': 2.0 * (kind == "connection")
        for kind in ReasonClass
    }


def test_the_fallback_is_proven_by_what_a_receiver_took(client: Client, host: MailHost) -> None:
    other = save_mail_host(
        identity=None, name="lists2", kind=HostKind.LIST_SERVER, position=1, by=SETUP
    )
    began = timezone.now() - timedelta(days=3)
    took, later = began + timedelta(minutes=1), began + timedelta(minutes=2)
    ran(other, 1, began, {Fate.DEFERRED: took})
    assert figures(client, PROVEN) == {}
    ran(host, 1, began, {Fate.SENT: took, Fate.DEFERRED: later})
    ran(host, 2, began + timedelta(days=1), {Fate.BOUNCED: later + timedelta(days=1)})
    assert figures(client, PROVEN) == {'host="listes"': pytest.approx(took.timestamp())}


def ran(server: MailHost, number: int, began: datetime, fates: dict[Fate, datetime]) -> None:
    with unaudited():
        run = FlushRun.objects.create(
            server=server,
            number=number,
            state=RunState.FINISHED,
            release="r" * 64,
            runners=1,
            per_destination=1,
            seconds=30,
            reason="tried",
            started_at=began,
            started_by="Otto",
            ended_at=began + timedelta(minutes=5),
            sent=int(Fate.SENT in fates),
        )
        for fate, at in fates.items():
            FlushReceipt.objects.create(
                run=run, slice=1, queue_id="6A", recipient=fate, fate=fate, step=Step.END, at=at
            )
