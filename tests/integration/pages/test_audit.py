"""The audit page: pages by number in both directions, days in UTC, filters in the address."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from mailadmin.audit.models import AuditEvent
from tests.fixtures.audited import unaudited
from tests.integration.pages.conftest import Site, text

NIGHT = datetime(2026, 3, 1, 23, 59, 59, 999999, tzinfo=UTC)


def events(count: int, actor: str = "nina") -> None:
    """So many events, one a second, the last one at the end of the first of March."""
    first = (AuditEvent.objects.order_by("-number").first() or AuditEvent(number=0)).number
    with unaudited():
        AuditEvent.objects.bulk_create(
            AuditEvent(
                number=first + place + 1,
                at=NIGHT - timedelta(seconds=count - 1 - place),
                actor=actor,
                actor_name="Nina Ninth",
                action="virtual_domain.changed",
                subject=f"d{place}.example",
                hash="0" * 64,
            )
            for place in range(count)
        )


def numbers(page: object) -> list[int]:
    """The events of a page, as they stand on it."""
    return [row.number for row in page.context["page"].rows]  # type: ignore[attr-defined]  # a test's answer


def test_older_and_newer_lead_to_the_end_and_back_over_the_same_pages(site: Site) -> None:
    events(120)
    client, seen = site.sign_in("vera"), list[list[int]]()
    page = client.get("/audit/?actor=nina")
    assert page.context["pager"]["newer_href"] == ""
    while True:
        seen.append(numbers(page))
        pager = page.context["pager"]
        if not pager["older_href"]:
            break
        assert "actor=nina" in pager["older_href"]
        page = client.get(pager["older_href"])

    flat = [number for part in seen for number in part]
    assert [len(part) for part in seen] == [50, 50, 20]
    assert flat == sorted(flat, reverse=True) and len(set(flat)) == 120
    for part in reversed(seen[:-1]):
        page = client.get(page.context["pager"]["newer_href"])
        assert numbers(page) == part
    assert page.context["pager"]["newer_href"] == ""


def test_new_events_do_not_move_the_page_that_is_read(site: Site) -> None:
    events(120)
    client = site.sign_in("vera")
    address = client.get("/audit/?actor=nina").context["pager"]["older_href"]
    before = numbers(client.get(address))
    events(10)

    assert numbers(client.get(address)) == before


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("since=2026-03-01&until=2026-03-01", 3),
        ("since=2026-03-02", 0),
        ("until=2026-02-28", 0),
        ("since=2026-03-01", 3),
        ("until=9999-12-31", 3),
    ],
)
def test_a_day_is_whole_in_utc(site: Site, asked: str, found: int) -> None:
    events(3)
    page = site.sign_in("vera").get(f"/audit/?actor=nina&{asked}")

    assert len(numbers(page)) == found


def test_days_are_compared_without_a_function_of_every_row(site: Site) -> None:
    client = site.sign_in("vera")
    with CaptureQueriesContext(connection) as asked:
        client.get("/audit/?since=2026-01-01&until=2026-12-31")

    about = [query["sql"] for query in asked if '"at" >=' in query["sql"]]
    assert about
    assert not [sql for sql in about if "date(" in sql.lower() or "date_trunc" in sql.lower()]


def test_a_filter_that_fits_nothing_says_so_and_leads_out(site: Site) -> None:
    page = text(site.sign_in("vera").get("/audit/?actor=nobody-of-that-name"))

    assert "No event fits these filters" in page
    assert "Clear filters" in page
