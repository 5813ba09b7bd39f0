"""Redis is killed and comes back empty, at each step of a push: the sweep brings it to its end."""

from __future__ import annotations

import pytest

from mailadmin.wire.core.messages import Verb
from routing.core.states import PushState
from routing.services.deploy import retry
from tests.fixtures.sandbox import wait_until
from tests.integration.push.site import DEPLOY, SPOOL, Site


def test_while_a_push_is_proposed(site: Site) -> None:
    site.stack.kill("redis")
    push = site.propose(site.add_domain("redis-propose.example.org"))
    site.stack.start_ready("redis")
    site.go_live(push)
    assert "redis-propose.example.org" in site.live_map()


def test_between_the_signed_stage_and_the_agent(site: Site) -> None:
    site.stack.kill(DEPLOY)
    push = site.propose(site.add_domain("redis-stage.example.org"))
    site.until_sent(push, Verb.STAGE)
    site.lose_redis()
    site.stack.start_ready(DEPLOY)
    site.go_live(push)
    assert "redis-stage.example.org" in site.live_map()


def test_between_the_signed_proof_and_the_agent(site: Site) -> None:
    site.stack.kill(SPOOL)
    push = site.propose(site.add_domain("redis-prove.example.org"))
    site.until_sent(push, Verb.PROVE)
    site.lose_redis()
    site.stack.start_ready(SPOOL)
    site.go_live(push)
    assert "redis-prove.example.org" in site.live_map()


def test_between_proof_and_approval(site: Site) -> None:
    push = site.proved("redis-proved.example.org")
    site.stack.kill("redis")
    site.approve(push)
    site.stack.start_ready("redis")
    site.until(push, PushState.ACTIVE)
    assert "redis-proved.example.org" in site.live_map()


def test_between_the_signed_activation_and_the_agent(site: Site) -> None:
    push = site.proved("redis-activate.example.org")
    before = site.link()
    site.stack.kill(DEPLOY)
    site.approve(push)
    site.until_sent(push, Verb.ACTIVATE)
    site.lose_redis()
    assert site.link() == before
    site.stack.start_ready(DEPLOY)
    site.until(push, PushState.ACTIVE)
    assert "redis-activate.example.org" in site.live_map()


@pytest.mark.parametrize("lost", [Verb.PROVE, Verb.CONFIRM])
def test_between_the_switch_and_its_confirmation(site: Site, lost: Verb) -> None:
    push = site.proved(f"redis-live-{lost}.example.org")
    site.stack.kill(SPOOL)
    site.approve(push)
    site.until_sent(push, Verb.PROVE)
    if lost is Verb.CONFIRM:
        site.stack.kill(DEPLOY)
        site.stack.start_ready(SPOOL)
        site.until_sent(push, Verb.CONFIRM)
    assert site.link("current") != site.link("last-good")
    site.lose_redis()
    site.stack.start_ready(SPOOL if lost is Verb.PROVE else DEPLOY)
    site.until(push, PushState.ACTIVE)
    assert site.link("current") == site.link("last-good") == site.target(push).revision.digest


def test_between_the_signed_revert_and_the_agent(site: Site) -> None:
    """The live configuration cannot be read, so the host is told to go back."""
    push, before = site.proved("redis-revert.example.org"), site.link()
    site.pause(SPOOL)
    site.approve(push)
    site.until_sent(push, Verb.PROVE)
    spoiled = site.releases / site.link() / "sympa.cf"
    spoiled.chmod(0)
    site.stack.kill(DEPLOY)
    site.resume(SPOOL)
    site.until_sent(push, Verb.REVERT)
    site.lose_redis()
    assert site.link() == spoiled.parent.name != before
    site.stack.start_ready(DEPLOY)
    site.until(push, PushState.STOPPED)
    assert site.link() == before
    spoiled.chmod(0o644)
    retry(push=push, by=site.people["paul"])
    site.until(push, PushState.ACTIVE)


def test_while_the_control_worker_is_in_a_task(site: Site) -> None:
    """What it would acknowledge then is gone; it must take the next message all the same."""
    push = site.propose(site.add_domain("redis-control.example.org"))
    with site.database_held():
        wait_until(site.control_waits, "the control worker waits for the database")
        site.lose_redis()
    site.go_live(push)
    assert "redis-control.example.org" in site.live_map()


def test_while_an_agent_carries_out_an_order(site: Site) -> None:
    """Its report and what it would acknowledge are lost; its receipt is not."""
    with site.held_build() as build:
        push = site.propose(site.add_domain("redis-agent.example.org"))
        build.until_begun()
        site.lose_redis()
        build.go_on()
        site.go_live(push)
    assert "redis-agent.example.org" in site.live_map()
