"""The pages of spools: what they say, what they leave out, and that nothing unknown is a zero."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from mailadmin.paging import PAGE_SIZE
from routing.models import MailHost
from spools.core.summary import DomainRow, State
from spools.models import Sample, Spool, SpoolScan
from spools.queries.messages import reason_token
from spools.services.scans import request_scans
from tests.fixtures.audited import unaudited
from tests.fixtures.spooled import NAME, message, order, scanned, spool, summary, take_in_raw
from tests.integration.pages.conftest import Site, text
from tests.integration.pages.probing import probe

pytestmark = pytest.mark.usefixtures("clock_at_now")
NOW = timezone.now().replace(microsecond=0)
CLOCK = int(NOW.timestamp())
PAGE = f"/spools/listes/{NAME}/"
REFUSED = "Deferred: Connection refused by smtp1.renater.fr."
DASH = "\u2014"


def told(html: str) -> str:
    """What stands on the page, without marks."""
    return " ".join(re.sub(r"<[^>]+>", " ", html.replace("<wbr>", "")).split())


def page(client: Client, address: str, status: int = 200) -> str:
    answer = client.get(address)
    assert answer.status_code == status, address
    return text(answer)


@pytest.fixture
def client(site: Site) -> Client:
    """Vera, who may only read."""
    return site.sign_in("vera")


@pytest.fixture
def filled(site: Site) -> MailHost:
    """Three that wait, for two domains; one held; one lost."""
    rows = [
        message("6AS000Aa000001", created=CLOCK - 3000, reason=REFUSED, tries=4),
        message("6AS000Aa000002", created=CLOCK - 500, reason=REFUSED, recipients=("b@free.fr",)),
        message("6AS000Aa000003", created=CLOCK - 20, recipients=("c@orange.fr", "d@free.fr")),
        message("6AS000Aa000004", created=CLOCK - 4000, state=State.HELD, reason="Held: spam?"),
        message("6AS000Aa000005", state=State.LOST, sender="", recipients=()),
    ]
    scanned(site.host, spool(summary(NOW, rows), rows), at=NOW)
    return site.host


def ids(html: str) -> list[str]:
    return re.findall(r'id="message-\d+">(\w+)<', html)


def test_a_new_site_says_what_will_be_there(client: Client) -> None:
    html = told(page(client, "/spools/"))
    assert "No spool" in html or "Not scanned yet" in html
    assert client.get(PAGE).status_code == 404


def test_the_list_has_each_spool_with_its_figures(client: Client, filled: MailHost) -> None:
    html = told(page(client, "/spools/"))
    assert "listes / sendmailsympa" in html
    assert "Broken" in html
    assert "50 min" in html, "the oldest that waits, not the one that is held"


def test_mail_does_not_flow_while_the_relay_is_down(client: Client, site: Site) -> None:
    rows = [message("6AS000Aa000001", created=CLOCK - 60, reason=REFUSED)]
    scanned(site.host, spool(summary(NOW, rows), rows), at=NOW)
    probe(site.host, "gggg", end=NOW)
    assert "Flows" in told(page(client, PAGE))

    probe(site.host, "ffff", end=NOW)
    for address in (PAGE, "/spools/", "/spools/?state=look"):
        html = told(page(client, address))
        assert "Relay down" in html and "Flows" not in html, address

    with time_machine.travel(NOW + timedelta(hours=2), tick=False):
        assert "Relay down" not in told(page(client, PAGE)), "nobody knows by now"


def test_the_list_finds_and_sorts(client: Client, site: Site, filled: MailHost) -> None:
    at = NOW + timedelta(seconds=31)
    scanned(site.host, spool(summary(NOW)), spool(summary(NOW), name="mqueue"), at=at)
    for query, names in (
        ("?sort=key", ["mqueue", "sendmailsympa"]),
        ("?sort=-key", ["sendmailsympa", "mqueue"]),
        ("?q=MQU", ["mqueue"]),
        ("?state=mail", []),
        ("?sort=nonsense", ["mqueue", "sendmailsympa"]),
    ):
        html = page(client, f"/spools/{query}")
        assert re.findall(r"/spools/listes/(\w+)/\"", html) == names, query


def test_the_page_tells_what_waits_since_when_for_whom_and_why(
    client: Client, filled: MailHost
) -> None:
    html = told(page(client, PAGE))
    for words in (
        "Waiting 3",
        "Oldest 50 min",
        "orange.fr",
        "free.fr",
        "Connection refused by smtp1",
        "Held: spam?",
        "Not tried yet",
        "esmtp:[smtp1.renater.fr]",
        "by MX",
        "1 held, 1 lost",
    ):
        assert words in html, words


def test_what_nobody_knows_is_a_dash(client: Client, filled: MailHost) -> None:
    html = told(page(client, PAGE))
    assert f"In / out per minute {DASH} needs two scans" in html
    assert f"Drains in {DASH} the rates are not known" in html


def test_rates_and_the_time_to_drain(client: Client, site: Site, filled: MailHost) -> None:
    rows = [message(f"q{n}", created=CLOCK) for n in range(20)]
    for grows, words in ((0, "Drains in 2 min"), (50, f"Drains in {DASH} it grows")):
        at = NOW + timedelta(seconds=60 + grows)
        made = summary(at, rows, since=int(at.timestamp()) - 60, arrived=2 + grows, left=12)
        with unaudited():
            Sample.objects.all().delete()
        SpoolScan.objects.update(asked_at=None)
        scanned(site.host, spool(made, rows), at=at)
        assert words in told(page(client, PAGE))


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", "41235"),
        ("?state=held", "4"),
        ("?state=lost", "5"),
        ("?domain=free.fr", "23"),
        ("?domain=FREE.FR", "23"),
        ("?domain=ree.fr", ""),
        ("?age=0", "3"),
        ("?age=1", "2"),
        ("?age=4", "41"),
        ("?age=9", ""),
        ("?age=77", ""),
        ("?age=x", ""),
        (f"?reason={reason_token(REFUSED)}", "12"),
        (f"?reason={reason_token('')}", "35"),
        ("?reason=nothing", ""),
        ("?hop=" + quote("esmtp:[smtp1.renater.fr]"), "4123"),
        ("?hop=nowhere", ""),
        ("?q=b@free", "2"),
        ("?q=SMTP1", "12"),
        ("?q=aa000004", "4"),
        ("?q=%25", ""),
        ("?domain=free.fr&age=0", "3"),
        ("?sort=-tries", "1"),
        ("?sort=-age", ""),
    ],
)
def test_messages_are_narrowed(client: Client, filled: MailHost, query: str, found: str) -> None:
    with time_machine.travel(NOW, tick=False):
        html = page(client, f"{PAGE}{query}")
    names = [name[-1] for name in ids(html)]
    if "sort" in query:
        assert len(names) == 5
        assert names[0] == found or query == "?sort=-age"
    else:
        assert "".join(names) == found


def test_a_filter_is_a_chip_that_can_be_taken_away(client: Client, filled: MailHost) -> None:
    html = page(client, f"{PAGE}?domain=free.fr&reason={reason_token('')}&age=0")
    for words in ("To free.fr", "Because: Not tried yet", "Age under 5 min"):
        assert f'aria-label="Remove the filter {words}"' in html


def test_links_of_the_page_lead_to_what_they_say(client: Client, filled: MailHost) -> None:
    html = page(client, PAGE)
    for address in set(re.findall(r'href="(/spools/[^"#]*)', html)):
        assert client.get(address.replace("&amp;", "&")).status_code == 200, address


def test_long_lists_are_turned_page_by_page(client: Client, site: Site) -> None:
    rows = [message(f"q{n:04}", created=CLOCK - 60 * (n // 3)) for n in range(110)]
    scanned(site.host, spool(summary(NOW, rows), rows), at=NOW)
    seen, address = list[str](), PAGE
    while address:
        html = page(client, address)
        seen += ids(html)
        found = re.search(r'href="([^"#]*)[^"]*" rel="next"', html)
        address = found[1].replace("&amp;", "&") if found else ""
        assert len(seen) <= 110
    assert sorted(seen) == sorted(row.queue_id for row in rows)
    assert len(ids(page(client, PAGE))) <= PAGE_SIZE


def test_more_domains_than_are_shown_can_be_asked_for(client: Client, site: Site) -> None:
    rows = [
        message(f"q{n}", created=CLOCK - 60, recipients=(f"a@d{n:02}.example",)) for n in range(40)
    ]
    others = DomainRow("", 7, (7, *[0] * 9))
    made = summary(NOW, rows, other_domains=others, domains_total=47)
    scanned(site.host, spool(made, rows), at=NOW)
    few, every = page(client, PAGE), page(client, f"{PAGE}?all=yes")
    assert ("Show 25 more domains" in few, "Show fewer domains" in every) == (True, True)
    assert ("32 others 32" in told(few), "7 others 7" in told(every)) == (True, True)
    assert "All 47" in told(few)


def test_a_spool_that_was_not_heard_of_says_since_when_and_is_grey(
    client: Client, filled: MailHost
) -> None:
    with time_machine.travel(NOW + timedelta(hours=1), tick=False):
        html, listed = page(client, PAGE), page(client, "/spools/")
        request_scans(timezone.now())
    assert f"No news since {NOW:%H:%M}" in told(html)
    assert "ma-stale" in html
    assert "No news" in told(listed)
    assert f"No news since {NOW:%H:%M}" in told(listed)
    assert "Waiting 3" in told(html), "what was known stays"


def test_figures_in_time_are_not_called_old(client: Client, filled: MailHost) -> None:
    with time_machine.travel(NOW + timedelta(seconds=100), tick=False):
        assert "No news" not in told(page(client, PAGE))


def test_a_refused_report_is_told_with_its_reason(
    client: Client, site: Site, filled: MailHost
) -> None:
    at = NOW + timedelta(seconds=31)
    request_scans(at)
    take_in_raw(order(site.host), {"spools": "none"}, None, at=at)
    assert "The report has no list of spools." in told(page(client, PAGE))
    assert "The report has no list of spools." in told(page(client, "/spools/"))

    SpoolScan.objects.update(asked_at=None)
    scanned(site.host, spool(None, problem="/var/spool: Permission denied"), at=at)
    html = told(page(client, PAGE))
    assert "/var/spool: Permission denied" in html
    assert "The figures are from before" in html


def test_a_host_that_never_answered_is_listed_with_why(client: Client, site: Site) -> None:
    request_scans(NOW)
    body = {"error": {"code": "crashed", "text": "disk on fire"}}
    take_in_raw(order(site.host), body, None, at=NOW, outcome="failed")
    assert "disk on fire" in told(page(client, "/spools/"))


def test_polls_answer_only_what_is_new(client: Client, site: Site, filled: MailHost) -> None:
    one = f"{PAGE}messages/6AS000Aa000001/"
    for address, place in (
        ("/spools/", "/spools/live/"),
        (PAGE, f"{PAGE}live/"),
        (one, f"{one}live/"),
    ):
        seen = re.findall(r'"seen": "(\w+)"', page(client, address))[0]
        assert client.get(f"{place}?seen={seen}").status_code == 204, address
        assert client.get(f"{place}?seen=other").status_code == 200, address
    SpoolScan.objects.update(asked_at=None)
    scanned(site.host, spool(summary(NOW)), at=NOW + timedelta(seconds=5))
    for place in ("/spools/live/", f"{PAGE}live/", f"{one}live/"):
        assert client.get(f"{place}?seen={seen}").status_code == 200


def test_a_poll_keeps_what_the_address_asks_for(client: Client, filled: MailHost) -> None:
    html = page(client, f"{PAGE}?domain=free.fr&sort=-tries")
    poll = re.search(r'hx-get="([^"]*)"', html)
    assert poll is not None
    address = poll[1].replace("&amp;", "&")
    assert "domain=free.fr" in address
    assert "sort=-tries" in address
    assert sorted(name[-1] for name in ids(page(client, address))) == ["2", "3"]


def test_one_message_with_the_commands_of_a_postmaster(client: Client, filled: MailHost) -> None:
    html = page(client, f"{PAGE}messages/6AS000Aa000001/")
    for words in (
        "demo-owner@renater.fr",
        "a@orange.fr",
        REFUSED,
        "esmtp:[smtp1.renater.fr]",
        "by MX",
        "1 more listed message for the same reason",
        "sudo -u sympa /usr/local/lib/mailadmin/sendmail -v -qI6AS000Aa000001",
        "sudo -u sympa /usr/local/lib/mailadmin/sendmail -bp -qI6AS000Aa000001",
    ):
        assert words in told(html), words
    assert "-qQ" not in html


def test_a_held_message_is_released_by_three_flags_in_order(
    client: Client, filled: MailHost
) -> None:
    html = told(page(client, f"{PAGE}messages/6AS000Aa000004/"))
    assert "sendmail -qQ -Q -qI6AS000Aa000004" in html
    assert "-v -qI" not in html


def test_a_message_that_left_is_no_longer_listed(
    client: Client, site: Site, filled: MailHost
) -> None:
    address = f"{PAGE}messages/6AS000Aa000001/"
    page(client, address)
    scanned(site.host, spool(summary(NOW)), at=NOW + timedelta(seconds=31))
    assert "No longer listed" in told(page(client, address, 404))
    assert "No longer listed" in told(page(client, f"{address}live/?seen=x"))


def test_one_id_in_two_directories(client: Client, site: Site) -> None:
    rows = [
        message("6AS000Aa000001", place=place, sender=f"{place}@x.fr") for place in ("q1", "q2")
    ]
    scanned(site.host, spool(summary(NOW, rows), rows), at=NOW)
    html = page(client, PAGE)
    for place in ("q1", "q2"):
        address = f"{PAGE}messages/6AS000Aa000001/?place={place}"
        assert address in html
        assert f"{place}@x.fr" in page(client, address)


def test_no_command_is_made_of_a_name_that_is_none(client: Client, site: Site) -> None:
    rows = [message("$(reboot)"), message("a'b;c")]
    scanned(site.host, spool(summary(NOW, rows), rows), at=NOW)
    for name in ("$(reboot)", "a'b;c"):
        html = page(client, f"{PAGE}messages/{quote(name)}/")
        assert "no command is offered" in told(html)
        assert "data-ma-copy" not in html


def test_a_spool_that_is_not_the_list_servers_own_offers_only_to_look(
    client: Client, site: Site
) -> None:
    rows = [message("6AS000Aa000001")]
    other = spool(summary(NOW, rows), rows, name="mqueue", path="/var/spool/mqueue")
    scanned(site.host, other, at=NOW)
    html = told(page(client, "/spools/listes/mqueue/messages/6AS000Aa000001/"))
    assert "find /var/spool/mqueue" in html
    assert "mailadmin/sendmail" not in html


def test_hostile_text_of_a_message_is_only_text(client: Client, site: Site) -> None:
    bad = "<script>alert(1)</script>"
    rows = [
        message(
            "6AS000Aa000001", sender=bad, recipients=(f"{bad}@{bad}",), reason=bad, created=CLOCK
        )
    ]
    scanned(site.host, spool(summary(NOW, rows), rows), at=NOW)
    for address in (PAGE, f"{PAGE}messages/6AS000Aa000001/", f"{PAGE}?q={quote(bad)}"):
        assert bad not in page(client, address)


def series(client: Client, span: str) -> dict[str, Any]:
    answer = client.get(f"{PAGE}series/?span={span}")
    assert answer["Content-Type"] == "application/json"
    found: dict[str, Any] = json.loads(answer.content)
    return found


def test_a_chart_has_gaps_where_nobody_looked(client: Client, site: Site) -> None:
    end = NOW + timedelta(hours=1)
    start = end - timedelta(hours=20)
    for moment in (start, start + timedelta(seconds=30), start + timedelta(hours=5), end):
        with time_machine.travel(moment, tick=False):
            rows = [message("a", created=int(moment.timestamp()) - 90)]
            scanned(site.host, spool(summary(moment, rows), rows), at=moment)
    with time_machine.travel(end, tick=False):
        for span, most in (("1h", 20), ("24h", 289), ("7d", 169)):
            found = series(client, span)
            columns = [found[name] for name in ("at", "depth", "oldest", "in", "out")]
            assert len({len(column) for column in columns}) == 1
            assert len(found["at"]) <= most
            assert found["at"] == sorted(found["at"])
            assert 0 not in found["depth"]
            assert None in found["depth"]
        assert len(series(client, "24h")["gaps"]) == 2
        assert [mark["text"] for mark in series(client, "7d")["marks"]] == [
            f"push #{site.first.pk}"
        ]
        html = told(page(client, f"{PAGE}numbers/?span=24h"))
        assert f"{DASH} no scan" in html


def test_nothing_is_invented_before_the_first_scan(client: Client, filled: MailHost) -> None:
    with time_machine.travel(NOW + timedelta(seconds=20), tick=False):
        found = series(client, "24h")
        html = told(page(client, PAGE))
    assert (found["gaps"], len(found["at"])) == ([], len(found["depth"]))
    assert len(found["at"]) <= 2
    assert f"collecting since {NOW:%H:%M}" in html


def test_a_span_that_is_none_is_a_day(client: Client, filled: MailHost) -> None:
    found = series(client, "century")
    assert round(found["ends"] - found["begins"]) == 86400


def test_an_hour_without_the_agent_ends_in_a_gap(client: Client, filled: MailHost) -> None:
    later = NOW + timedelta(hours=1, minutes=10)
    with time_machine.travel(later, tick=False):
        for span in ("1h", "24h"):
            found = series(client, span)
            assert found["gaps"][-1][1] == pytest.approx(later.timestamp(), abs=301), span


def test_a_retired_hosts_spools_are_not_listed(client: Client, filled: MailHost) -> None:
    with unaudited():
        MailHost.objects.filter(name="listes").update(retired_at=NOW)
    assert "sendmailsympa" not in page(client, "/spools/")
    assert "is retired" in told(page(client, PAGE))


def test_ages_are_by_the_agents_clock(client: Client, site: Site) -> None:
    """A host whose clock is an hour fast has right ages all the same."""
    fast = NOW + timedelta(hours=1)
    rows = [message("a", created=int(fast.timestamp()) - 600)]
    scanned(site.host, spool(summary(fast, rows), rows), at=NOW)
    with time_machine.travel(NOW + timedelta(minutes=1), tick=False):
        assert "Oldest 11 min" in told(page(client, PAGE))


def test_the_columns_hold_what_was_reported(filled: MailHost) -> None:
    row = Spool.objects.get()
    assert (row.waiting, row.held, row.lost, row.oldest) == (3, 1, 1, CLOCK - 3000)
