"""Tags and notes in a list are seen at every width by who chose them, and cover nothing."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import cycle, islice

import pytest
from django.utils import timezone
from playwright.sync_api import Browser
from playwright.sync_api import Page as Tab
from pytest_django.live_server_helper import LiveServer

from mailadmin.people.models import Person
from mailadmin.saved.services import choose_columns
from routing.core.intent import ObjectKind
from routing.core.tags import LONGEST_TAG, MOST_TAGS
from routing.models import MailHost, RelayTarget, RoutingObject
from tests.e2e.look import worlds
from tests.e2e.look.booth import Booth
from tests.e2e.look.catalogue import PAGES, Page
from tests.e2e.shots import THEMES, dress, shoot, sideways
from tests.fixtures.audited import unaudited

pytestmark = pytest.mark.django_db(transaction=True)
WIDTHS = (1440, 1200, 1000, 900, 768, 700, 390, 320)
ROWS = 50
LONG = (
    "Moved from the old Sun in 2004; ask Gérard before touching it, his lists depend on the order"
)
TAGS = (
    "",
    "paris",
    "customer-7 to-check-in-spring",
    "paris customer-7 an-agreement-of-many-years-ago",
    " ".join(f"{n:02}-{'long' * 8}"[:LONGEST_TAG] for n in range(MOST_TAGS)),
)
NOTES = ("", "Short.", f"{LONG}. {LONG}.", "x" * 200)
LISTS = ("domain-list", "relay-list", "mail-host-list", "retiring-list")
FAULTS = """columns => {
    const faults = [], box = (cell) => cell.getBoundingClientRect();
    const rows = [...document.querySelectorAll('main tr[data-ma-row]')];
    for (const row of rows) {
        const name = row.querySelector('th').textContent.trim(), whole = box(row);
        const cells = [...row.children].filter((cell) => cell.checkVisibility());
        for (const label of columns) {
            const cell = row.querySelector(`:scope > [data-label=${label}]`);
            if (!cell) { faults.push(`${name} has no ${label}`); continue; }
            const said = cell.firstElementChild;
            if (!cell.textContent.trim()) continue;
            if (!said.checkVisibility()) { faults.push(`${name} hides its ${label}`); continue; }
            const here = box(said);
            if (here.width < 20 || here.height < 12) faults.push(`${name}: ${label} has no room`);
            if (here.left < whole.left || here.right > whole.right + 1
                || here.top < whole.top || here.bottom > whole.bottom + 1)
                faults.push(`${name}: ${label} leaves its row`);
            for (const other of cells.filter((one) => one !== cell && !one.contains(cell)))
                for (const part of other.children) {
                    const there = box(part);
                    if (there.width && here.left < there.right - 1 && there.left < here.right - 1
                        && here.top < there.bottom - 1 && there.top < here.bottom - 1)
                        faults.push(`${name}: ${label} lies over ${part.textContent.trim()}`);
                }
        }
    }
    return { rows: rows.length, faults };
}"""


@pytest.fixture
def booth(live_server: LiveServer, engine: Browser) -> Iterator[Booth]:
    """In front of the full site, where everything says much about itself."""
    names = worlds.make("full")
    with unaudited():
        _say_much()
    for person in Person.objects.all():
        for place in ("domain", "relay", "mail-host", "retiring"):
            choose_columns(person=person, place=place, columns=_every(place))
    with Booth(engine, live_server.url, names) as made:
        yield made


def _say_much() -> None:
    listes, now = MailHost.objects.get(name="listes"), timezone.now()
    made = [
        RoutingObject(
            server=listes,
            kind=ObjectKind.VIRTUAL_DOMAIN,
            key=f"a{number:02}.{'laboratoire.' * (number % 3)}example.org",
            changed_at=now,
            changed_by="Claire Martin",
        )
        for number in range(ROWS)
    ]
    said = list(islice(zip(cycle(TAGS), cycle(NOTES), strict=False), ROWS))
    for row, (tags, note) in zip(made, said, strict=True):
        row.tags, row.note = tags, note
    RoutingObject.objects.bulk_create(made)
    for model in (RelayTarget, MailHost):
        model.objects.update(tags=TAGS[3], note=NOTES[2])


def _every(place: str) -> tuple[str, ...]:
    columns = {
        "domain": "server route state tags findings note changed",
        "relay": "hosts port value routes state tags note changed",
        "mail-host": "kind tags note agents live drift kept seen",
        "retiring": "step live next note changed",
    }
    return tuple(columns[place].split())


def _page(label: str) -> Page:
    return next(page for page in PAGES if page.label == label)


def _look(tab: Tab, label: str, width: int) -> None:
    for theme in THEMES:
        dress(tab, theme=theme, width=width)
        shoot(tab, f"chosen-{label}", theme=theme, width=width)
    tab.set_viewport_size({"width": width, "height": 900})


@pytest.mark.parametrize("label", LISTS)
def test_tags_and_notes_are_seen_at_every_width(booth: Booth, label: str) -> None:
    tab = booth.open(_page(label))
    columns = ["Note"] if label == "retiring-list" else ["Tags", "Note"]
    faults = []
    for width in WIDTHS:
        _look(tab, label, width)
        found = tab.evaluate(FAULTS, columns)
        assert found["rows"] >= (ROWS if label == "domain-list" else 1)
        faults += [f"{width}: {fault}" for fault in found["faults"]]
        if (pixels := sideways(tab)) > 0:
            faults.append(f"{width}: {pixels} pixels too wide")
    assert not faults, "\n".join(faults)
    assert booth.noise == []
