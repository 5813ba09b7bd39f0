"""Redis is killed, or hangs: every page answers at once and says what it cannot show."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from django.test import Client

from deploy.sandbox.broker import free_port, make_broker
from mailadmin.celery import app
from mailadmin.nudge import LATER, nudge
from routing.models import ConfigPush
from tests.e2e.look import worlds
from tests.e2e.look.booth import client_of
from tests.e2e.look.catalogue import HALF_WAY, NOBODY, PAGES, Page
from tests.fixtures.sandbox import start_redis
from tests.integration.pages import world
from tests.integration.pages.conftest import Site, text

PATIENCE_S = 60.0
"""Nobody waits for Redis to come back. How soon a nudge gives up, test_nudge.py says."""
SAMPLES = ("design", "design_page")
DEAF = "No figures from any mail host for 2\N{NO-BREAK SPACE}h"


_tried = list[object]()


def _note_connection(event: str, arguments: tuple[object, ...]) -> None:
    if event == "socket.connect":
        _tried.append(arguments[1])


sys.addaudithook(_note_connection)


@pytest.fixture(params=["killed", "hangs"])
def redis_away(
    request: pytest.FixtureRequest, scratch: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[int]:
    """A Redis that took a nudge, and takes no other; its port."""
    broker = make_broker(scratch / "redis", free_port(), {"admin": ["~*", "&*", "+@all"]})
    process = start_redis(broker)
    monkeypatch.setattr(app.conf, "broker_write_url", broker.url("admin"))
    assert nudge()
    process.send_signal(signal.SIGKILL if request.param == "killed" else signal.SIGSTOP)
    yield broker.port
    process.kill()
    process.wait(timeout=300)


def reader_of(page: Page) -> Client:
    """The browser of who opens a page of the catalogue."""
    if page.reader not in (NOBODY, HALF_WAY):
        return client_of(page.reader)
    client = Client()
    if page.reader == HALF_WAY:
        client.post("/sign-in/", {"login": "tess", "password": world.PASSWORD})
    return client


def asked_redis(port: int) -> bool:
    """Whether a connection to it was tried since the last question."""
    tried = [address for address in _tried if isinstance(address, tuple) and port in address]
    _tried.clear()
    return bool(tried)


@pytest.mark.parametrize("redis_away", ["killed"], indirect=True)
def test_every_page_answers_and_says_that_nothing_is_heard(db: None, redis_away: int) -> None:
    assert asked_redis(redis_away), "the nudge of the fixture is seen"
    names = worlds.make("silent")
    faults, framed = list[str](), 0
    for page in PAGES:
        if page.route in SAMPLES:
            continue
        client, address = reader_of(page), page.path.format(**names)
        shown = client.get(address, follow=True)
        if shown.status_code != page.status:
            faults.append(f"{page.label}: answered {shown.status_code}")
        if 'id="nav"' in text(shown):
            framed += 1
            faults += [f"{page.label}: no word"] if DEAF not in text(shown) else []
        if asked_redis(redis_away):
            faults.append(f"{page.label}: waits for Redis")
    assert not faults, "\n".join(faults)
    assert framed > len(PAGES) // 2


def test_nobody_who_acts_waits_and_each_is_told(site: Site, redis_away: int) -> None:
    claire, paul = site.sign_in("claire"), site.sign_in("paul")
    row = world.add_domain(site.host, "conf.renater.fr", site.people["claire"])
    form = {"title": "Add conf", "pick": str(row.pk), "token": str(uuid4())}
    began = time.monotonic()
    proposed = claire.post("/pushes/propose/", form)
    assert time.monotonic() - began < PATIENCE_S
    assert proposed.status_code == 302
    assert LATER in text(claire.get(proposed["Location"]))

    push = world.prove(ConfigPush.objects.latest("pk"))
    place = f"/pushes/{push.pk}/"
    began = time.monotonic()
    approved = paul.post(f"{place}approve/", {"digest": push.digest})
    assert time.monotonic() - began < PATIENCE_S
    assert (approved.status_code, approved["Location"]) == (302, place)
    assert LATER in text(paul.get(place))
    push.refresh_from_db()
    assert push.state == "approved"
