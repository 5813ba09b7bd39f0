"""The pages of runs: begin one, read its receipts, cancel it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from django.utils import timezone

from routing.models import HostState
from spools.core.queue_run import QueueRun
from spools.models import FlushRun, RelayHealth, Spool
from tests.e2e.look.runs import runs
from tests.fixtures.audited import unaudited
from tests.integration.pages.conftest import Site

START = "/fallback/listes/flush/"
RETRY = "/fallback/listes/retry/"


@pytest.fixture
def going(site: Site) -> FlushRun:
    with unaudited():
        return runs(site.host)[0]


def test_the_question_says_what_it_takes_and_the_command(site: Site) -> None:
    page = site.sign_in("otto").get(START)
    assert page.status_code == 200
    text = page.content.decode()
    assert "Everything that waits" in text
    assert '<a href="/fallback/listes/">listes</a></nav>' in text
    assert "sympa-fallback.cf -v -OMinQueueAge=0" in text
    assert (
        "messages to orange.fr"
        in site.sign_in("otto").get(f"{START}?domains=orange.fr").content.decode()
    )


def test_a_run_is_begun_with_a_reason_and_its_page_follows(site: Site) -> None:
    refused = site.sign_in("otto").post(START, {"reason": " "})
    assert refused.status_code == 422
    assert not FlushRun.objects.exists()

    begun = site.sign_in("otto").post(START, {"reason": "smtp1 is down", "excluded": "free.fr"})

    run = FlushRun.objects.get()
    assert begun.status_code == 302
    assert begun["Location"] == "/fallback/listes/runs/1/"
    assert (run.what.excluded, run.stop_when_well) == (("free.fr",), False)
    page = site.sign_in("vera").get(begun["Location"]).content.decode()
    assert "The first slice is ordered" in page
    assert "Approvers and operators cancel it." in page
    assert '<a href="/fallback/">Fallback</a> / <a href="/fallback/listes/">listes</a>' in page
    again = site.sign_in("otto").post(START, {"reason": "once more"})
    assert again.status_code == 409
    assert "Run 1 is ordered: one at a time." in again.content.decode()


def test_a_retry_says_that_it_goes_by_the_table_and_its_run_says_so_too(site: Site) -> None:
    client = site.sign_in("otto")
    asked = client.get(f"{RETRY}?domains=orange.fr").content.decode()
    assert "by the table of the live release" in asked
    assert "sympa.cf -v -OMinQueueAge=0" in asked and "fallback.cf" not in asked
    assert "End it by itself" not in asked

    begun = client.post(RETRY, {"reason": "smtp1 is back", "domains": "orange.fr"})

    run = FlushRun.objects.get()
    assert (run.kind, run.what.domains, run.stop_when_well) == ("retry", ("orange.fr",), False)
    page = client.get(begun["Location"]).content.decode()
    assert "by the table on listes" in page
    assert site.sign_in("vera").post(RETRY, {"reason": "x"}).status_code == 403


@pytest.mark.parametrize(("state", "says"), [("down", True), ("healthy", False)])
def test_a_retry_by_a_relay_that_is_down_is_warned_of(site: Site, state: str, says: bool) -> None:
    with unaudited():
        RelayHealth.objects.create(
            server=site.host,
            relay=site.host.pk,
            name="smtp1",
            port=25,
            is_default=True,
            state=state,
        )
    page = site.sign_in("otto").get(RETRY).content.decode()
    assert ("A run by fallback goes past it." in page) is says


def test_receipts_are_filtered_and_what_is_shut_stands_first(site: Site, going: FlushRun) -> None:
    here = f"/fallback/listes/runs/{going.number}/"
    page = site.sign_in("vera").get(here).content.decode()
    assert page.index("dead.example") < page.index("laposte.net") < page.index("free.fr")
    assert "12 messages: their destination is closed" in page
    bounced = site.sign_in("vera").get(f"{here}?fate=bounced").content.decode()
    assert bounced.count("subscriber.number.") == 1
    assert "No receipt matches" in site.sign_in("vera").get(f"{here}?q=nobody").content.decode()
    assert site.sign_in("vera").get(f"{here}?after=x&fate=eaten").status_code == 200
    assert site.sign_in("vera").get("/fallback/listes/runs/99/").status_code == 404


def test_the_poll_is_silent_until_something_is_new(site: Site, going: FlushRun) -> None:
    here = f"/fallback/listes/runs/{going.number}/"
    client = site.sign_in("vera")
    headers = {"HX-Request": "true"}
    assert client.get(f"{here}?seen={going.version}", headers=headers).status_code == 204
    fresh = client.get(f"{here}?seen=0", headers=headers)
    assert fresh.status_code == 200
    assert b"<html" not in fresh.content


def test_who_may_begin_it_cancels_it_and_nobody_else(site: Site, going: FlushRun) -> None:
    act = f"/fallback/listes/runs/{going.number}/cancel/"
    for reader in ("claire", "anne"):
        assert site.sign_in(reader).post(act, {}).status_code == 403
    assert site.sign_in("paul").post(act, {}).status_code == 302
    going.refresh_from_db()
    assert going.state == "cancelled"
    assert site.sign_in("otto").post(act, {}).status_code == 302


def test_a_spools_page_says_how_its_runner_is_and_leads_to_a_run(
    site: Site, going: FlushRun
) -> None:
    now = timezone.now()
    seen = HostState.objects.get(host=site.host)
    facts = seen.host_facts
    assert facts is not None
    with unaudited():
        for name, path in (("spool", facts.spool), ("other", "/var/spool/other")):
            Spool.objects.create(host=site.host, name=name, path=path, seen_at=now)
    run = QueueRun(began=int(now.timestamp()) - 9, ended=int(now.timestamp()), exit_code=0)
    HostState.objects.update(runner=replace(run, queued_before=7, queued_after=3).to_json())

    page = site.sign_in("otto").get("/spools/listes/spool/").content.decode()
    assert "It runs." in page
    assert "7, 3" in page
    assert f'href="{START}"' in page and f'href="{RETRY}"' in page
    assert f"Run {going.number} by fallback" in page
    reader = site.sign_in("vera").get("/spools/listes/spool/").content.decode()
    assert "An operator may begin a run." in reader
    HostState.objects.update(runner={})
    assert "Nothing ever ran" in site.sign_in("vera").get("/spools/listes/spool/").content.decode()
    other = site.sign_in("otto").get("/spools/listes/other/").content.decode()
    assert "Flush by fallback" not in other
