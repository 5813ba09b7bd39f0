"""The control plane's database comes back as it was before the last push."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from django.db import connections
from django.test import Client

from mailadmin.wire.core.messages import Verb
from mailadmin.wire.models import Agent
from routing.core.states import OPEN_PUSH, PushState
from routing.models import Approval, ConfigPush
from routing.queries.edits import host_edits
from routing.services.errors import NotAllowed
from routing.services.put_back import put_back
from tests.fixtures.sandbox import wait_until
from tests.integration.push.site import DEPLOY, LIVENESS_S, Site
from tests.integration.push.touched import submitting


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


def signed_in(site: Site, name: str) -> Client:
    """A browser of this person, without JavaScript."""
    client = Client()
    client.force_login(site.people[name])
    return client


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

    # What the page says and offers. Nothing of the lost push is in the database: its table is told
    # by the host, and the domain is saved again, to go along with what comes back.
    claire = signed_in(site, "claire")
    wait_until(lambda: bool(site.state.otherwise), "the host tells it", seconds=LIVENESS_S)
    page = claire.get("/mail-hosts/listes/").content.decode()
    assert "No revision here made what runs: the database was restored" in page
    assert "+ forgotten.example.org " in page
    site.add_domain("forgotten.example.org")
    page = claire.get("/drift/").content.decode()
    # Both domains, and what other tests on this host have left unproposed.
    waiting = len(host_edits(site.host).edits)
    assert waiting >= 2
    assert f"Put it back with {waiting} edits…" in page
    answer = claire.post(
        "/mail-hosts/listes/put-back/", {"reason": "restored from a backup", "edits": "yes"}
    )
    push = ConfigPush.objects.latest("pk")
    assert answer["Location"] == f"/pushes/{push.pk}/"
    assert (site.target(push).base, site.target(push).base_revision) == (unknown, None)
    site.until(push, PushState.PROVED)
    shown = claire.get(f"/pushes/{push.pk}/").content.decode()
    assert "which no revision here made" in shown
    digest = ConfigPush.objects.get(pk=push.pk).digest
    with pytest.raises(NotAllowed, match="You edited"):
        site.approve(push, by="claire")
    with submitting(site, "restored", domain="forgotten.example.org") as mail:
        approved = {"digest": digest, "deploy": "on"}
        assert (
            signed_in(site, "paul").post(f"/pushes/{push.pk}/approve/", approved).status_code == 302
        )
        site.until(push, PushState.ACTIVE)
    assert {"after-restore.example.org", "forgotten.example.org"} <= site.live_map().keys()
    assert set(mail.codes.values()) == {0}
    assert all(site.accepted("mta", name) == 1 for name in mail.codes)
    wait_until(lambda: not site.state.otherwise, "it is observed", seconds=LIVENESS_S)


def test_after_a_restore_the_revision_of_the_record_comes_back_alone(site: Site) -> None:
    before = site.link()
    with restored_afterwards(site):
        site.go_live(site.propose(site.add_domain("given-up.example.org")))
        unknown = site.link()
    wait_until(lambda: site.state.live == unknown, "it is observed", seconds=LIVENESS_S)
    push = put_back(host=site.host, note="what came after is given up", by=site.people["claire"])
    site.go_live(push)
    assert site.link() == before
    assert "given-up.example.org" not in site.live_map()


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
