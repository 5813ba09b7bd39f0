"""An agent that is not there: the push waits and says so, or ends with nothing switched."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from mailadmin.wire.core.messages import Role, Verb
from mailadmin.wire.core.states import AttemptState
from mailadmin.wire.models import Attempt
from routing.core.states import PushState, TargetState
from routing.models import ConfigPush
from routing.services.deploy import retry
from tests.fixtures.sandbox import wait_until
from tests.integration.push.site import DEPLOY, LIVENESS_S, SPOOL, Site


def sends(attempt: Attempt) -> int:
    attempt.refresh_from_db()
    return attempt.sends


def test_a_push_waits_for_its_agent_and_then_goes_live(site: Site) -> None:
    site.stack.kill(DEPLOY)
    push = site.propose(site.add_domain("away.example.org"))
    attempt = site.until_sent(push, Verb.STAGE)
    wait_until(lambda: sends(attempt) >= 3, "it is sent again", seconds=LIVENESS_S)

    push.refresh_from_db()
    assert (push.state, site.target(push).state) == (PushState.STAGING, TargetState.PENDING)
    assert site.target(push).error is None
    assert site.waiting_orders(Role.DEPLOY) == 1
    assert Attempt.objects.filter(verb=Verb.STAGE, state=AttemptState.SENT).count() == 1

    site.stack.start_ready(DEPLOY)
    site.go_live(push)
    assert "away.example.org" in site.live_map()


@contextmanager
def short_lifetime(site: Site) -> Iterator[None]:
    """While inside, an order that nobody answers is given up after a second."""
    usual = site.stack.processes["control"]
    short = {"MAILADMIN_ORDER_LIFETIME_SECONDS": "1"}
    site.stack.processes["control"] = replace(usual, env={**usual.env, **short})
    site.stack.kill("control")
    site.stack.start_ready("control")
    try:
        yield
    finally:
        site.stack.processes["control"] = usual
        site.stack.kill("control")
        site.stack.start_ready("control")


def no_answer(site: Site, push: ConfigPush) -> None:
    error = site.error(push)
    assert error["code"] == "no_answer"
    assert error["text"].startswith("listes did not answer in 1 ")
    assert "Look at its agent" in error["text"]
    assert site.target(push).state == TargetState.UNREACHABLE


def test_without_an_answer_in_time_a_push_ends_with_nothing_switched(site: Site) -> None:
    """One control worker with short-lived orders, for each step at which an agent may be gone."""
    before = site.link()
    with short_lifetime(site):
        site.stack.kill(DEPLOY)
        push = site.propose(site.add_domain("no-stage.example.org"))
        site.until(push, PushState.FAILED)
        no_answer(site, push)
        site.stack.start_ready(DEPLOY)

        site.stack.kill(SPOOL)
        push = site.propose(site.add_domain("no-prove.example.org"))
        site.until(push, PushState.FAILED)
        no_answer(site, push)
        site.stack.start_ready(SPOOL)

        push = site.proved("no-activate.example.org")
        site.stack.kill(DEPLOY)
        site.approve(push)
        site.until(push, PushState.STOPPED)
        no_answer(site, push)
        site.stack.start_ready(DEPLOY)
        site.until_heard(DEPLOY)
    assert site.link() == before
    retry(push=push, by=site.people["paul"])
    site.until(push, PushState.ACTIVE)
    assert "no-activate.example.org" in site.live_map()
