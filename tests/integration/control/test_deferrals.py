"""What the spool tells of a relay that takes recipients and puts off their messages."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from mailadmin.audit.services import CONTROL
from routing.models import MailHost
from spools.core.health import Deferrals, RelayState
from spools.core.run_states import RunState
from spools.core.scope import Scope
from spools.models import FlushRun, RelayHealth, Sample, Spool, SpooledMessage
from spools.queries.deferrals import deferrals_of
from spools.queries.thresholds import rules
from spools.services.flushes import start_run
from tests.fixtures.audited import unaudited
from tests.integration.control.test_policies import spool
from tests.integration.pages.probing import probe

pytestmark = pytest.mark.usefixtures("clock_at_now")
NOW = timezone.now().replace(microsecond=0)
LATER = "Deferred: 451 4.3.0 Temporary system problem, try again later"
REFUSED = "Deferred: Connection refused by smtp1.renater.fr."
MINUTE = timedelta(minutes=1)


def tried(
    server: MailHost,
    count: int,
    said: str = LATER,
    *,
    domains: str = "orange.fr",
    ago: timedelta = MINUTE,
) -> Spool:
    """So many messages that wait and were tried so long before the scan of just now."""
    row = spool(server, waiting=count)
    assert row.scan_at is not None
    names = domains.split()
    first = SpooledMessage.objects.filter(spool=row).count()
    SpooledMessage.objects.bulk_create(
        SpooledMessage(
            spool=row,
            queue_id=f"6AS{first + number:06}",
            state="waiting",
            created=row.scan_at - 3600,
            last_try=row.scan_at - int(ago.total_seconds()),
            tries=3,
            recipients="\n".join(f"reader{number}@{name}" for name in names),
            recipients_total=len(names),
            domains=f" {domains} ",
            reason=said,
            folded=said,
        )
        for number in range(count)
    )
    return row


def smtp1() -> RelayHealth:
    return RelayHealth.objects.get(name="smtp1")


def told(at: datetime = NOW) -> Deferrals | None:
    return deferrals_of(smtp1(), at, rules())


@pytest.fixture
def probed(live: MailHost) -> MailHost:
    """The relay of listes takes recipients."""
    probe(live, "g", end=NOW - 5 * MINUTE)
    return live


def test_a_relay_that_puts_off_what_it_is_given_is_overloaded(probed: MailHost) -> None:
    tried(probed, 25)
    probe(probed, "ggg", end=NOW)
    row = smtp1()
    assert row.state == RelayState.OVERLOADED
    assert row.why == "25 of 25 messages for it were deferred"
    Spool.objects.update(scan_at=NOW.timestamp() + 600)
    probe(probed, "gg", end=NOW + MINUTE)
    assert smtp1().state == RelayState.RECOVERING, "what was tried long ago says nothing of now"


def test_what_left_the_spool_meanwhile_may_have_been_taken(probed: MailHost) -> None:
    row = tried(probed, 25)
    for ago, count in ((1, 20), (4, 10), (6, 500)):
        Sample.objects.create(
            spool=row, at=NOW - ago * MINUTE, depth=1, held=0, broken=0, bytes=1, arrived=0,
            departed=count, span_s=30,
        )  # fmt: skip
    assert told() == Deferrals(25, 55)
    probe(probed, "ggg", end=NOW)
    assert smtp1().state == RelayState.HEALTHY


def test_a_connection_that_failed_is_no_answer(probed: MailHost) -> None:
    tried(probed, 20)
    tried(probed, 5, REFUSED)
    assert told() == Deferrals(20, 25)


@pytest.mark.parametrize(
    "other",
    [
        {"count": 19},
        {"said": REFUSED},
        {"said": "Deferred: 451 4.4.1 reply: read error from smtp1.renater.fr."},
        {"ago": 6 * MINUTE},
    ],
    ids=["few", "refused", "broken-off", "long-ago"],
)
def test_what_says_nothing_of_it(probed: MailHost, other: dict[str, Any]) -> None:
    tried(probed, **{"count": 25} | other)
    assert told() is None


@pytest.mark.parametrize("domains", ["jres.org", "orange.fr jres.org"])
def test_what_goes_another_way_too_is_not_its_own(probed: MailHost, domains: str) -> None:
    tried(probed, 25, domains=domains)
    assert told() == Deferrals(0, 0)


def test_an_old_scan_says_nothing(probed: MailHost) -> None:
    tried(probed, 25)
    assert told(NOW + timedelta(seconds=121)) is None


def test_nothing_is_said_while_and_after_other_servers_answer(probed: MailHost) -> None:
    tried(probed, 25)
    run = start_run(server=probed, scope=Scope.of(), by=CONTROL, reason="smtp1 is slow")
    assert told() is None
    with unaudited():
        FlushRun.objects.filter(pk=run.pk).update(
            state=RunState.FINISHED, attempt=None, ended_at=NOW - 4 * MINUTE
        )
    assert told() is None
    with unaudited():
        FlushRun.objects.filter(pk=run.pk).update(ended_at=NOW - 6 * MINUTE)
    assert told() == Deferrals(25, 25)
