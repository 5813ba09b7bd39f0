"""The matrix: which cells are red, which only not known, and what a page of it costs."""

from __future__ import annotations

import re
from datetime import timedelta
from html.parser import HTMLParser

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from mailadmin.asked import Asked
from routing.core.intent import ObjectKind
from routing.core.matrix import gaps_of
from routing.models import (
    MailHost,
    RcptCheck,
    RoutingObject,
    Source,
    Subject,
    Survey,
    SurveyedName,
)
from routing.queries.matrix import matrix
from routing.services.objects import set_enabled
from routing.services.surveys import keep_survey
from tests.fixtures.audited import unaudited
from tests.fixtures.surveyed import accepted, robots, surveyed
from tests.integration.dns.told import told
from tests.integration.pages import world
from tests.integration.pages.conftest import Site, text

ZONE = {
    ("listes.renater.fr", "A"): ["192.0.2.10"],
    ("smtp1.renater.fr", "A"): ["192.0.2.20"],
    ("10.2.0.192.in-addr.arpa", "PTR"): ["listes.renater.fr"],
    ("jres.org", "MX"): ["10 listes.renater.fr"],
    ("jres.org", "TXT"): ["v=spf1 ip4:192.0.2.20 ip4:192.0.2.10 -all"],
    ("renater.fr", "MX"): ["10 elsewhere.example"],
    ("elsewhere.example", "A"): ["203.0.113.1"],
    ("renater.fr", "TXT"): ["v=spf1 ip4:192.0.2.20 ip4:192.0.2.10 -all"],
    ("demo.sympa.org", "MX"): ["10 listes.renater.fr"],
    ("demo.sympa.org", "TXT"): ["v=spf1 ip4:192.0.2.20 ip4:192.0.2.10 -all"],
}


