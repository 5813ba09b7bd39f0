"""Two control workers at the same moment: one order, one sample, whoever is first."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from mailadmin.wire.core.messages import Verb
from mailadmin.wire.models import Attempt
from routing.models import MailHost
from spools.core.series import Grain
from spools.models import Sample, SampleRollup, Spool, SpooledMessage
from spools.services.scans import record_scan, request_scans
from spools.services.series import forget_some
from tests.fixtures.spooled import message, order, spool, summary, take_in
from tests.integration.at_once import at_once
from tests.integration.pages import world

TRIES = 4
NOW = timezone.now()


@pytest.fixture
def host(transactional_db: None) -> MailHost:
    """A list server that other connections see."""
    del transactional_db
    return world.list_server()


@pytest.mark.parametrize("attempt", range(TRIES))
def test_two_sweeps_ask_once(host: MailHost, attempt: int) -> None:
    assert at_once(*[lambda: request_scans(NOW)] * 2) == ["done", "done"]
    assert Attempt.objects.filter(verb=Verb.SCAN).count() == 1


@pytest.mark.parametrize("attempt", range(TRIES))
def test_two_workers_apply_one_report_once(host: MailHost, attempt: int) -> None:
    request_scans(NOW)
    asked = order(host)
    rows = [message(f"q{n}") for n in range(50)]
    # The sweep finds an end that nobody applied while the report's own task is about to.
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tests.fixtures.spooled.record_scan", lambda attempt, now: None)
        take_in(asked, spool(summary(NOW, rows), rows), at=NOW)
    later = NOW + timedelta(seconds=60)

    said = at_once(
        lambda: record_scan(asked, NOW), lambda: request_scans(later), lambda: forget_some(later)
    )

    assert said == ["done", "done", "done"]
    assert (Spool.objects.get().reports, SpooledMessage.objects.count()) == (1, 50)
    assert Sample.objects.count() == 1
    assert SampleRollup.objects.get(grain=Grain.FINE).samples == 1
    assert Attempt.objects.filter(verb=Verb.SCAN).count() <= 2
