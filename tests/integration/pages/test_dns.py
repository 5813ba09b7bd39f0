"""What the DNS says, on the pages of domains, relays and list servers; and asked at once."""

from __future__ import annotations

from datetime import timedelta
from html import escape

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from routing.models import Asked, DnsCheck, RoutingObject
from routing.queries.dns import NOT_ASKED_HERE
from routing.services.objects import set_enabled
from routing.views.dns_findings import NOTHING_WRONG
from tests.fixtures.nameserver import Zone
from tests.integration.dns.asked import as_it_should_be, settle
from tests.integration.dns.told import told
from tests.integration.pages import world
from tests.integration.pages.conftest import Site, text

JRES = "/domains/jres.org/"
RECORD = 'jres.org. IN TXT "v=spf1 ip4:192.0.2.10 ip4:192.0.2.20 -all"'


@pytest.fixture
def asked(site: Site, zone: Zone, settings: Settings) -> Zone:
    """The site with a DNS of its own, not asked yet."""
    del site
    settings.DNS_CHECKS, settings.DNS_SERVERS, settings.DNS_SECONDS = True, [zone.address], 5.0
    as_it_should_be(zone)
    return zone


def long_ago() -> None:
    """As if the last questions were an hour old: what was just asked is not asked again."""
    DnsCheck.objects.update(asked_at=timezone.now() - timedelta(hours=1))


def test_the_page_of_a_domain_shows_records_and_what_to_publish(site: Site, asked: Zone) -> None:
    asked.add("jres.org", "TXT", "v=spf1 ip4:192.0.2.10 -all")
    settle()
    page = text(site.sign_in("vera").get(JRES))

    assert "10 listes.renater.fr (192.0.2.10)" in page
    assert page.count(escape(RECORD)) == 2, "to read, and to copy whole"
    assert "receivers answer fail, and refuse the mail of its lists" in page
    assert "smtp1.renater.fr (192.0.2.20)" in page, "the PTR of the relay that sends for it"
    assert "Editors ask the DNS again. Claire Martin or Luc Petit can." in page


def test_a_relay_and_a_list_server_show_addresses_and_names(site: Site, asked: Zone) -> None:
    del asked.records["20.2.0.192.in-addr.arpa", "PTR"]
    settle()
    client = site.sign_in("claire")

    relay = text(client.get("/relays/smtp1/"))
    assert "192.0.2.20, from which smtp1 sends, has no name (PTR)" in relay
    host = text(client.get("/mail-hosts/listes/"))
    assert "listes.renater.fr (192.0.2.10)" in host
    assert "has no name (PTR)" not in host


def test_checked_now_it_is_due_and_the_panel_looks_again_until_it_was_asked(
    site: Site, asked: Zone
) -> None:
    settle()
    long_ago()
    client = site.sign_in("claire")
    answer = client.post(f"{JRES}check-dns/?server=listes", follow=True)

    assert "The DNS of jres.org is asked again." in text(answer)
    assert "being asked now" in text(answer)
    assert 'hx-get="/domains/jres.org/dns/?server=listes"' in text(answer)
    settle()
    after = text(client.get(f"{JRES}dns/?server=listes"))
    assert "being asked now" not in after
    assert "hx-get" not in after
    assert "<html" not in after


def test_a_button_that_is_pressed_again_and_again_asks_once(site: Site, asked: Zone) -> None:
    settle()
    before = DnsCheck.objects.get(name="jres.org").due_at
    answer = site.sign_in("claire").post(f"{JRES}check-dns/", follow=True)

    assert "was asked a moment ago" in text(answer)
    assert DnsCheck.objects.get(name="jres.org").due_at == before


@pytest.mark.parametrize(
    "address", [f"{JRES}check-dns/", "/relays/smtp1/check-dns/", "/mail-hosts/listes/check-dns/"]
)
def test_who_may_not_edit_asks_nothing(site: Site, asked: Zone, address: str) -> None:
    settle()
    long_ago()
    due = list(DnsCheck.objects.order_by("pk").values_list("due_at", flat=True))

    for name in ("vera", "paul", "otto", "anne"):
        assert site.sign_in(name).post(address).status_code == 403
    assert site.sign_in("claire").get(address).status_code == 405
    assert list(DnsCheck.objects.order_by("pk").values_list("due_at", flat=True)) == due
    assert site.sign_in("claire").post(address).status_code == 302
    assert DnsCheck.objects.filter(due_at__lte=timezone.now()).exists()


@pytest.mark.parametrize(
    "address",
    [
        "/domains/nowhere.example/check-dns/",
        "/relays/none/check-dns/",
        "/mail-hosts/none/check-dns/",
    ],
)
def test_what_is_not_there_is_not_asked(site: Site, asked: Zone, address: str) -> None:
    assert site.sign_in("claire").post(address).status_code == 404
    assert not DnsCheck.objects.filter(kind=Asked.DOMAIN).exists()


def test_a_silent_dns_is_told_as_such_and_not_as_a_fault(
    site: Site, asked: Zone, settings: Settings
) -> None:
    now = settle()
    asked.dead, settings.DNS_SECONDS = True, 0.4
    settle(now + timedelta(hours=25))
    page = text(site.sign_in("vera").get(JRES))

    assert "The DNS did not answer the last time" in page
    assert "10 listes.renater.fr (192.0.2.10)" in page, "what was known stays"
    assert "Wrong" not in page


def test_an_old_answer_is_marked(site: Site, asked: Zone, settings: Settings) -> None:
    settle()
    assert "ma-dns-age ma-stale" not in text(site.sign_in("vera").get(JRES))
    settings.DNS_HOURS = 0.000001
    page = text(site.sign_in("vera").get(JRES))
    assert "ma-dns-age ma-stale" in page
    assert "Was good" in page
    assert "ma-badge-ok" not in page.partition('id="dns"')[2].partition("</section>")[0]


