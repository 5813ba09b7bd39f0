"""Ticked messages and domains of a spool's page become the scope of a run by fallback."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from mailadmin.audit.models import AuditEvent
from spools.core.summary import State
from spools.models import FlushRun
from tests.fixtures.spooled import NAME, message, scanned, spool, summary
from tests.integration.pages.conftest import Site, text

pytestmark = pytest.mark.usefixtures("clock_at_now")
NOW = timezone.now().replace(microsecond=0)
CLOCK = int(NOW.timestamp())
PAGE = f"/spools/listes/{NAME}/"
START = "/fallback/listes/flush/"
ONE, TWO, HELD, ODD = "6AS000Aa000001", "6AS000Aa000002", "6AS000Aa000003", "odd"


@pytest.fixture
def operator(site: Site) -> Client:
    """In front of three that wait, one of which sendmail would never name so, and one held."""
    rows = [
        message(ONE, created=CLOCK - 3000),
        message(TWO, created=CLOCK - 500, recipients=("b@free.fr",)),
        message(HELD, created=CLOCK - 400, state=State.HELD),
        message(ODD, created=CLOCK - 300, recipients=("c@semi;colon.fr", "d@")),
    ]
    other = spool(summary(NOW, rows), rows, name="mqueue", path="/var/spool/mqueue")
    scanned(site.host, spool(summary(NOW, rows), rows), other, at=NOW)
    return site.sign_in("otto")


def ticks(html: str, name: str) -> list[str]:
    return re.findall(rf'type="checkbox" name="{name}" value="([^"]*)"', html)


def test_what_a_run_can_take_has_a_tick_and_nothing_else(operator: Client) -> None:
    html = text(operator.get(PAGE))
    assert (ticks(html, "message"), ticks(html, "domains")) == (
        [ONE, TWO],
        ["orange.fr", "free.fr"],
    )
    for bar in ("flush-messages", "flush-domains"):
        assert re.search(rf'<form [^>]*id="{bar}" method="get" action="{START}"', html)
    assert html.count('formaction="/fallback/listes/retry/"') == 2
    assert "by the table when it is retried" in html


@pytest.mark.parametrize(("who", "page"), [("vera", PAGE), ("otto", "/spools/listes/mqueue/")])
def test_who_may_not_flush_has_none_and_other_spools_have_none(
    site: Site, operator: Client, who: str, page: str
) -> None:
    html = text(site.sign_in(who).get(page))
    assert ONE in html
    assert "ma-tickbox" not in html
    assert "flush-messages" not in html


@pytest.mark.parametrize(
    ("query", "words", "ids", "domains"),
    [
        (f"ticked=yes&message={ONE}&message={TWO}", "2 chosen messages", (ONE, TWO), ()),
        ("ticked=yes&domains=orange.fr&domains=free.fr", "messages to free.fr, orange.fr", (), ...),
    ],
)
def test_what_is_ticked_is_asked_about_begun_with_a_reason_and_audited(
    operator: Client, query: str, words: str, ids: tuple[str, ...], domains: object
) -> None:
    page = text(operator.get(f"{START}?{query}"))
    assert f"Flush {words} by fallback" in page
    assert "2 of its oldest are in it" in page
    form = page[page.index('id="start-title"') :]
    hidden = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', form))
    sent = {name: hidden.get(name, "") for name in ("domains", "excluded", "id")}

    assert operator.post(START, {**sent, "reason": ""}).status_code == 422
    assert operator.post(START, {**sent, "reason": "smtp1 is down"}).status_code == 302
    run = FlushRun.objects.get()
    wanted = ("free.fr", "orange.fr") if domains is ... else ()
    assert (run.what.queue_ids, run.what.domains) == (ids, wanted)
    event = AuditEvent.objects.filter(action="flush.started").get()
    assert event.new is not None
    assert (event.new["scope"], event.note) == (run.scope, "smtp1 is down")


def test_nothing_ticked_is_not_everything(operator: Client) -> None:
    page = text(operator.get(f"{START}?ticked=yes"))
    assert "Nothing was ticked" in page
    assert re.search(r'<button[^>]*aria-disabled="true"[^>]*>[^<]*Flush', page)
    assert "Nothing was ticked" not in text(operator.get(START))


def test_the_page_of_a_message_leads_to_a_run_of_it_alone(site: Site, operator: Client) -> None:
    address = f"{START}?id={ONE}"
    assert f'href="{address}"' in text(operator.get(f"{PAGE}messages/{ONE}/"))
    assert "Flush 1 chosen message by fallback" in text(operator.get(address))
    reader = text(site.sign_in("vera").get(f"{PAGE}messages/{ONE}/"))
    assert ("An operator may begin a run." in reader, address in reader) == (True, False)
    for page in (f"{PAGE}messages/{HELD}/", f"/spools/listes/mqueue/messages/{ONE}/"):
        assert "Flush it by fallback" not in text(operator.get(page)), page


def test_a_poll_brings_the_ticks_too(site: Site, operator: Client) -> None:
    scanned(site.host, spool(summary(NOW)), at=NOW + timedelta(seconds=60))
    rows = [message(TWO, created=CLOCK)]
    again = spool(summary(NOW, rows), rows, token="t2")
    scanned(site.host, again, at=NOW + timedelta(seconds=120))
    part = text(operator.get(f"{PAGE}live/?seen=x", headers={"HX-Request": "true"}))
    assert ticks(part, "message") == [TWO]


def test_of_hundreds_that_are_chosen_each_is_counted(site: Site) -> None:
    rows = [message(f"6AS000Aa{at:06}", created=CLOCK - at) for at in range(300)]
    scanned(site.host, spool(summary(NOW, rows), rows), at=NOW)
    chosen = "&".join(f"message={row.queue_id}" for row in rows[:250])

    page = text(site.sign_in("otto").get(f"{START}?ticked=yes&{chosen}"))

    assert "250 chosen messages" in page
    assert "(300 wait in the whole spool; 250 of its oldest are in it)" in page
