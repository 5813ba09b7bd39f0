"""The first release of a host whose old configuration sends some mail another way."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pytest_django.plugin import DjangoDbBlocker

from deploy.sandbox.hosts import make_directory, write_file
from deploy.sandbox.layout import SEED_TABLE
from deploy.sandbox.tools import SendmailTools
from mailadmin.wire.core.blobs import unpack
from routing.core.states import PushState
from routing.models import Approval, ConfigPush, RoutingObject
from routing.services.approve import approve, refuse
from routing.services.errors import NotAllowed
from routing.services.importing import import_mailertable, read_mailertable
from routing.services.order import why_not_deploy
from routing.services.propose import propose
from tests.fixtures.sandbox import wait_until
from tests.integration.push.building import facts_are_known, make_site
from tests.integration.push.conftest import alone
from tests.integration.push.database import database_of
from tests.integration.push.site import LIVENESS_S, Site

NAME = "forums"
SPOOL = f"{NAME}-spool"
OTHER = "jres.org\tesmtp:[old.renater.fr]\n"
OLD_AGENT = """\
import routing.agent.prove as prove
prove.ask_existing = lambda *asked: None
"""


@pytest.fixture(scope="module")
def running_forums(
    scratch_root: Path,
    var_dir: Path,
    sendmail_tools: SendmailTools,
    django_db_blocker: DjangoDbBlocker,
) -> Iterator[Site]:
    """A stack of its own with a second list server, of which nothing is released."""
    with django_db_blocker.unblock(), alone():
        more = {NAME: "forums.renater.fr"}
        var = scratch_root / "before"
        first = make_site(var, sendmail_tools, var_dir / "agent-venv", more)
        forums = Site(first.sandbox, first.stack, first.people, first.paused, NAME)
        old_ways(forums)
        try:
            with database_of(var / "mailadmin.sqlite3"):
                first.stack.start_ready()
                wait_until(lambda: facts_are_known(forums), "its first word", seconds=LIVENESS_S)
            yield forums
        finally:
            first.resume()
            first.stack.stop_all()


@pytest.fixture
def forums(running_forums: Site, django_db_blocker: DjangoDbBlocker) -> Iterator[Site]:
    """The server, with no push open."""
    database = running_forums.sandbox.var / "mailadmin.sqlite3"
    with django_db_blocker.unblock(), database_of(database):
        yield running_forums
        for push in ConfigPush.objects.filter(state__in=(PushState.PROVED, PushState.APPROVED)):
            paul = running_forums.people["paul"]
            refuse(push=push, digest=push.digest, reason="the test is over", by=paul)


def old_ways(site: Site) -> None:
    """Its own configuration before: another table than the one that is imported."""
    place, makemap = site.tree.baked_cf.parent, site.sandbox.tools.makemap
    table = SEED_TABLE.read_text().replace("jres.org\tesmtp:[127.0.0.1]\n", OTHER)
    assert OTHER in table
    argv = [makemap, "-C", site.tree.baked_cf, "btree", place / "mailertable"]
    subprocess.run([str(part) for part in argv], input=table.encode(), check=True)
    with site.tree.baked_cf.open("a") as file:
        file.write("Cwdemo.sympa.org\n")


def first_push(site: Site) -> ConfigPush:
    """The import, or what it wrote proposed again."""
    rows = RoutingObject.objects.filter(server=site.host)
    if rows.exists():
        picked = frozenset(row.pk for row in rows)
        return propose(picked=picked, title="Again", guard_reason="first", by=site.people["claire"])
    plan = read_mailertable(
        text=SEED_TABLE.read_text(),
        host=site.host,
        source="mailertable",
        relay_port=site.sandbox.ports.relay,
    )
    return import_mailertable(plan=plan)


def proved(site: Site) -> tuple[ConfigPush, dict[str, Any]]:
    """A first push that waits, and how its ways compare."""
    push = site.until(first_push(site), PushState.PROVED)
    found: dict[str, Any] = site.proof(push)["as_before"]
    return push, found


def test_an_import_that_turns_mail_waits_and_says_which(forums: Site) -> None:
    push, found = proved(forums)
    assert push.proposed_by_person is None
    assert found["configuration"] == str(forums.tree.baked_cf)
    moved = {item["address"]: item for item in found["moved"]}
    assert moved["probe@jres.org"]["before"] == ["esmtp", "[old.renater.fr]"]
    assert moved["probe@jres.org"]["after"][1] == "[127.0.0.1]"
    assert found["state"] == "asked" and not found["problem"]
    # A name of class w was the host's own, and still is: it goes to the MTA here.
    assert "probe@demo.sympa.org" not in moved
    assert found["same"] == found["asked"] - len(moved)
    target = forums.target(push)
    answers = json.loads(unpack(bytes(target.answers or b""), target.answers_digest))
    assert answers["existing"]["answers"]["probe@jres.org"] == ["esmtp", "[old.renater.fr]"]
    assert "demo.sympa.org" in answers["existing"]["class_w"]


def test_it_goes_live_with_an_approval_that_says_why_and_not_without(forums: Site) -> None:
    push, _ = proved(forums)
    paul = forums.people["paul"]
    with pytest.raises(NotAllowed, match="not acknowledged with a reason"):
        approve(push=push, digest=push.digest, deploy=True, by=paul)
    with pytest.raises(NotAllowed, match="not acknowledged with a reason"):
        approve(push=push, digest=push.digest, deploy=True, by=paul, reason=" ")
    assert not Approval.objects.filter(push=push).exists()
    approve(push=push, digest=push.digest, deploy=False, by=paul, reason="jres.org moved here")
    push.refresh_from_db()
    assert push.state == PushState.APPROVED
    assert why_not_deploy(push) is None
    # What the policy reads just before it signs: an approval without a reason is none.
    Approval.objects.filter(push=push).update(reason="")
    assert "has no approval" in (why_not_deploy(push) or "")


def test_an_agent_that_does_not_know_the_question_is_no_yes(forums: Site) -> None:
    place = forums.sandbox.var / "old-agent"
    make_directory(place, 0o755)
    write_file(place / "sitecustomize.py", OLD_AGENT, 0o644)
    with forums.agent_with(SPOOL, PYTHONPATH=str(place)):
        _, found = proved(forums)
    assert found["state"] == "not told"


def test_a_configuration_that_hangs_fails_no_proof(forums: Site) -> None:
    """The agent gives it its time, says so, and the proof of ours stands."""
    agent = next(a for a in forums.sandbox.agents if f"{a.host}-{a.role}" == SPOOL)
    before = agent.config.read_text()
    fake = forums.sandbox.var / "hanging-sendmail"
    real = forums.sandbox.tools.sendmail
    hang = f'[ "$2" = {forums.tree.baked_cf} ] && sleep 600'
    write_file(fake, f'#!/bin/sh\n{hang}\nexec {real} "$@"\n', 0o755)
    text = before.replace(f'"{real}"', f'"{fake}"') + "ask_seconds = 3\n"
    write_file(agent.config, text, 0o600, agent.user)
    try:
        with forums.agent_with(SPOOL):
            push, found = proved(forums)
    finally:
        write_file(agent.config, before, 0o600, agent.user)
    assert found["state"] == "could not be asked"
    assert "it took too long" in found["problem"]
    assert forums.proof(push)["blocks"] == []


def test_where_it_is_gone_the_import_still_asks_for_a_reason(forums: Site) -> None:
    aside = forums.tree.baked_cf.with_name("aside")
    forums.tree.baked_cf.rename(aside)
    try:
        push, found = proved(forums)
    finally:
        aside.rename(forums.tree.baked_cf)
    assert found["state"] == "missing"
    paul = forums.people["paul"]
    with pytest.raises(NotAllowed, match="not acknowledged with a reason"):
        approve(push=push, digest=push.digest, deploy=True, by=paul)
    approve(push=push, digest=push.digest, deploy=True, by=paul, reason="it was thrown away")
    forums.until(push, PushState.ACTIVE)
    assert forums.live_map()["jres.org"].endswith(":[127.0.0.1]")