def test_switched_off_the_page_says_that_nothing_is_asked_here(site: Site) -> None:
    page = text(site.sign_in("claire").get(JRES))

    assert page.count(NOT_ASKED_HERE) == 1, "once, whatever the page has of it"
    assert 'aria-disabled="true" aria-describedby="check-dns-reason"' in page


def test_a_disabled_domain_has_no_button(site: Site, asked: Zone) -> None:
    row = RoutingObject.objects.get(key="jres.org")
    set_enabled(identity=row.pk, version=row.version, enabled=False, by=site.people["claire"])
    page = text(site.sign_in("claire").get(JRES))

    assert "A virtual domain that is disabled is not asked." in page
    assert "Check now" not in page


def test_a_record_of_a_stranger_is_only_text(site: Site, asked: Zone) -> None:
    asked.add("jres.org", "TXT", "v=spf1 <script>alert(1)</script> -all")
    settle()
    page = text(site.sign_in("vera").get(JRES))

    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page


def test_findings_of_the_dns_are_listed_worst_first_with_what_to_publish(
    site: Site, asked: Zone
) -> None:
    asked.add("jres.org", "TXT", "v=spf1 ip4:192.0.2.10 -all")
    asked.add("renater.fr", "MX", "10 elsewhere.example.")
    asked.add("elsewhere.example", "A", "203.0.113.1")
    del asked.records["20.2.0.192.in-addr.arpa", "PTR"]
    settle()
    page = text(site.sign_in("vera").get("/findings/dns/"))

    places = [page.index(f'">{name}</a>') for name in ("renater.fr", "jres.org", "192.0.2.20")]
    assert places == sorted(places)
    assert 'href="/domains/jres.org/?server=listes"' in page
    assert 'href="/relays/smtp1/"' in page
    assert page.count(escape(RECORD)) == 2


def test_findings_are_chosen_by_kind_and_by_name(site: Site, asked: Zone) -> None:
    for name in ("jres.org", "renater.fr"):
        asked.records.pop((name, "TXT"))
    asked.records.pop(("jres.org", "MX"))
    settle()
    client = site.sign_in("vera")

    one_kind = text(client.get("/findings/dns/?state=mx_none"))
    assert "jres.org has no MX" in one_kind
    assert "has no SPF record" not in one_kind
    by_name = text(client.get("/findings/dns/?q=RENATER"))
    assert "renater.fr has no SPF record" in by_name
    assert "jres.org has" not in by_name
    assert "Nothing matches moo" in text(client.get("/findings/dns/?q=moo"))


def test_a_page_of_findings_costs_the_same_however_many_there_are(
    site: Site, asked: Zone, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(120):
        world.add_domain(site.host, f"d{number}.example", site.people["claire"])
    told({}, now=timezone.now())
    client = site.sign_in("vera")
    client.get("/findings/dns/")
    with django_assert_max_num_queries(40):
        page = text(client.get("/findings/dns/"))

    assert "1 to 50 of" in page


def test_silence_is_counted_and_is_no_finding(site: Site, asked: Zone, settings: Settings) -> None:
    asked.dead, settings.DNS_SECONDS = True, 0.4
    settle()
    page = text(site.sign_in("vera").get("/findings/dns/"))

    assert "the DNS said nothing the last time" in page
    assert NOTHING_WRONG in page


def test_where_nothing_is_asked_no_finding_is_no_praise(site: Site) -> None:
    page = text(site.sign_in("vera").get("/findings/dns/"))

    assert NOT_ASKED_HERE in page
    assert NOTHING_WRONG not in page


HOST = "/local-hosts/host.renater.fr/"


def test_a_local_host_is_asked_for_the_address_that_its_mail_goes_to(
    site: Site, asked: Zone
) -> None:
    asked.add("host.renater.fr", "MX", "10 smtp1.renater.fr.")
    del asked.records["host.renater.fr", "A"]
    now = settle()
    client = site.sign_in("claire")
    page = text(client.get(HOST))
    assert "host.renater.fr has no address in the DNS that is asked here" in page
    assert "10 smtp1.renater.fr (192.0.2.20)" in page and "Mail from elsewhere goes by it." in page
    findings = text(client.get("/findings/dns/?state=local_no_address"))
    assert 'href="/local-hosts/host.renater.fr/?server=listes"' in findings

    asked.add("host.renater.fr", "A", "192.0.2.44")
    settle(now + timedelta(hours=25))
    page = text(client.get(HOST))
    assert "has no address" not in page and "192.0.2.44" in page
    assert not client.get("/findings/dns/").context["list"].rows


def test_a_local_host_that_is_switched_off_or_gone_is_not_asked(site: Site, asked: Zone) -> None:
    del asked
    settle()
    row = RoutingObject.objects.get(key="host.renater.fr")
    assert DnsCheck.objects.filter(kind=Asked.LOCAL).count() == 1
    set_enabled(identity=row.pk, version=row.version, enabled=False, by=site.people["claire"])
    settle()
    assert not DnsCheck.objects.filter(kind=Asked.LOCAL).exists()


def test_a_local_host_is_checked_now_by_editors(site: Site, asked: Zone) -> None:
    del asked
    settle()
    long_ago()
    client = site.sign_in("claire")
    page = text(client.post(f"{HOST}check-dns/?server=listes", follow=True))
    assert "The DNS of host.renater.fr is asked again." in page
    assert "being asked now" in text(client.get(f"{HOST}dns/?server=listes"))
    assert site.sign_in("vera").post(f"{HOST}check-dns/?server=listes").status_code == 403
