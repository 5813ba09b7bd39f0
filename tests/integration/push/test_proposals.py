"""A push for a host is one at a time: forms sent twice, proposals that meet, one being deployed."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID, uuid4

import pytest

from mailadmin.wire.core.messages import Verb
from routing.core.states import OPEN_PUSH, PushState
from routing.models import ConfigPush, RoutingObject
from routing.services.approve import refuse
from routing.services.errors import NotAllowed
from routing.services.propose import propose
from tests.integration.push.at_once import at_once
from tests.integration.push.site import DEPLOY, Site


def sending(site: Site, row: RoutingObject, token: UUID, by: str = "claire") -> Callable[[], None]:
    """The form of a proposal, ready to be sent."""

    def send() -> None:
        propose(picked=frozenset({row.pk}), title=row.key, form_token=token, by=site.people[by])

    return send


def open_push(site: Site) -> ConfigPush:
    """The one open push; it is refused, so that the site is as it was."""
    push = ConfigPush.objects.get(state__in=OPEN_PUSH)
    site.until(push, PushState.PROVED)
    refuse(push=push, digest=push.digest, reason="the test is over", by=site.people["paul"])
    return push


def test_the_same_form_sent_twice_is_one_push(site: Site) -> None:
    send = sending(site, site.add_domain("form-twice.example.org"), token := uuid4())
    send()
    send()
    assert ConfigPush.objects.get(form_token=token) == open_push(site)


def test_the_same_form_sent_twice_at_once_is_one_push(site: Site) -> None:
    send = sending(site, site.add_domain("form-at-once.example.org"), token := uuid4())
    assert at_once(send, send) == ["", ""]
    assert ConfigPush.objects.get(form_token=token) == open_push(site)


def test_two_proposals_at_once_leave_one_open_push(site: Site) -> None:
    tokens = uuid4(), uuid4()
    rows = [site.add_domain(f"at-once-{by}.example.org", by) for by in ("claire", "luc")]
    sends = [
        sending(site, row, token, by)
        for row, token, by in zip(rows, tokens, ("claire", "luc"), strict=True)
    ]
    assert at_once(*sends) == ["", ""]
    winner = open_push(site)
    loser = ConfigPush.objects.filter(form_token__in=tokens).exclude(pk=winner.pk).get()
    assert (loser.state, loser.superseded_by) == (PushState.SUPERSEDED, winner)
    assert loser.pk < winner.pk


def test_nothing_is_proposed_while_a_push_is_deployed(site: Site) -> None:
    push = site.proved("deployed.example.org")
    site.pause(DEPLOY)
    site.approve(push)
    site.until_sent(push, Verb.ACTIVATE)
    with pytest.raises(NotAllowed, match=f"Push #{push.pk} is being deployed. Wait"):
        site.propose(site.add_domain("meanwhile.example.org"))
    site.resume(DEPLOY)
    site.until(push, PushState.ACTIVE)


def test_nothing_to_change_is_no_push(site: Site) -> None:
    before = ConfigPush.objects.count()
    row = RoutingObject.objects.get(server=site.host, key="renater.fr")
    with pytest.raises(NotAllowed, match="Nothing would change on any mail host"):
        site.propose(row)
    assert ConfigPush.objects.count() == before
