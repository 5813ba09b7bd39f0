"""What an object's page says of the mail that waits for it, and how exact each number is."""

from __future__ import annotations

import re
from datetime import timedelta
from itertools import count
from uuid import uuid4

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from routing.core.intent import ObjectKind
from routing.services.objects import save_object
from spools.core.summary import BUCKETS, DomainRow, MessageRow, State
from tests.fixtures.spooled import NAME, message, scanned, spool, summary
from tests.integration.pages import world
from tests.integration.pages.conftest import Site, text

pytestmark = pytest.mark.usefixtures("clock_at_now")
NOW = timezone.now().replace(microsecond=0)
CLOCK = int(NOW.timestamp())
DASH = "\u2014"
NUMBERS = count()


@pytest.fixture
def client(site: Site) -> Client:
    return site.sign_in("vera")


def card(client: Client, address: str) -> str:
    html = text(client.get(address))
    found = re.search(r'<section[^>]*"waiting-title">(.*?)</section>', html, re.S)
    assert found is not None, address
    return found[1]


def told(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


def to(*domains: str, age_s: int = 60, **values: object) -> MessageRow:
    recipients = tuple(f"a@{domain}" for domain in domains)
    return message(
        f"6AS{next(NUMBERS):08}aa",
        created=CLOCK - age_s,
        recipients=recipients,
        recipients_total=len(recipients),
        **values,
    )


def rest(domains: int, recipients: int) -> dict[str, object]:
    """So many further domains that the scan has not counted one by one."""
    ages = (recipients, *[0] * (BUCKETS - 1))
    return {"other_domains": DomainRow("", recipients, ages), "domains_total": 50 + domains}


def test_all_that_waits_for_a_domain_is_counted_exactly(site: Site, client: Client) -> None:
    rows = [to("jres.org", age_s=3000), to("jres.org", "free.fr"), to("sub.jres.org")]
    scanned(site.host, spool(summary(NOW, rows), rows), at=NOW)
    with time_machine.travel(NOW + timedelta(seconds=9), tick=False):
        html = card(client, "/domains/jres.org/")
    said = told(html)
    assert "listes / sendmailsympa 2 recipients" in said
    assert "Oldest 50 min ago Exact:" in said
    assert "as of 9 s ago" in said
    address = f"/spools/listes/{NAME}/?domain=jres.org"
    assert f'href="{address}#messages"' in html
    assert text(client.get(address)).count('id="message-') == 2


def test_who_retires_a_domain_reads_it_before_each_step(site: Site) -> None:
    rows = [to("jres.org", age_s=3000)]
    scanned(site.host, spool(summary(NOW, rows), rows), at=NOW)
    client = site.sign_in("claire")
    for step in ("draining", "rejecting", "gone"):
        said = told(card(client, f"/domains/jres.org/retire/?server=listes&to={step}"))
        assert "listes / sendmailsympa 1 recipient" in said, step


def test_nothing_is_a_zero_only_where_everything_was_counted(site: Site, client: Client) -> None:
    assert told(card(client, "/domains/jres.org/")) == (
        f"Mail that waits for it on listes {DASH} Nobody has looked through a spool of listes yet."
    )
    bad = spool(None, name="mqueue", path="/var/spool/mqueue", problem="Permission denied")
    scanned(site.host, spool(summary(NOW)), bad, at=NOW)
    said = told(card(client, "/domains/jres.org/"))
    assert f"listes / mqueue {DASH} Permission denied" in said
    assert "listes / sendmailsympa 0 recipients Exact:" in said
    assert "Messages to" not in said


def test_a_small_domain_of_many_is_known_from_the_listed_messages_alone(
    site: Site, client: Client
) -> None:
    rows = [to("orange.fr"), to("jres.org", age_s=7200), to("jres.org", state=State.LOST)]
    made = summary(NOW, rows)
    only = tuple(row for row in made.domains if row.domain == "orange.fr")
    figures = summary(NOW, rows, domains=only, **rest(7, 9))
    scanned(site.host, spool(figures, rows), at=NOW)
    said = told(card(client, "/domains/jres.org/"))
    assert "listes / sendmailsympa at least 1 message " in said
    assert "Oldest 2 h ago" in said
    assert "none of the 1 largest of 57 domains: at most 1 recipient." in said
    said = told(card(client, "/domains/demo.sympa.org/"))
    assert f"listes / sendmailsympa {DASH} None of the 1 largest of 57 domains" in said
    assert "0 " not in said.partition(DASH)[0]


def test_a_key_that_decides_several_domains_has_what_the_live_table_sends_by_it(
    site: Site, client: Client
) -> None:
    rows = [to("orange.fr", age_s=600), to("free.fr", "jres.org"), to("host.renater.fr")]
    scanned(site.host, spool(summary(NOW, rows), rows), at=NOW)
    html = card(client, "/routes/./")
    said = told(html)
    assert "listes / sendmailsympa 2 recipients" in said
    assert "Messages to free.fr , orange.fr" in said
    assert "Oldest 10 min ago Exact:" in said
    assert "1 recipient" in told(card(client, "/local-hosts/host.renater.fr/"))

    figures = summary(NOW, rows, **rest(100, 300))
    scanned(site.host, spool(figures, rows), at=NOW + timedelta(seconds=60))
    said = told(card(client, "/routes/./"))
    assert "at least 2 recipients" in said
    assert "Of the 4 largest of 150 domains; the others are not counted one by one." in said


def test_without_a_live_release_no_key_is_known_to_decide(site: Site, client: Client) -> None:
    other = world.list_server("lists2", 1)
    for kind, key in ((ObjectKind.VIRTUAL_DOMAIN, "new.example"), (ObjectKind.ROUTE, ".example")):
        save_object(
            identity=uuid4(),
            version=0,
            server=other,
            kind=kind,
            key=key,
            mailer="esmtp" if kind is ObjectKind.ROUTE else "",
            next_hop="[192.0.2.1]" if kind is ObjectKind.ROUTE else "",
            by=site.people["claire"],
        )
    rows = [to("new.example")]
    scanned(other, spool(summary(NOW, rows), rows), at=NOW)
    assert "1 recipient Messages to new.example" in told(card(client, "/domains/new.example/"))
    said = told(card(client, "/routes/.example/"))
    assert f"lists2 / sendmailsympa {DASH} No release of ours is live on lists2." in said


def test_figures_from_before_say_so(site: Site, client: Client) -> None:
    rows = [to("jres.org")]
    scanned(site.host, spool(summary(NOW, rows), rows), at=NOW)
    scanned(site.host, spool(None, problem="Permission denied"), at=NOW + timedelta(seconds=60))
    with time_machine.travel(NOW + timedelta(hours=1), tick=False):
        said = told(card(client, "/domains/jres.org/"))
    assert "1 recipient" in said
    assert "It cannot be read now (Permission denied); this is from before." in said
    assert "as of 1 h ago" in said


def test_of_many_domains_the_largest_are_named(site: Site, client: Client) -> None:
    rows = [to(f"d{n}.example") for n in range(40)]
    scanned(site.host, spool(summary(NOW, rows), rows), at=NOW)
    said = told(card(client, "/routes/./"))
    assert "Messages to d0.example , d1.example , d10.example , d11.example and 36 more" in said
