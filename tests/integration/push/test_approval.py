"""Who may approve, what an approval binds, and what makes it void."""

from __future__ import annotations

import pytest

from mailadmin.wire.core.messages import Verb
from routing.core.bundle import Bundle
from routing.core.intent import ObjectKind
from routing.core.states import PushState
from routing.models import Approval, ConfigPush, RoutingObject
from routing.queries.revisions import bundle_of
from routing.services.approve import approve, refuse
from routing.services.errors import DigestMoved, NotAllowed
from routing.services.objects import save_object, set_enabled
from tests.integration.push.at_once import at_once
from tests.integration.push.site import SPOOL, Site


def refused_to(site: Site, push: ConfigPush, by: str) -> tuple[str, ...]:
    with pytest.raises(NotAllowed) as refused:
        site.approve(push, by)
    return refused.value.reasons


def frozen(site: Site, push: ConfigPush) -> Bundle:
    return bundle_of(site.target(push).revision)


def give_up(site: Site, push: ConfigPush) -> None:
    push.refresh_from_db()
    refuse(push=push, digest=push.digest, reason="the test is over", by=site.people["paul"])


def test_the_proposer_and_every_editor_are_told_who_can_approve_instead(site: Site) -> None:
    edited = site.add_domain("by-luc.example.org", by="luc")
    push = site.propose(edited, by="claire")
    site.until(push, PushState.PROVED)

    by_editor, by_proposer = refused_to(site, push, "luc"), refused_to(site, push, "claire")

    who = "Anne Roy or Paul Leroy can approve."
    assert by_editor == (f"You edited by-luc.example.org in it. {who}",)
    assert by_proposer == (f"You are not an approver. {who}", f"You proposed it. {who}")
    assert not Approval.objects.filter(push=push).exists()
    site.approve(push, "paul")
    site.until(push, PushState.ACTIVE)


def test_an_approver_who_proposed_it_cannot_approve_it(site: Site) -> None:
    push = site.propose(site.add_domain("proposed-by-luc.example.org", by="claire"), by="luc")
    site.until(push, PushState.PROVED)
    assert refused_to(site, push, "luc") == (
        "You proposed it. Anne Roy or Paul Leroy can approve.",
    )
    give_up(site, push)


def test_nothing_can_be_approved_before_it_is_proved(site: Site) -> None:
    site.pause(SPOOL)
    push = site.propose(site.add_domain("early.example.org"))
    site.until_sent(push, Verb.PROVE)
    push.refresh_from_db()
    assert push.digest == ""
    with pytest.raises(NotAllowed, match="not proved yet"):
        approve(push=push, digest="", deploy=True, by=site.people["paul"])
    give_up(site, push)


def test_an_approval_of_what_an_older_page_showed_is_refused(site: Site) -> None:
    push = site.proved("older-page.example.org")
    with pytest.raises(DigestMoved) as moved:
        approve(push=push, digest="0" * 64, deploy=True, by=site.people["paul"])
    assert (moved.value.shown, moved.value.now) == ("0" * 64, push.digest)
    push.refresh_from_db()
    assert push.state == PushState.PROVED
    assert not Approval.objects.filter(push=push).exists()
    give_up(site, push)


def test_two_approvals_at_once_are_one(site: Site) -> None:
    push = site.proved("twice.example.org")
    ended = at_once(
        *(lambda by=by: site.approve(push, by, deploy=False) for by in ("paul", "anne"))
    )
    assert sorted(ended) == ["", "NotAllowed"]
    assert Approval.objects.filter(push=push, verdict="approved").count() == 1
    give_up(site, push)


def test_the_same_person_approving_twice_at_once_has_approved_once(site: Site) -> None:
    push = site.proved("double-click.example.org")
    click = lambda: site.approve(push, "paul", deploy=False)  # noqa: E731
    assert at_once(click, click) == ["", ""]
    assert Approval.objects.filter(push=push, verdict="approved").count() == 1
    give_up(site, push)


def test_a_refusal_ends_a_push_and_needs_a_reason(site: Site) -> None:
    push = site.proved("refused.example.org")
    with pytest.raises(NotAllowed, match="Say why"):
        refuse(push=push, digest=push.digest, reason=" ", by=site.people["paul"])
    refuse(push=push, digest=push.digest, reason="wrong name", by=site.people["paul"])
    push.refresh_from_db()
    assert push.state == PushState.REFUSED
    assert refused_to(site, push, "anne") == ("This push is refused; nothing is left to approve.",)
    assert not site.target(push).holds_host


def test_a_superseding_push_makes_the_approval_of_the_older_one_void(site: Site) -> None:
    older = site.proved("superseded.example.org")
    site.approve(older, deploy=False)
    newer = site.propose(site.add_domain("superseding.example.org"))

    older.refresh_from_db()
    assert (older.state, older.superseded_by_id) == (PushState.SUPERSEDED, newer.pk)
    assert not Approval.objects.filter(push=older, voided_at=None).exists()
    assert not site.target(older).holds_host
    site.until(newer, PushState.PROVED)
    give_up(site, newer)


def test_a_later_edit_does_not_touch_a_push(site: Site) -> None:
    row = site.add_domain("frozen.example.org")
    push = site.propose(row)
    site.until(push, PushState.PROVED)
    before = (frozen(site, push), push.digest)

    set_enabled(identity=row.pk, version=row.version, enabled=False, by=site.people["luc"])
    site.go_live(push)

    assert (frozen(site, push), push.digest) == before
    assert "frozen.example.org" in site.live_map()


def test_an_unpicked_edit_stays_out(site: Site) -> None:
    site.add_domain("half-done.example.org", by="luc")
    push = site.proved("picked.example.org")
    site.go_live(push)
    assert "picked.example.org" in site.live_map()
    assert "half-done.example.org" not in site.live_map()


def test_a_push_that_turns_the_rest_of_the_world_needs_a_reason(site: Site) -> None:
    world = RoutingObject.objects.get(server=site.host, key=".")
    turned = save_object(
        identity=world.pk,
        version=world.version,
        server=site.host,
        kind=ObjectKind(world.kind),
        key=".",
        mailer="esmtp",
        next_hop="[smtp1.renater.fr]",
        by=site.people["claire"],
    )
    with pytest.raises(NotAllowed) as refused:
        site.propose(turned)
    assert any("Give a reason to go on." in reason for reason in refused.value.reasons)

    push = site.propose(turned, reason="the relay listens on port 25 from today")
    assert push.guard_reason == "the relay listens on port 25 from today"
    site.until(push, PushState.PROVED)
    give_up(site, push)
    save_object(
        identity=world.pk,
        version=turned.version,
        server=site.host,
        kind=ObjectKind(world.kind),
        key=".",
        relay_target=world.relay_target_id,
        by=site.people["claire"],
    )
