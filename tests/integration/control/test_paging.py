"""A page costs the same wherever it is, and the pages of a walk are all rows, each once."""

from __future__ import annotations

import math
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterator
from dataclasses import replace

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from mailadmin import paging
from mailadmin.asked import Asked
from mailadmin.paging import Order, Turn, page_of
from routing.core.intent import ObjectKind
from routing.models import MailHost, RoutingObject
from routing.queries import objects
from routing.queries.objects import list_objects, rows_of
from tests.fixtures.audited import unaudited

DOMAIN = ObjectKind.VIRTUAL_DOMAIN
SIZE = 10
Walk = list[tuple[list[str], Turn]]


@pytest.fixture
def few_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lists of more than twenty rows are long ones."""
    monkeypatch.setattr(paging, "EXACT", 20)
    monkeypatch.setattr(objects, "EXACT", 20)


def fill(host: MailHost, count: int) -> list[str]:
    """Rows of which several were changed at one moment; their keys in order."""
    keys = [f"d{number:04}.example" for number in range(count)]
    at = timezone.now()
    with unaudited():
        RoutingObject.objects.bulk_create(
            RoutingObject(
                server=host, kind="virtual_domain", key=key, changed_at=at, changed_by="import"
            )
            for key in keys
        )
    return keys


def walk(order: Order, total: int | None = None, *, back: bool = False) -> Walk:
    """Every page from the first to the last, or from the last back to the first."""
    found, cursor = [], ""
    while True:
        page = page_of(rows_of(DOMAIN), order=order, cursor=cursor, size=SIZE, total=total)
        found.append(([row.key for row in page.rows], page.turn))
        cursor = page.turn.next
        if not cursor:
            break
    while back:
        cursor = found[-1][1].back
        if not cursor:
            return found[math.ceil(len(found) / 2) - 1 :]
        page = page_of(rows_of(DOMAIN), order=order, cursor=cursor, size=SIZE, total=total)
        found.append(([row.key for row in page.rows], page.turn))
    return found


def places(found: Walk) -> Iterator[tuple[int, int]]:
    return ((turn.first, turn.last) for _, turn in found)


@pytest.mark.usefixtures("few_are_counted")
@pytest.mark.parametrize("count", [0, 1, 9, 10, 11, 19, 20, 21, 29, 30, 31, 55])
@pytest.mark.parametrize("order", [Order("key"), Order("key", down=True), Order("changed_at")])
@pytest.mark.parametrize("known", [True, False])
def test_the_pages_are_all_rows_in_order_and_know_where_they_are(
    listes: MailHost, count: int, order: Order, known: bool
) -> None:
    fill(listes, count)
    everything = [row.key for row in rows_of(DOMAIN).order_by(*order.columns)]

    found = walk(order, count if known else None)

    assert [key for keys, _ in found for key in keys] == everything
    starts = range(0, max(count, 1), SIZE)
    wanted = [(start + bool(count), min(start + SIZE, count)) for start in starts]
    assert list(places(found)) == wanted
    # What nobody counted is not said: twenty are, and on the last page it is known.
    uncounted = not known and count > 20
    assert [turn.more for _, turn in found] == [
        uncounted and last < count for _, last in places(found)
    ]
    assert found[-1][1].total == count


@pytest.mark.usefixtures("few_are_counted")
@pytest.mark.parametrize("count", [10, 11, 20, 21, 31, 55])
@pytest.mark.parametrize("known", [True, False])
def test_back_goes_over_the_same_pages(listes: MailHost, count: int, known: bool) -> None:
    fill(listes, count)
    total = count if known else None

    there = walk(Order("key"), total)
    back = walk(Order("key"), total, back=True)

    assert [keys for keys, _ in back] == [keys for keys, _ in reversed(there)]
    assert list(places(back)) == list(places(list(reversed(there))))
    assert back[-1][1].back == ""


@pytest.mark.usefixtures("few_are_counted")
def test_rows_that_go_meanwhile_shift_no_page(listes: MailHost) -> None:
    keys = fill(listes, 55)
    first = page_of(rows_of(DOMAIN), order=Order("key"), size=SIZE)
    with unaudited():
        RoutingObject.objects.filter(key__in=keys[:5]).delete()

    second = page_of(rows_of(DOMAIN), order=Order("key"), size=SIZE, cursor=first.turn.next)
    assert [row.key for row in second.rows] == keys[10:20]
    back = page_of(rows_of(DOMAIN), order=Order("key"), size=SIZE, cursor=second.turn.back)
    assert [row.key for row in back.rows] == keys[5:15]
    assert (back.turn.first, back.turn.back) == (1, "")


@pytest.mark.usefixtures("few_are_counted")
@pytest.mark.parametrize("at", ['"9"', "-3", "1e9", "true", "null", "99999999999999999999"])
def test_a_place_that_nobody_wrote_is_no_place(listes: MailHost, at: str) -> None:
    keys = fill(listes, 55)
    row = RoutingObject.objects.get(key=keys[9])
    cursor = paging._packed([0, row.key, str(row.pk), None])
    spoilt = urlsafe_b64encode(urlsafe_b64decode(cursor + "==").replace(b"null", at.encode()))

    page = page_of(rows_of(DOMAIN), order=Order("key"), size=SIZE, cursor=spoilt.decode())

    assert [row.key for row in page.rows] == keys[10:20]
    assert (page.turn.first, page.turn.last) == (11, 20)


def test_a_cursor_of_ten_thousand_brackets_is_the_first_page(listes: MailHost) -> None:
    keys = fill(listes, 3)
    cursor = urlsafe_b64encode(b"[" * 10_000).decode()
    page = page_of(rows_of(DOMAIN), order=Order("key"), cursor=cursor)
    assert [row.key for row in page.rows] == keys


def asked(**values: str) -> Asked:
    return Asked(place="/domains/", **values)  # type: ignore[arg-type]


@pytest.mark.usefixtures("few_are_counted")
def test_a_long_list_is_counted_by_nobody(live: MailHost) -> None:
    fill(live, 400)
    list_objects(DOMAIN, asked())
    for question in (asked(), asked(text="d00"), asked(state="live"), asked(sort="-changed")):
        turn = list_objects(DOMAIN, question).turn
        with CaptureQueriesContext(connection) as queries:
            list_objects(DOMAIN, replace(question, cursor=turn.next))
        counts = [query["sql"] for query in queries if "COUNT(" in query["sql"]]
        assert all("LIMIT 21" in sql for sql in counts), counts
        assert len(counts) <= 2


@pytest.mark.parametrize("sort", ["key", "-key", "changed", "-changed"])
def test_a_page_begins_in_its_index_and_sorts_nothing(live: MailHost, sort: str) -> None:
    fill(live, 2000)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    second = list_objects(DOMAIN, asked(sort=sort, cursor=_middle(sort)))
    assert second.turn.first > 1000
    with CaptureQueriesContext(connection) as queries:
        list_objects(DOMAIN, asked(sort=sort, cursor=_middle(sort)))
    (page,) = (q["sql"] for q in queries if "LIMIT 51" in q["sql"] and "changed_by" in q["sql"])
    plan = explained(page)
    name = "objects_in_order" if "key" in sort else "objects_as_changed"
    assert name in plan, plan
    assert "Sort" not in plan and "TEMP B-TREE" not in plan, plan


def test_the_disabled_ones_are_found_without_reading_the_others(live: MailHost) -> None:
    keys = fill(live, 2000)
    with unaudited():
        RoutingObject.objects.filter(key__in=keys[-60:]).update(enabled=False)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    with CaptureQueriesContext(connection) as queries:
        found = list_objects(DOMAIN, asked(state="disabled"))
    assert [row.key for row in found.rows] == keys[-60:-10]
    (page,) = (q["sql"] for q in queries if "LIMIT 51" in q["sql"] and "changed_by" in q["sql"])
    assert "objects_disabled" in explained(page), explained(page)


def _middle(sort: str) -> str:
    order = objects.ORDERS[sort]
    row = rows_of(DOMAIN).order_by(*order.columns)[1000]
    return paging.cursor_after(row, order, at=1001)


def explained(sql: str) -> str:
    """How the database would answer."""
    sqlite = connection.vendor == "sqlite"
    with connection.cursor() as cursor:
        cursor.execute(("EXPLAIN QUERY PLAN " if sqlite else "EXPLAIN ") + sql)
        return "\n".join(str(line) for line in cursor.fetchall())


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite reads the rows")
def test_a_search_uses_the_index_of_parts(live: MailHost) -> None:
    fill(live, 30_000)
    with connection.cursor() as cursor:
        # What was just written waits beside the index, and makes it look dear, until a vacuum.
        for part in ("key", "note"):
            cursor.execute(f"SELECT gin_clean_pending_list('objects_by_part_of_{part}'::regclass)")
        cursor.execute("ANALYZE")
    with CaptureQueriesContext(connection) as queries:
        list_objects(DOMAIN, asked(text="d0077.ex"))
    for sql in (q["sql"] for q in queries if "LIKE" in q["sql"]):
        plan = explained(sql)
        assert "objects_by_part_of_key" in plan and "objects_by_part_of_note" in plan, plan
