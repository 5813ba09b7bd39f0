"""The control plane's database comes back as it was before the last push."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from django.db import connections

from mailadmin.wire.core.messages import Verb
from mailadmin.wire.models import Agent
from routing.core.states import OPEN_PUSH, PushState
from routing.models import Approval, ConfigPush
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
    assert not site.paused
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


def test_a_push_that_went_live_after_the_backup_is_approved_again_and_found_live(
    site: Site,
) -> None:
    """Live is the release that it proposes: nothing is switched twice."""
    push = site.proved("restored-proved.example.org")
    with restored_afterwards(site):
        site.approve(push)
        site.until(push, PushState.ACTIVE)
        inode = (site.tree.routing / "current").lstat().st_ino
    push.refresh_from_db()
    assert push.state == PushState.PROVED
    assert not Approval.objects.filter(push=push).exists()
    site.approve(push)
    site.until(push, PushState.ACTIVE)
    assert (site.tree.routing / "current").lstat().st_ino == inode
    assert site.link("current") == site.link("last-good") == site.target(push).revision.digest
    assert "restored-proved.example.org" in site.live_map()


def test_an_order_that_was_open_in_the_backup_is_asked_for_again(site: Site) -> None:
    """The agent has done it and more since: the same bytes come with a sequence of long ago."""
    push = site.proved("restored-open.example.org")
    site.pause(DEPLOY)
    site.approve(push)
    sent = site.until_sent(push, Verb.ACTIVATE)
    with restored_afterwards(site):
        site.resume(DEPLOY)
        site.until(push, PushState.ACTIVE)
        site.until_heard(DEPLOY)
        ahead = sequence()
    assert site.target(push).attempt == sent
    site.until(push, PushState.ACTIVE)
    sent.refresh_from_db()
    assert (sent.error or {})["code"] == "lower_sequence"
    assert sequence() > ahead
    assert site.link() == site.target(push).revision.digest
