"""What somebody changed by hand on a host is seen, said, and never overwritten."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from mailadmin.wire.core.messages import Verb
from routing.core.states import PushState, TargetState
from routing.models import ConfigPush, RoutingObject
from routing.queries.revisions import live_revision
from routing.services import freeze as freezing
from routing.services import propose as proposing
from routing.services.approve import refuse
from routing.services.deploy import deploy, retry
from routing.services.errors import NotAllowed
from routing.services.propose import restore
from routing.services.put_back import put_back
from tests.fixtures.sandbox import wait_until
from tests.integration.push.site import DEPLOY, LIVENESS_S, SPOOL, Site, point
from tests.integration.push.touched import until_drift


@contextmanager
def edited(site: Site, name: str = "mailertable") -> Iterator[Path]:
    """While inside, somebody has added a line to a live file."""
    file = site.tree.routing / "current" / name
    file = file.resolve()
    text = file.read_text()
    file.write_text(text + "by-hand.example.org\tesmtp:[127.0.0.1]\n")
    try:
        yield file
    finally:
        file.write_text(text)


@contextmanager
def current_leads_to(site: Site, target: str) -> Iterator[None]:
    """While inside, somebody has turned the link of the live release."""
    link = site.tree.routing / "current"
    before = link.readlink()
    point(link, Path(target))
    try:
        yield
    finally:
        point(link, before)


def refused_proposal(site: Site, row: RoutingObject) -> str:
    with pytest.raises(NotAllowed) as refused:
        site.propose(row)
    return str(refused.value)


def until_live(site: Site, digest: str | None) -> None:
    wait_until(lambda: site.state.live == digest, "it is observed", seconds=LIVENESS_S)


def give_up(site: Site, push: ConfigPush) -> None:
    refuse(push=push, digest=push.digest, reason="the test is over", by=site.people["paul"])


def test_a_file_edited_by_hand_stops_proposing_approving_and_deploying(site: Site) -> None:
    unapproved = site.proved("drift-approve.example.org")
    with edited(site) as file:
        by_hand = file.read_text()
        until_drift(site)
        with pytest.raises(NotAllowed, match="Files of listes were edited by hand: mailertable"):
            site.approve(unapproved)
        row = site.add_domain("drift-propose.example.org")
        said = refused_proposal(site, row)
        assert "Files of listes were edited by hand: mailertable." in said
        assert file.read_text() == by_hand
    until_drift(site, there=False)
    site.approve(unapproved, deploy=False)
    with edited(site):
        until_drift(site)
        with pytest.raises(NotAllowed, match="edited by hand: mailertable"):
            deploy(push=unapproved, by=site.people["paul"])
    until_drift(site, there=False)
    deploy(push=unapproved, by=site.people["paul"])
    site.until(unapproved, PushState.ACTIVE)


def test_an_edit_by_hand_that_nobody_has_seen_yet_stops_the_switch_itself(site: Site) -> None:
    push, before = site.proved("drift-late.example.org"), site.link()
    site.pause(DEPLOY)
    site.approve(push)
    site.until_sent(push, Verb.ACTIVATE)
    with edited(site) as file:
        by_hand = file.read_text()
        site.resume(DEPLOY)
        site.until(push, PushState.STOPPED)
        error = site.error(push)
        assert error["code"] == "drift"
        assert error["text"] == (
            "The live release is not as it was when this push was proposed: mailertable was edited:"
            " + by-hand.example.org esmtp:[127.0.0.1]."
        )
        assert error["unchanged"] == "Nothing was switched."
        assert (site.link(), file.read_text()) == (before, by_hand)
        until_drift(site)
        with pytest.raises(NotAllowed, match="edited by hand"):
            retry(push=push, by=site.people["paul"])
    until_drift(site, there=False)
    retry(push=push, by=site.people["paul"])
    site.until(push, PushState.ACTIVE)


def test_a_link_that_leads_to_another_release_makes_pushes_stale(site: Site) -> None:
    ours = site.link()
    push = site.proved("stale.example.org")
    other = site.target(push).revision.digest
    with current_leads_to(site, f"releases/{other}"):
        # The proposed release itself is live: nothing is in the way of that push.
        until_live(site, other)
        site.approve(push, deploy=False)
        said = refused_proposal(site, site.add_domain("stale-proposal.example.org"))
        assert f"listes runs release {other[:8]} and our record says release {ours[:8]}" in said
    until_live(site, ours)
    first = ConfigPush.objects.get(pk=1).targets.get().revision.digest
    with current_leads_to(site, f"releases/{first}"):
        until_live(site, first)
        with pytest.raises(NotAllowed, match=f"listes runs {first[:8]}, not {ours[:8]}: stale"):
            deploy(push=push, by=site.people["paul"])
    until_live(site, ours)
    give_up(site, push)


def test_a_link_that_leads_to_no_release_is_said_and_nothing_is_proposed(site: Site) -> None:
    ours = site.link()
    push = site.proved("no-release.example.org")
    with current_leads_to(site, "/etc/mail"):
        until_live(site, None)
        why = "current leads to /etc/mail, not to a release. Put it right by hand."
        assert site.state.error.endswith(why)
        assert why in refused_proposal(site, site.add_domain("no-proposal.example.org"))
        with pytest.raises(NotAllowed, match="What listes runs is not known"):
            site.approve(push)
    until_live(site, ours)
    assert site.state.error == ""
    give_up(site, push)


def test_a_push_that_went_live_meanwhile_refuses_the_slower_proposal(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    row, freeze = site.add_domain("slow.example.org"), freezing.freeze

    def slow(**drafted: Any) -> ConfigPush:
        monkeypatch.undo()
        site.go_live(site.propose(site.add_domain("quick.example.org")))
        return freeze(**drafted)

    monkeypatch.setattr(proposing, "freeze", slow)
    assert "A push went live on listes meanwhile." in refused_proposal(site, row)
    assert "slow.example.org" not in site.live_map()


def unconfirmed(site: Site, key: str) -> ConfigPush:
    """A push whose release is live and could not be confirmed: a file was edited in between."""
    push = site.proved(key)
    site.pause(SPOOL)
    site.approve(push)
    site.until_sent(push, Verb.PROVE)
    with edited(site, "sympa.conf"):
        site.resume(SPOOL)
        site.until(push, PushState.STOPPED)
    error = site.error(push)
    assert error["code"] == "drift"
    assert error["unchanged"] == "The release is live and not confirmed."
    assert site.target(push).state == TargetState.FAILED
    assert site.link("current") == site.target(push).revision.digest != site.link("last-good")
    until_drift(site, there=False)
    until_live(site, site.link())
    return push


def test_an_unconfirmed_release_is_confirmed_by_a_retry(site: Site) -> None:
    push = unconfirmed(site, "unconfirmed-retry.example.org")
    said = refused_proposal(site, site.add_domain("beside-stopped.example.org"))
    assert "our record says" in said
    retry(push=push, by=site.people["paul"])
    site.until(push, PushState.ACTIVE)
    assert site.link("current") == site.link("last-good")


def test_an_unconfirmed_release_is_left_by_a_restore(site: Site) -> None:
    before = live_revision(site.host)
    assert before is not None
    push = unconfirmed(site, "unconfirmed-restore.example.org")
    back = restore(revision=before, note="it was not confirmed", by=site.people["claire"])
    push.refresh_from_db()
    assert (push.state, push.superseded_by) == (PushState.SUPERSEDED, back)
    site.go_live(back)
    assert site.link("current") == site.link("last-good") == before.digest


def test_a_link_that_was_turned_is_put_back_by_a_push_on_what_runs(site: Site) -> None:
    """The base is the drifted state: proved against it, approved, and switched only from it."""
    site.go_live(site.propose(site.add_domain("turned.example.org")))
    ours, claire = site.link(), site.people["claire"]
    first = ConfigPush.objects.get(pk=1).targets.get().revision.digest
    with pytest.raises(NotAllowed, match="listes runs what our record says"):
        put_back(host=site.host, note="nothing is wrong", by=claire)
    point(site.tree.routing / "current", Path("releases", first))
    until_live(site, first)
    assert site.submit("somebody@renater.fr") == 0
    push = put_back(host=site.host, note="turned at night", by=claire)
    target = site.target(push)
    assert (target.base, target.revision.digest) == (first, ours)
    site.until(push, PushState.PROVED)

    # Turned once more after the proof: that is not what the approver saw.
    site.approve(push, deploy=False)
    third = next(path.name for path in site.releases.iterdir() if path.name not in (first, ours))
    point(site.tree.routing / "current", Path("releases", third))
    until_live(site, third)
    with pytest.raises(NotAllowed, match=f"listes runs {third[:8]}, not {first[:8]}: stale"):
        deploy(push=push, by=site.people["paul"])

    point(site.tree.routing / "current", Path("releases", first))
    until_live(site, first)
    deploy(push=push, by=site.people["paul"])
    site.until(push, PushState.ACTIVE)
    assert (site.link("current"), site.link("last-good")) == (ours, ours)
    assert "turned.example.org" in site.live_map()


def test_a_link_that_was_removed_is_put_back_by_a_push_on_no_release(site: Site) -> None:
    ours = site.link()
    (site.tree.routing / "current").unlink()
    until_live(site, "")
    push = put_back(host=site.host, note="the link is gone", by=site.people["claire"])
    assert site.target(push).base == ""
    site.go_live(push)
    assert site.link() == ours
