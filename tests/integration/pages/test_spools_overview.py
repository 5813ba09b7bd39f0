"""What spools say on the first page: two panels, rows where one needs a person."""

from __future__ import annotations

from datetime import timedelta

import time_machine
from django.utils import timezone

from mailadmin.ui.overview import Need, Overview
from mailadmin.wire.models import Agent
from spools.core.summary import State
from spools.models import SpoolScan
from tests.fixtures.audited import unaudited
from tests.fixtures.spooled import NAME, message, scanned, spool, summary
from tests.integration.pages import world
from tests.integration.pages.conftest import Site

NOW = timezone.now().replace(microsecond=0)
CLOCK = int(NOW.timestamp())
REFUSED = "Deferred: Connection refused by smtp1.renater.fr."


def seen(site: Site) -> Overview:
    found = site.sign_in("vera").get("/").context["overview"]
    assert isinstance(found, Overview)
    assert not found.failed
    return found


def spools(found: Overview) -> list[Need]:
    return [need for need in (*found.needs, *found.more) if need.id.startswith("spool-")]


def panels(found: Overview) -> dict[str, tuple[str, str, str]]:
    return {
        panel.label: (panel.value, panel.badge.kind if panel.badge else "", panel.href)
        for panel in found.panels
        if panel.label in ("Waiting", "Oldest")
    }


def test_before_the_first_scan_nothing_is_said(site: Site) -> None:
    assert panels(seen(site)) == {}


def test_figures_of_all_spools_stand_in_two_panels(site: Site) -> None:
    other = world.list_server("forums", 1)
    two = [message("a", created=CLOCK - 600), message("b", created=CLOCK - 30)]
    scanned(site.host, spool(summary(NOW, two), two), at=NOW)
    scanned(other, spool(summary(NOW, two[:1]), two[:1]), at=NOW)
    with time_machine.travel(NOW, tick=False):
        found = seen(site)
    href = f"/spools/forums/{NAME}/"
    assert panels(found)["Waiting"] == ("3", "", "/spools/")
    value, kind, leads = panels(found)["Oldest"]
    assert (value, kind) == ("10\u00a0min", "")
    assert leads in (href, f"/spools/listes/{NAME}/")
    assert spools(found) == []


def test_mail_that_waits_too_long_needs_somebody_and_says_why(site: Site) -> None:
    rows = [message(f"q{n}", created=CLOCK - 2400, reason=REFUSED) for n in range(3)]
    rows.append(message("new", created=CLOCK - 5))
    scanned(site.host, spool(summary(NOW, rows), rows), at=NOW)
    with time_machine.travel(NOW, tick=False):
        found = seen(site)
    (need,) = spools(found)
    assert (need.kind, need.lead) == ("warn", "the oldest came")
    assert need.at == NOW - timedelta(seconds=2400)
    assert need.text == f"4 wait, 3 of them: {REFUSED}"
    assert panels(found)["Oldest"][1] == "warn"


def test_broken_messages_need_somebody(site: Site) -> None:
    rows = [message("a", state=State.LOST), message("b", state=State.NO_DATA)]
    scanned(site.host, spool(summary(NOW, rows), rows), at=NOW)
    with time_machine.travel(NOW, tick=False):
        (need,) = spools(seen(site))
    assert need.kind == "bad"
    assert "2 messages are broken" in need.fact
    assert "1 lost, 1 without a body" in need.text


def test_a_spool_that_cannot_be_read_is_red_and_its_last_figures_are_grey(site: Site) -> None:
    rows = [message("a", created=CLOCK - 30)]
    scanned(site.host, spool(summary(NOW, rows), rows), at=NOW)
    SpoolScan.objects.update(asked_at=None)
    at = NOW + timedelta(seconds=30)
    scanned(site.host, spool(None, problem="Permission denied"), at=at)
    with time_machine.travel(at, tick=False):
        found = seen(site)
    (need,) = spools(found)
    assert (need.kind, need.text, need.at) == ("bad", "Permission denied", at)
    assert panels(found)["Waiting"][:2] == ("1", "unk")
    assert panels(found)["Oldest"][0] == ""


def test_no_scan_of_an_agent_that_speaks_is_told_and_one_that_is_away_is_told_once(
    site: Site,
) -> None:
    scanned(site.host, spool(summary(NOW)), at=NOW)
    later = NOW + timedelta(hours=1)
    with unaudited():
        Agent.objects.update(last_seen_at=later)
    with time_machine.travel(later, tick=False):
        (need,) = spools(seen(site))
        assert need.fact == f"No news of listes / {NAME}"
        with unaudited():
            Agent.objects.update(last_seen_at=NOW)
        assert spools(seen(site)) == []


def test_an_empty_spool_has_no_oldest_and_needs_nobody(site: Site) -> None:
    scanned(site.host, spool(summary(NOW)), at=NOW)
    with time_machine.travel(NOW, tick=False):
        found = seen(site)
    assert panels(found)["Waiting"][0] == "0"
    assert panels(found)["Oldest"][0] == ""
    assert spools(found) == []
