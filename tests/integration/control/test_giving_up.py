"""A push is given up for a mail host that died: nothing is lost, the rest goes on, all is told."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone

from mailadmin.audit.models import AuditEvent
from mailadmin.audit.services import CONTROL, SETUP
from mailadmin.people.models import Person
from mailadmin.wire.models import Agent, Attempt
from routing.core.states import PushState, TargetState
from routing.models import ConfigPush, HostState, MailHost
from routing.queries.edits import pending_edits
from routing.queries.revisions import live_revision
from routing.services.advance import advance
from routing.services.deploy import retry
from routing.services.errors import NotAllowed
from routing.services.giving_up import give_up
from routing.services.retiring import retire_mail_host
from routing.services.transitions import move_push, move_target
from tests.integration.pages import world

WHY = "its disk is gone"


class Two:
    """Two list servers, and a push to both that was approved and deploys."""

    def __init__(self) -> None:
        self.people = world.people()
        self.first, self.second = world.list_server("listes"), world.list_server("forums", 1)
        for host in (self.first, self.second):
            table = world.TABLE.replace("renater.fr", f"{host.name}.example", 3)
            world.imported(host, table.replace("smtp1.renater.fr", f"out-{host.name}.example"))
        claire = self.people["claire"]
        rows = [
            world.add_domain(host, f"new.{host.name}.example", claire)
            for host in (self.first, self.second)
        ]
        push = world.prove(world.proposed([row.pk for row in rows], claire))
        self.push = world.approved(push, self.paul, at_once=False)
        self.move(PushState.DEPLOYING)

    @property
    def paul(self) -> Person:
        return self.people["paul"]

    @transaction.atomic
    def move(self, to: PushState) -> None:
        move_push(push=self.push, to=to, by=CONTROL)

    @transaction.atomic
    def target(self, host: MailHost, *states: TargetState) -> None:
        for state in states:
            row = self.push.targets.select_related("host", "revision").get(host=host)
            move_target(target=row, to=state, by=CONTROL)

    def state_of(self, host: MailHost) -> str:
        return self.push.targets.get(host=host).state

    def now(self) -> str:
        self.push.refresh_from_db()
        return self.push.state


@pytest.fixture
def two(db: None) -> Two:
    del db
    return Two()


def dies(host: MailHost) -> None:
    """Its agents say nothing for an hour."""
    then = timezone.now() - timedelta(hours=1)
    Agent.objects.filter(host_name=host.name).update(last_seen_at=then)


def gives_up(two: Two, host: MailHost, reason: str = WHY) -> None:
    give_up(push=two.push, host=host, reason=reason, by=two.paul)


def test_a_dead_host_of_a_stopped_push_is_given_up_and_retired_and_the_rest_goes_on(
    two: Two,
) -> None:
    two.target(two.first, TargetState.UNREACHABLE)
    two.move(PushState.STOPPED)
    HostState.objects.filter(host=two.first).update(live=None)

    with pytest.raises(NotAllowed, match="an approver gives it up"):
        retire_mail_host(identity=two.first.pk, version=1, reason=WHY, by=SETUP)
    gives_up(two, two.first)
    retire_mail_host(identity=two.first.pk, version=1, reason=WHY, by=SETUP)

    assert (two.now(), two.state_of(two.first)) == ("stopped", "given_up")
    retry(push=two.push, by=two.paul)
    advance(two.push)
    assert two.now() == "deploying"
    asked = Attempt.objects.filter(verb="activate").values_list("agent__host_name", flat=True)
    assert list(asked) == ["forums"]


def test_nothing_is_lost_the_live_revision_and_the_edits_of_the_host_are_as_before(
    two: Two,
) -> None:
    before = live_revision(two.first)
    two.target(two.first, TargetState.UNREACHABLE)
    two.move(PushState.STOPPED)

    gives_up(two, two.first)

    assert live_revision(two.first) == before
    edits = {part.host.name: len(part.edits) for part in pending_edits()}
    assert edits["listes"] == 1
    own = next(part for part in pending_edits() if part.host == two.first)
    again = world.proposed([edit.object_id for edit in own.edits], two.people["claire"])
    assert [target.host.name for target in again.targets.all()] == ["listes"]


def test_the_last_host_that_is_missing_makes_the_push_active(two: Two) -> None:
    two.target(two.first, TargetState.ACTIVATED, TargetState.CONFIRMED)
    two.target(two.second, TargetState.UNREACHABLE)
    two.move(PushState.STOPPED)

    gives_up(two, two.second)

    assert two.now() == "active"
    assert not two.push.targets.filter(holds_host=True).exists()


def test_a_push_that_every_host_lost_ends_and_holds_none(two: Two) -> None:
    two.target(two.first, TargetState.UNREACHABLE)
    two.move(PushState.STOPPED)

    gives_up(two, two.first)
    gives_up(two, two.second)

    assert two.now() == "given_up"
    assert not two.push.targets.filter(holds_host=True).exists()


def test_a_silent_host_of_a_deploying_push_is_given_up_and_its_order_withdrawn(two: Two) -> None:
    advance(two.push)
    attempt = two.push.targets.get(host=two.first).attempt
    assert attempt is not None
    with pytest.raises(NotAllowed, match="The agents of listes answer"):
        gives_up(two, two.first)

    dies(two.first)
    gives_up(two, two.first)

    attempt.refresh_from_db()
    assert (attempt.state, two.now()) == ("cancelled", "stopped")
    assert not ConfigPush.objects.filter(targets__attempt=attempt).exists()


def test_it_is_told_with_the_reason_once(two: Two) -> None:
    two.target(two.first, TargetState.UNREACHABLE)
    two.move(PushState.STOPPED)

    gives_up(two, two.first)
    gives_up(two, two.first)

    told = AuditEvent.objects.get(action="target.given_up")
    assert (told.actor, told.host, told.note) == ("paul", "listes", WHY)


def test_every_reason_against_it_is_told(two: Two) -> None:
    two.target(two.first, TargetState.ACTIVATED, TargetState.CONFIRMED)
    with pytest.raises(NotAllowed) as error:
        gives_up(two, two.first, reason=" ")
    assert error.value.reasons == (
        f"listes runs push #{two.push.pk} and has confirmed it.",
        "Say why, for whoever looks for it later.",
    )
    other = world.list_server("third", 2)
    with pytest.raises(NotAllowed, match="has no part for that mail host"):
        gives_up(two, other)
