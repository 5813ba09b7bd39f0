"""Edit, propose, prove, approve, live; mail goes the new way; restore; it goes the old way."""

from __future__ import annotations

from routing.core.states import PushState, TargetState
from routing.queries.revisions import live_revision
from routing.services.propose import restore
from tests.fixtures.sandbox import wait_until
from tests.integration.push.site import Site

KEY = "story.example.org"
ADDRESS = f"somebody@{KEY}"


def test_a_new_domain_goes_to_the_mta_and_after_a_restore_to_the_relay(site: Site) -> None:
    before = live_revision(site.host)
    assert before is not None

    push = site.propose(site.add_domain(KEY))
    site.until(push, PushState.PROVED)
    target = site.target(push)
    assert (target.state, site.proof(push)["unexplained"]) == (TargetState.STAGED, 0)
    assert KEY not in site.live_map()

    site.approve(push)
    site.until(push, PushState.ACTIVE)
    release = target.revision.digest
    assert (site.link("current"), site.link("last-good")) == (release, release)
    assert KEY in site.live_map()
    assert site.submit(ADDRESS) == 0
    wait_until(lambda: site.accepted("mta", ADDRESS) == 1, "the MTA has the message")
    assert site.accepted("relay", ADDRESS) == 0

    back = restore(revision=before, note="not wanted after all", by=site.people["claire"])
    site.go_live(back)
    assert site.link() == before.digest
    assert KEY not in site.live_map()
    assert site.submit(ADDRESS) == 0
    wait_until(lambda: site.accepted("relay", ADDRESS) == 1, "the relay has the message")
    assert site.accepted("mta", ADDRESS) == 1
