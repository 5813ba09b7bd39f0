"""One running site for all tests of this folder; each test leaves it without an open push."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from pytest_django.plugin import DjangoDbBlocker

from deploy.sandbox.tools import SendmailTools
from routing.core.states import OPEN_PUSH
from routing.models import ConfigPush
from tests.fixtures.sandbox import wait_until
from tests.integration.push.building import make_site, start
from tests.integration.push.database import database_of
from tests.integration.push.site import LIVENESS_S, Site

RUNNING: list[Site] = []
"""The shared site, once a test has asked for it."""


@pytest.fixture(scope="package")
def running_site(
    scratch_root: Path,
    var_dir: Path,
    sendmail_tools: SendmailTools,
    django_db_blocker: DjangoDbBlocker,
) -> Iterator[Site]:
    """Redis, control worker, beat, three agents and two sinks; the first release is live."""
    var = scratch_root / "push"
    with django_db_blocker.unblock():
        site = make_site(var, sendmail_tools, var_dir / "agent-venv")
        try:
            with database_of(var / "mailadmin.sqlite3"):
                start(site)
            RUNNING.append(site)
            yield site
        finally:
            RUNNING.clear()
            site.resume()
            site.stack.stop_all()


@contextmanager
def alone() -> Iterator[None]:
    """While inside, the shared site does nothing by itself: another one needs the processors."""
    for site in RUNNING:
        site.pause("beat")
    try:
        yield
    finally:
        for site in RUNNING:
            site.resume("beat")


@pytest.fixture
def site(running_site: Site, django_db_blocker: DjangoDbBlocker) -> Iterator[Site]:
    """The running site, whole, with its rows as the database of the test."""
    database = running_site.sandbox.var / "mailadmin.sqlite3"
    with django_db_blocker.unblock(), database_of(database):
        yield running_site
        make_whole(running_site)


def make_whole(site: Site) -> None:
    """Start again what the test has left stopped, and see that it has ended its pushes."""
    site.resume()
    dead = [name for name in site.stack.processes if not site.stack.alive(name)]
    if dead:
        site.stack.start_ready(*dead)
    left = ConfigPush.objects.filter(state__in=OPEN_PUSH)
    assert not [f"{push} {push.state}: {site.story(push)}" for push in left]
    wait_until(site.quiet, "the site is as it was", seconds=LIVENESS_S)
