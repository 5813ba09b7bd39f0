"""What was done to a spool stands in its chart: pushes, and runs by fallback from start to end."""

from __future__ import annotations

import json
import re
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from routing.models import PushTarget
from spools.core.run_states import RunState
from spools.models import FlushRun
from spools.views.chart import MARKS_TOLD
from tests.fixtures.audited import unaudited
from tests.fixtures.spooled import NAME, scanned, spool, summary
from tests.integration.pages.conftest import Site, text

pytestmark = pytest.mark.usefixtures("clock_at_now")
NOW = timezone.now().replace(microsecond=0)
PAGE = f"/spools/listes/{NAME}/"


def told(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


@pytest.fixture
def client(site: Site) -> Client:
    """The push of the site is older than any chart; two spools were scanned just now."""
    other = spool(summary(NOW), name="mqueue", path="/var/spool/mqueue")
    scanned(site.host, spool(summary(NOW)), other, at=NOW)
    with unaudited():
        PushTarget.objects.update(state_at=NOW - timedelta(days=30))
    return site.sign_in("vera")


def run(site: Site, number: int, began: datetime, ended: datetime | None) -> None:
    with unaudited():
        FlushRun.objects.create(
            server=site.host,
            number=number,
            state=RunState.FINISHED if ended else RunState.RUNNING,
            release="r" * 64,
            runners=4,
            per_destination=2,
            seconds=30,
            reason="smtp1 is down",
            started_at=began,
            started_by="Otto Operator",
            ended_at=ended,
        )


def marks(client: Client, span: str, page: str = PAGE) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(client.get(f"{page}series/?span={span}").content)[
        "marks"
    ]
    return found


def test_a_run_is_marked_from_its_start_to_its_end(site: Site, client: Client) -> None:
    began, ended = NOW - timedelta(minutes=40), NOW - timedelta(minutes=21)
    run(site, 1, began, ended)
    assert marks(client, "1h") == [
        {
            "kind": "run",
            "at": began.timestamp(),
            "until": ended.timestamp(),
            "text": "run 1 by fallback",
        }
    ]
    html = text(client.get(f"{PAGE}?span=1h"))
    link = '<a href="/fallback/listes/runs/1/">run 1 by fallback</a>'
    assert f"{link} {began:%H:%M} to {ended:%H:%M}<" in _today(html)
    assert client.get("/fallback/listes/runs/1/").status_code == 200
    drawn = re.search(r'class="ma-chart-run" x="([\d.]+)" y="0" width="([\d.]+)"', html)
    assert drawn is not None
    assert [float(drawn[1]), float(drawn[2])] == pytest.approx([240, 228], abs=2)


def _today(html: str) -> str:
    """Times of yesterday have their day: just after midnight the test reads the same."""
    return re.sub(r"\d+\u00a0\w{3}\u00a0(\d\d:\d\d)", r"\1", html)


def test_a_run_that_goes_on_has_no_end_and_one_that_began_before_is_there(
    site: Site, client: Client
) -> None:
    run(site, 1, NOW - timedelta(hours=3), NOW - timedelta(minutes=50))
    run(site, 2, NOW - timedelta(hours=5), None)
    one, two = marks(client, "1h")
    assert (one["text"], two["text"]) == ("run 1 by fallback", "run 2 by fallback")
    assert two["until"] == pytest.approx(NOW.timestamp(), abs=60)
    began = f"{NOW - timedelta(hours=5):%H:%M}"
    assert f"run 2 by fallback since {began}" in told(_today(text(client.get(PAGE))))


@pytest.mark.parametrize(
    ("began", "ended"), [(timedelta(hours=3), timedelta(hours=2)), (-timedelta(hours=1), None)]
)
def test_what_is_not_in_the_time_of_the_chart_is_not_in_it(
    site: Site, client: Client, began: timedelta, ended: timedelta | None
) -> None:
    run(site, 1, NOW - began, None if ended is None else NOW - ended)
    assert marks(client, "1h") == []
    assert "ma-chart-run" not in text(client.get(f"{PAGE}?span=1h"))


def test_runs_go_through_the_spool_that_sympa_submits_into_and_no_other(
    site: Site, client: Client
) -> None:
    run(site, 1, NOW - timedelta(minutes=40), NOW - timedelta(minutes=21))
    assert marks(client, "1h", "/spools/listes/mqueue/") == []


def test_the_table_has_what_was_done_between_the_figures(site: Site, client: Client) -> None:
    run(site, 1, NOW - timedelta(minutes=40), NOW - timedelta(minutes=21))
    run(site, 2, NOW - timedelta(hours=5), NOW - timedelta(minutes=50))
    run(site, 3, NOW - timedelta(minutes=2), None)
    with unaudited():
        PushTarget.objects.update(state_at=NOW - timedelta(minutes=30))
    html = text(client.get(f"{PAGE}numbers/?span=1h"))
    done = [told(row) for row in re.findall(r'<tr class="ma-done">(.*?)</tr>', html)]
    assert [row.partition(" ")[2] for row in map(_today, done)] == [
        "run 3 by fallback goes on",
        "run 3 by fallback began",
        "run 1 by fallback ended",
        f"push #{site.first.pk} became live",
        "run 1 by fallback began",
        "run 2 by fallback ended",
    ]
    assert 'href="/fallback/listes/runs/3/"' in html
    assert html.index("run 3 by fallback") < html.index('data-label="Waiting"')


def test_many_marks_are_told_in_the_table(site: Site, client: Client) -> None:
    for number in range(1, MARKS_TOLD + 4):
        run(site, number, NOW - timedelta(minutes=number), NOW - timedelta(minutes=number))
    html = text(client.get(PAGE))
    assert html.count("ma-key-run") == MARKS_TOLD
    assert f'<a href="{PAGE}numbers/?span=24h">3 more in the table</a>' in html
    numbers = text(client.get(f"{PAGE}numbers/?span=24h"))
    assert len(set(re.findall(r"runs/(\d+)/", numbers))) == MARKS_TOLD + 3