class Cells(HTMLParser):
    """The words of each row of the first table, by its head."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: dict[str, list[str]] = {}
        self._cell, self._row = "", list[str]()
        self._in = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "tr":
            self._row = []
        if tag in ("td", "th"):
            self._in, self._cell = True, ""

    def handle_data(self, data: str) -> None:
        if self._in:
            self._cell += data

    def handle_endtag(self, tag: str) -> None:
        if tag in ("td", "th"):
            self._in = False
            self._row.append(re.sub(r"\s+", " ", self._cell).strip())
        if tag == "tr" and len(self._row) > 5:
            self.rows[self._row[0]] = self._row[1:]


def cells(page: str) -> dict[str, list[str]]:
    parser = Cells()
    parser.feed(page)
    # What stands behind the colon is for readers and in the title.
    return {
        name: [cell.split(":")[0].strip() for cell in row[:5]] for name, row in parser.rows.items()
    }


def tell(host: MailHost, subject: Subject, *names: str, is_whole: bool = True) -> None:
    keep_survey(
        server=host,
        subject=subject,
        source=Source.IMPORT,
        names=names,
        is_whole=is_whole,
        now=timezone.now(),
    )


@pytest.fixture
def asked(site: Site, settings: Settings) -> None:
    settings.DNS_CHECKS = True
    told(ZONE, now=timezone.now())


def test_what_nobody_told_is_not_known_and_nothing_is_red(site: Site) -> None:
    page = text(site.sign_in("vera").get("/matrix/"))

    unknown = ["Not known", "Not known", "Yes", "Not known", "Not known"]
    assert cells(page) == {
        "Domain": ["Robot", "MTA takes it", "Mailertable", "MX", "SPF"],
        **dict.fromkeys(("demo.sympa.org", "jres.org", "renater.fr"), unknown),
    }
    assert "ma-bad" not in page
    assert page.count('<span class="ma-unk">not known</span>') == 2
    assert "its addresses are not known" in page


@pytest.mark.usefixtures("asked")
def test_each_cell_says_what_is_missing_and_what_ends_it(site: Site) -> None:
    tell(site.host, Subject.ROBOTS, "renater.fr", "jres.org")
    tell(site.host, Subject.ACCEPTED, "renater.fr", "demo.sympa.org")
    page = text(site.sign_in("vera").get("/matrix/"))

    assert cells(page) == {
        "Domain": ["Robot", "MTA takes it", "Mailertable", "MX", "SPF"],
        "demo.sympa.org": ["Missing", "Yes", "Yes", "Yes", "Yes"],
        "jres.org": ["Yes", "Missing", "Yes", "Yes", "Yes"],
        "renater.fr": ["Yes", "Yes", "Yes", "Elsewhere", "Yes"],
    }
    assert "Make its robot.conf on the list server" in page
    assert "Name it in class w or relay-domains of the MTA" in page
    assert 'href="/domains/renater.fr/?server=listes#dns"' in page
    assert "192.0.2.20, from which smtp1 sends, has no name (PTR)" in page


@pytest.mark.usefixtures("asked")
def test_only_rows_with_a_gap(site: Site) -> None:
    tell(site.host, Subject.ROBOTS, "renater.fr", "jres.org")
    page = text(site.sign_in("vera").get("/matrix/?state=gaps"))

    assert {*cells(page)} == {"Domain", "demo.sympa.org", "renater.fr"}
    assert "2 of 3" in page


@pytest.mark.usefixtures("asked")
def test_class_w_of_an_import_tells_what_is_there_and_not_what_is_missing(site: Site) -> None:
    tell(site.host, Subject.ACCEPTED, "renater.fr", is_whole=False)
    page = text(site.sign_in("vera").get("/matrix/"))

    found = {name: row[1] for name, row in cells(page).items()}
    assert found["renater.fr"] == "Yes"
    assert found["jres.org"] == "Not known"
    assert "jres.org" not in cells(text(site.sign_in("vera").get("/matrix/?state=gaps")))


def test_a_row_that_was_written_later_is_not_called_missing(site: Site) -> None:
    tell(site.host, Subject.ROBOTS, "renater.fr", "jres.org", "demo.sympa.org")
    world.add_domain(site.host, "new.example", site.people["claire"])
    page = text(site.sign_in("vera").get("/matrix/"))

    assert cells(page)["new.example"][0] == "Not known"
    assert cells(page)["new.example"][2] == "Not live yet"


@pytest.mark.usefixtures("asked")
def test_an_old_answer_is_marked_with_its_age(site: Site, settings: Settings) -> None:
    assert "ma-stale" not in text(site.sign_in("vera").get("/matrix/"))
    settings.DNS_HOURS = 0.000001
    page = text(site.sign_in("vera").get("/matrix/"))
    assert page.count("ma-stale") == 6, "MX and SPF of three domains"


def test_robots_without_a_domain_are_told_with_the_edit_that_mends_it(site: Site) -> None:
    tell(
        site.host,
        Subject.ROBOTS,
        "lost.example",
        "host.renater.fr",
        "listes.renater.fr",
        "jres.org",
    )
    client = site.sign_in("claire")
    first = text(client.get("/matrix/"))

    assert "2 robots without a virtual domain" in first
    assert 'href="/matrix/?state=robots"' in first
    page = text(client.get("/matrix/?state=robots"))
    found = cells(page)
    assert {*found} == {"Domain", "lost.example", "host.renater.fr"}, "its own name needs no line"
    assert found["lost.example"][2] == "Missing"
    assert found["host.renater.fr"][2] == "A local host"
    assert 'href="/domains/add/?key=lost.example&amp;server=listes"' in page
    assert client.get("/domains/add/?key=lost.example&server=listes").status_code == 200
    assert "Add the domain" not in text(site.sign_in("vera").get("/matrix/?state=robots"))


@pytest.mark.usefixtures("asked")
def test_what_the_dns_said_of_a_domain_before_it_was_disabled_does_not_count(site: Site) -> None:
    row = RoutingObject.objects.get(key="renater.fr")
    set_enabled(identity=row.pk, version=row.version, enabled=False, by=site.people["claire"])

    client = site.sign_in("vera")
    found = cells(text(client.get("/matrix/")))["renater.fr"]
    assert found[2:] == ["Disabled", "Not known", "Not known"]
    assert {*cells(text(client.get("/matrix/?state=gaps")))} == set()


def test_a_disabled_domain_with_a_robot_is_a_gap_and_another_is_none(site: Site) -> None:
    for key in ("jres.org", "demo.sympa.org"):
        row = RoutingObject.objects.get(key=key)
        set_enabled(identity=row.pk, version=row.version, enabled=False, by=site.people["claire"])
    tell(site.host, Subject.ROBOTS, "jres.org", "renater.fr")
    page = text(site.sign_in("claire").get("/matrix/"))

    assert 'href="/domains/jres.org/enable/?server=listes"' in page
    assert {*cells(text(site.sign_in("vera").get("/matrix/?state=gaps")))} == {"Domain", "jres.org"}


@pytest.mark.usefixtures("asked")
def test_the_database_chooses_the_rows_that_the_cells_call_gaps(site: Site) -> None:
    """Robot told or not, row older or not, on or off, DNS good, bad or unknown: 144 domains."""
    domains, robots, accepted = [], [], []
    now = timezone.now()
    for number in range(144):
        key, rest = f"d{number:03}.example", number
        rest, has_robot = divmod(rest, 2)
        rest, is_accepted = divmod(rest, 2)
        rest, enabled = divmod(rest, 2)
        rest, later = divmod(rest, 2)
        mx, spf = divmod(rest, 3)
        domains.append(
            RoutingObject(
                server=site.host,
                kind=ObjectKind.VIRTUAL_DOMAIN,
                key=key,
                enabled=bool(enabled),
                changed_at=now + timedelta(hours=1) if later else now - timedelta(hours=1),
                changed_by="Claire Martin",
            )
        )
        robots += [key] * has_robot
        accepted += [key] * is_accepted
        ZONES[key] = (mx, spf)
    with unaudited():
        RoutingObject.objects.bulk_create(domains)
    RcptCheck.objects.bulk_create(
        RcptCheck(
            server=site.host,
            domain=row.key,
            address=f"postmaster@{row.key}",
            began_at=now,
            stranger=MTA[number % 7][0],
            stranger_text=MTA[number % 7][1],
        )
        for number, row in enumerate(domains)
        if number % 7 in MTA
    )
    told({**ZONE, **_zone()}, now=now)
    tell(site.host, Subject.ROBOTS, *robots)
    tell(site.host, Subject.ACCEPTED, *accepted)

    every = _all_rows("")
    gaps = [key for key, has_gap in every if has_gap]
    assert 0 < len(gaps) < len(every)
    assert [key for key, _ in _all_rows("gaps")] == gaps


MTA = {
    1: ("refused", "5.7.1 Relaying denied"),
    3: ("accepted", "2.1.5 Recipient ok"),
    6: ("refused", "5.1.1 User unknown"),
}
ZONES: dict[str, tuple[int, int]] = {}


def _zone() -> dict[tuple[str, str], list[str]]:
    made: dict[tuple[str, str], list[str]] = {}
    for key, (mx, spf) in ZONES.items():
        if mx:
            made[key, "MX"] = [("", "10 listes.renater.fr", "10 elsewhere.example")[mx]]
        if spf:
            made[key, "TXT"] = [("", "v=spf1 ip4:192.0.2.0/24 -all", "v=spf1 ptr -all")[spf]]
    return made


def _all_rows(state: str) -> list[tuple[str, bool]]:
    """Every row of a view, page by page, with whether a cell of it is missing."""
    rows: list[tuple[str, bool]] = []
    cursor = ""
    for _ in range(10):
        query = Asked(place="/matrix/", state=state, also={"server": ""}, cursor=cursor)
        found = matrix(query)
        rows += [(row.key, bool(gaps_of(row.cells))) for row in found.rows]
        cursor = found.turn.next
        if not cursor:
            break
    return rows


def test_a_page_costs_the_same_however_long_the_table_is(
    site: Site, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    now = timezone.now()
    with unaudited():
        RoutingObject.objects.bulk_create(
            RoutingObject(
                server=site.host,
                kind=ObjectKind.VIRTUAL_DOMAIN,
                key=f"d{number:04}.example",
                changed_at=now,
                changed_by="Claire Martin",
            )
            for number in range(300)
        )
    tell(site.host, Subject.ROBOTS, *(f"d{number:04}.example" for number in range(0, 300, 2)))
    client = site.sign_in("vera")
    client.get("/matrix/")
    for address in ("/matrix/", "/matrix/?state=gaps", "/matrix/?q=d01&server=listes"):
        with django_assert_max_num_queries(45):
            page = client.get(address)
        assert len(cells(text(page))) == 51, address


def test_a_survey_replaces_the_one_before_and_writes_only_what_moved(site: Site) -> None:
    tell(site.host, Subject.ROBOTS, "a.example", "b.example")
    kept = SurveyedName.objects.get(name="b.example").pk
    tell(site.host, Subject.ROBOTS, "b.example", "c.example")

    names = Survey.objects.get(subject=Subject.ROBOTS).names.order_by("name")
    assert [row.name for row in names] == ["b.example", "c.example"]
    assert names[0].pk == kept
    assert Survey.objects.get().total == 2


def test_what_its_agent_told_is_true_and_what_it_could_not_read_is_not_missing(site: Site) -> None:
    at = timezone.now()
    trouble = "/etc/sympa/demo.sympa.org cannot be read: Permission denied."
    surveyed(site.host, robots("jres.org"), accepted("jres.org"), at=at)
    page = text(site.sign_in("vera").get("/matrix/"))
    found = cells(page)
    assert found["jres.org"][:2] == ["Yes", "Yes"]
    assert found["demo.sympa.org"][:2] == ["Missing", "Missing"]
    assert "1, told by its agent" in page

    found_robots = robots("jres.org", troubles=(trouble,))
    surveyed(site.host, found_robots, accepted("jres.org"), at=at + timedelta(hours=1))
    page = text(site.sign_in("vera").get("/matrix/"))
    assert cells(page)["demo.sympa.org"][0] == "Not known"
    assert page.count(trouble) >= 2, "in the cell, and under what all of it rests on"


def test_a_host_whose_agent_names_nothing_is_told_what_to_write(site: Site) -> None:
    tell(site.host, Subject.ROBOTS, "jres.org")
    surveyed(site.host, at=timezone.now())
    page = text(site.sign_in("vera").get("/matrix/"))
    assert "1, told by the import" in page
    assert page.count("The file of the spool agent of listes does not name them") >= 2
    assert cells(page)["jres.org"][0] == "Yes"
    assert cells(page)["demo.sympa.org"][0] == "Missing"


def test_what_was_told_long_ago_is_shown_as_old(site: Site) -> None:
    surveyed(site.host, robots("jres.org"), accepted(), at=timezone.now() - timedelta(hours=5))
    page = text(site.sign_in("vera").get("/matrix/"))
    assert page.count("old, ") >= 6
    assert "ma-stale" in page
    assert "ma-square ma-ok" in page, "what is live is not from a survey"
