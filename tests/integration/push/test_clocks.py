"""The clock of a list server is an hour off: said with its size, and nothing waits for ever."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from mailadmin.wire.core.messages import Outcome, Verb
from mailadmin.wire.models import Attempt
from routing.core.states import PushState, TargetState
from routing.models import ConfigPush
from routing.queries.agents import agents_by_host
from routing.services.deploy import retry
from routing.views.mail_host_page import clock_words
from tests.fixtures.sandbox import wait_until
from tests.integration.push.site import DEPLOY, LIVENESS_S, SPOOL, Site

HOUR_S = 3600
# Orders are good for an hour: what is taken for expired is more than that off.
AHEAD_S = 2 * HOUR_S


def assert_says_the_clock(site: Site, push: ConfigPush) -> None:
    error = site.error(push)
    assert error["code"] == "expired"
    assert error["text"] == (
        "The clock of listes is 2 h ahead, so it took the order for expired and did nothing."
        " Set its clock, then try again."
    )
    assert site.target(push).state == TargetState.FAILED


def shown(site: Site) -> str:
    """What the page of the mail host says of its clock."""
    agents = agents_by_host(now=timezone.now(), period=timedelta(seconds=15))
    return clock_words(agents[site.host.name])


@pytest.mark.parametrize("away", [DEPLOY, SPOOL])
def test_a_clock_that_is_ahead_fails_the_push_and_the_next_goes_when_it_is_right(
    site: Site, away: str
) -> None:
    before, row = site.link(), site.add_domain(f"ahead-{away}.example.org")
    with site.clock_of(away, ahead_s=AHEAD_S):
        push = site.until(site.propose(row), PushState.FAILED)
        wait_until(lambda: "2 h ahead" in shown(site), "it is shown", seconds=LIVENESS_S)
        if away == DEPLOY:
            wait_until(lambda: "2 h ahead" in site.state.error, "it is said", seconds=LIVENESS_S)
            assert site.state.live == before
    assert_says_the_clock(site, push)
    assert site.link() == before
    site.go_live(site.propose(row))
    wait_until(lambda: shown(site) == "in step", "it is shown", seconds=LIVENESS_S)
    wait_until(lambda: site.state.error == "", "it looks again", seconds=LIVENESS_S)


def test_a_clock_that_jumps_ahead_before_the_switch_stops_the_push(site: Site) -> None:
    push, before = site.proved("ahead-activate.example.org"), site.link()
    with site.clock_of(DEPLOY, SPOOL, ahead_s=AHEAD_S):
        site.approve(push)
        site.until(push, PushState.STOPPED)
    assert_says_the_clock(site, push)
    assert site.link() == before
    retry(push=push, by=site.people["paul"])
    site.until(push, PushState.ACTIVE)
    assert "ahead-activate.example.org" in site.live_map()


@pytest.mark.parametrize("ahead_s", [-HOUR_S, pytest.param(-24 * HOUR_S, marks=pytest.mark.long)])
def test_a_clock_that_is_behind_is_shown_and_in_nobodys_way(site: Site, ahead_s: int) -> None:
    with site.clock_of(DEPLOY, SPOOL, ahead_s=ahead_s):
        push = site.go_live(site.propose(site.add_domain(f"behind{ahead_s}.example.org")))
        words = f"{-ahead_s // 60} min behind" if ahead_s == -HOUR_S else "24 h behind"
        wait_until(lambda: shown(site) == words, "it is shown", seconds=LIVENESS_S)
    assert site.link() == site.target(push).revision.digest
    release = site.target(push).revision.digest
    done = Attempt.objects.filter(verb=Verb.ACTIVATE, arguments__release=release)
    assert [attempt.outcome for attempt in done] == [Outcome.DONE]
