"""After the switch the live configuration is asked; a host that does not answer goes back."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mailadmin.wire.core.messages import Verb
from routing.core.states import PushState, TargetState
from routing.models import ConfigPush
from routing.services.deploy import deploy, retry
from tests.integration.push.site import DEPLOY, SPOOL, Site

TWO_USERS = pytest.mark.skipif(
    os.geteuid() != 0, reason="a normal user plays both mailadmin and sympa: both read it"
)


def staged(site: Site, push: ConfigPush) -> Path:
    """The release of the push on the host."""
    return site.releases / site.target(push).revision.digest


def test_a_host_whose_live_release_cannot_be_read_goes_back(site: Site) -> None:
    push, before = site.proved("live-proof.example.org"), site.link()
    site.pause(SPOOL)
    site.approve(push)
    site.until_sent(push, Verb.PROVE)
    assert site.link() != before
    spoiled = staged(site, push) / "sympa.cf"
    spoiled.chmod(0)
    site.resume(SPOOL)

    site.until(push, PushState.STOPPED)
    error = site.error(push)
    assert error["code"] == "unreadable"
    assert f"cannot read sympa.cf of release {spoiled.parent.name[:8]}" in error["text"]
    assert site.target(push).state == TargetState.REVERTED
    assert site.link("current") == site.link("last-good") == before
    assert site.submit("somebody@renater.fr") == 0

    spoiled.chmod(0o644)
    retry(push=push, by=site.people["paul"])
    site.until(push, PushState.ACTIVE)
    assert site.link() == spoiled.parent.name


@TWO_USERS
def test_a_map_that_sympa_cannot_read_is_not_proved(site: Site) -> None:
    before = site.link()
    site.pause(SPOOL)
    push = site.propose(site.add_domain("unreadable.example.org"))
    site.until_sent(push, Verb.PROVE)
    (staged(site, push) / "mailertable.db").chmod(0o640)
    site.resume(SPOOL)

    site.until(push, PushState.FAILED)
    error = site.error(push)
    assert error["code"] == "unreadable"
    assert error["text"].startswith("sympa cannot read mailertable.db of release ")
    assert "mode 0644" in error["text"]
    assert site.link() == before


@TWO_USERS
def test_a_live_map_that_sympa_cannot_read_goes_back(site: Site) -> None:
    push, before = site.proved("unreadable-live.example.org"), site.link()
    site.pause(SPOOL)
    site.approve(push)
    site.until_sent(push, Verb.PROVE)
    (staged(site, push) / "mailertable.db").chmod(0o640)
    site.resume(SPOOL)

    site.until(push, PushState.STOPPED)
    assert site.error(push)["text"].startswith("sympa cannot read mailertable.db of release ")
    assert site.link() == before

    # Nothing of it is live, so it may be left by proposing again, too.
    again = site.propose(site.add_domain("instead.example.org"))
    push.refresh_from_db()
    assert (push.state, push.superseded_by) == (PushState.SUPERSEDED, again)
    site.go_live(again)


def test_a_push_whose_approver_has_left_meanwhile_is_not_sent(site: Site) -> None:
    push, before = site.proved("approver-left.example.org"), site.link()
    site.pause("control")
    site.approve(push, "anne", deploy=False)
    # Begun before: one that has no approval that counts is not begun at all.
    deploy(push=push, by=site.people["paul"])
    active(site, "anne", False)
    site.resume("control")
    site.until(push, PushState.STOPPED)
    error = site.error(push)
    assert error["code"] == "not_signed"
    assert "has no approval of" in error["text"]
    assert site.link() == before
    active(site, "anne", True)
    retry(push=push, by=site.people["paul"])
    site.until(push, PushState.ACTIVE)


def test_a_host_goes_back_when_the_approver_leaves_after_the_switch(site: Site) -> None:
    push, before = site.proved("approver-left-late.example.org"), site.link()
    site.pause(DEPLOY)
    site.approve(push, "anne")
    site.until_sent(push, Verb.ACTIVATE)
    active(site, "anne", False)
    site.resume(DEPLOY)
    site.until(push, PushState.STOPPED)
    assert site.target(push).state == TargetState.REVERTED
    assert "has no approval of" in site.error(push)["text"]
    assert site.link() == before
    active(site, "anne", True)
    retry(push=push, by=site.people["paul"])
    site.until(push, PushState.ACTIVE)


def active(site: Site, username: str, is_active: bool) -> None:
    person = site.people[username]
    person.is_active = is_active
    person.save(update_fields=["is_active"])
