"""The control plane's database comes back as it was before the last push."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from django.db import connections

from mailadmin.wire.models import Agent
from routing.core.states import OPEN_PUSH
from routing.models import ConfigPush
from routing.services.errors import NotAllowed
from tests.fixtures.sandbox import wait_until
from tests.integration.push.site import DEPLOY, LIVENESS_S, Site, point


def copy(source: Path, target: Path) -> None:
    with closing(sqlite3.connect(source)) as one, closing(sqlite3.connect(target)) as other:
        one.backup(other)


@contextmanager
def restored_afterwards(site: Site) -> Iterator[None]:
    """What happens inside is forgotten by the database, and by nobody else."""
    database, backup = site.sandbox.var / "mailadmin.sqlite3", site.sandbox.var / "backup.sqlite3"
    copy(database, backup)
    yield
    site.stack.kill("control")
    connections["default"].close()
    copy(backup, database)
    site.stack.start_ready("control")


def sequence() -> int:
    return Agent.objects.get(host_name="listes", role="deploy").last_sequence


def test_agents_that_are_ahead_are_asked_above_and_the_gap_is_said(site: Site) -> None:
    before = site.link()
    with restored_afterwards(site):
        site.go_live(site.propose(site.add_domain("forgotten.example.org")))
        unknown, ahead = site.link(), sequence()
    assert not ConfigPush.objects.filter(title__contains="forgotten").exists()

    site.until_heard(DEPLOY)
    wait_until(lambda: site.state.live == unknown, "it is observed", seconds=LIVENESS_S)
    assert sequence() > ahead
    row = site.add_domain("after-restore.example.org")
    with pytest.raises(NotAllowed) as refused:
        site.propose(row)
    said = f"listes runs release {unknown[:8]} and our record says release {before[:8]}"
    assert said in str(refused.value)
    assert site.link() == unknown
    assert not ConfigPush.objects.filter(state__in=OPEN_PUSH).exists()

    # What the page of the host advises: the recorded release is still there.
    point(site.tree.routing / "current", Path("releases") / before)
    wait_until(lambda: site.state.live == before, "it is observed", seconds=LIVENESS_S)
    site.go_live(site.propose(row))
    assert "after-restore.example.org" in site.live_map()
    assert "forgotten.example.org" not in site.live_map()
