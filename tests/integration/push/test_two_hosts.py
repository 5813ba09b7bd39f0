"""Two list servers: one push for both goes in order, stops at a failure, is retried or restored."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from django.db import transaction
from pytest_django.plugin import DjangoDbBlocker

from deploy.sandbox.tools import SendmailTools
from mailadmin.audit.models import AuditEvent
from mailadmin.wire.core.messages import Verb
from mailadmin.wire.models import Attempt
from routing.core.states import OPEN_PUSH, PushState, TargetState
from routing.models import ConfigPush, PushTarget, RelayTarget
from routing.queries.revisions import intent_of, live_revision
from routing.services.approve import refuse
from routing.services.deploy import retry
from routing.services.errors import NotAllowed
from routing.services.order import why_not_deploy
from routing.services.propose import propose, restore
from routing.services.relays import save_relay_target
from tests.fixtures.sandbox import wait_until
from tests.integration.push.building import import_example, make_site, start
from tests.integration.push.conftest import alone, make_whole
from tests.integration.push.database import database_of
from tests.integration.push.site import DEPLOY, LIVENESS_S, Site

SECOND = "listes2"
SECOND_DEPLOY = f"{SECOND}-deploy"
ONE_WAY, TWO_WAYS = ["smtp1.renater.fr"], ["smtp1.renater.fr", "host.renater.fr"]


@dataclass(frozen=True, slots=True)
class Pair:
    """One control plane with two list servers, in order of activation."""

    first: Site
    second: Site

    def propose_relay(self) -> ConfigPush:
        """A push for both: the relay target that both name leads to other machines."""
        live = live_revision(self.first.host)
        assert live is not None
        (now,) = intent_of(live).relay_targets
        row = RelayTarget.objects.get(pk=now.id)
        row = save_relay_target(
            identity=row.pk,
            version=row.version,
            name=row.name,
            hosts=TWO_WAYS if list(now.hosts) == ONE_WAY else ONE_WAY,
            port=row.port,
            by=self.first.people["claire"],
        )
        return propose(
            picked=frozenset({row.pk}),
            title="Another way out",
            guard_reason="the relay is doubled",
            by=self.first.people["claire"],
        )

    def proved_relay(self) -> ConfigPush:
        return self.first.until(self.propose_relay(), PushState.PROVED)

    def links(self) -> tuple[str, str]:
        return self.first.link(), self.second.link()

    def releases(self, push: ConfigPush) -> tuple[str, str]:
        """What the two hosts run when the push is live."""
        return tuple(site.target(push).revision.digest for site in (self.first, self.second))  # type: ignore[return-value]

    def states(self, push: ConfigPush) -> tuple[str, str]:
        return self.first.target(push).state, self.second.target(push).state

    def give_up(self, *pushes: ConfigPush) -> None:
        for push in pushes:
            push.refresh_from_db()
            paul = self.first.people["paul"]
            refuse(push=push, digest=push.digest, reason="the test is over", by=paul)


@pytest.fixture(scope="module")
def running_pair(
    scratch_root: Path,
    var_dir: Path,
    sendmail_tools: SendmailTools,
    django_db_blocker: DjangoDbBlocker,
) -> Iterator[Pair]:
    """A stack of its own: both hosts have imported the same table."""
    var = scratch_root / "pair"
    with django_db_blocker.unblock(), alone():
        more = {SECOND: "listes2.renater.fr"}
        first = make_site(var, sendmail_tools, var_dir / "agent-venv", more)
        second = Site(first.sandbox, first.stack, first.people, first.paused, SECOND)
        try:
            with database_of(var / "mailadmin.sqlite3"):
                start(first)
                import_example(second)
            yield Pair(first, second)
        finally:
            first.resume()
            first.stack.stop_all()


@pytest.fixture
def pair(running_pair: Pair, django_db_blocker: DjangoDbBlocker) -> Iterator[Pair]:
    """The two hosts, in sync, with their rows as the database of the test."""
    database = running_pair.first.sandbox.var / "mailadmin.sqlite3"
    with django_db_blocker.unblock(), database_of(database):
        yield running_pair
        make_whole(running_pair.first)
        make_whole(running_pair.second)


@contextmanager
def no_switch(site: Site) -> Iterator[None]:
    """While inside, the host lets nobody write the link of the live release."""
    site.tree.routing.chmod(0o555)
    try:
        yield
    finally:
        site.tree.routing.chmod(0o755)


def orders(site: Site, push: ConfigPush, verb: Verb = Verb.ACTIVATE) -> int:
    """How often the host was ordered to do this with its release of the push."""
    release = site.target(push).revision.digest
    since = Attempt.objects.filter(agent__host_name=site.name, created_at__gte=push.proposed_at)
    return since.filter(verb=verb, arguments__release=release).count()


def event(push: ConfigPush, action: str, site: Site | None = None) -> int:
    """The place of an event in the total order of all events."""
    found = AuditEvent.objects.filter(push=push.pk, action=action)
    if site is not None:
        found = found.filter(subject=f"push #{push.pk} on {site.name}")
    return found.latest("number").number


def test_two_servers_that_import_one_table_share_its_relay_target(pair: Pair) -> None:
    assert RelayTarget.objects.count() == 1
    assert pair.first.live_map() == pair.second.live_map()


def test_one_push_goes_to_both_hosts_in_order(pair: Pair) -> None:
    push, before = pair.proved_relay(), pair.links()
    assert [target.host.name for target in push.targets.order_by("position")] == [
        pair.first.name,
        pair.second.name,
    ]
    assert pair.first.proof(push)["unexplained"] == pair.second.proof(push)["unexplained"] == 0
    pair.first.approve(push)
    pair.first.until(push, PushState.ACTIVE)
    assert pair.links() == pair.releases(push)
    assert not set(pair.links()) & set(before)
    # The canary has answered as proved before the other host is switched.
    assert event(push, "target.confirmed", pair.first) < event(
        push, "target.activated", pair.second
    )
    for site in (pair.first, pair.second):
        hosts = intent_of(site.target(push).revision).relay_targets[0].hosts
        assert all(host in site.live_map()["."] for host in hosts)


def test_a_failure_on_the_canary_leaves_the_other_host_untouched(pair: Pair) -> None:
    push, before = pair.proved_relay(), pair.links()
    with no_switch(pair.first):
        pair.first.approve(push)
        pair.first.until(push, PushState.STOPPED)
    assert pair.states(push) == (TargetState.FAILED, TargetState.STAGED)
    assert pair.first.error(push)["code"] == "disk"
    assert pair.second.target(push).error is None
    assert pair.links() == before
    assert orders(pair.second, push) == 0

    retry(push=push, by=pair.first.people["paul"])
    pair.first.until(push, PushState.ACTIVE)
    assert pair.links() == pair.releases(push)


def test_a_failure_on_the_second_leaves_one_new_and_one_old_and_a_retry_ends_it(
    pair: Pair,
) -> None:
    push, before = pair.proved_relay(), pair.links()
    with no_switch(pair.second):
        pair.first.approve(push)
        pair.first.until(push, PushState.STOPPED)
        assert pair.states(push) == (TargetState.CONFIRMED, TargetState.FAILED)
        assert pair.links() == (pair.releases(push)[0], before[1])
        with pytest.raises(NotAllowed, match=f"Push #{push.pk} stopped half-way"):
            pair.second.propose(pair.second.add_domain("half-way.example.org"))

        # Nothing is mended: the same failure again, and the canary is not asked twice.
        retry(push=push, by=pair.first.people["paul"])
        wait_until(lambda: orders(pair.second, push) == 2, "it is tried", seconds=LIVENESS_S)
        pair.first.until(push, PushState.STOPPED)
    retry(push=push, by=pair.first.people["paul"])
    pair.first.until(push, PushState.ACTIVE)
    assert pair.links() == pair.releases(push)
    assert (orders(pair.first, push), orders(pair.second, push)) == (1, 3)


def test_a_restore_takes_the_place_of_a_half_live_push(pair: Pair) -> None:
    push, before = pair.proved_relay(), pair.links()
    old = live_revision(pair.first.host)
    assert old is not None
    with no_switch(pair.second):
        pair.first.approve(push)
        pair.first.until(push, PushState.STOPPED)
        back = restore(revision=old, note="half is worse", by=pair.first.people["claire"])
    push.refresh_from_db()
    assert (push.state, push.superseded_by) == (PushState.SUPERSEDED, back)
    assert not push.targets.filter(holds_host=True).exists()
    pair.first.go_live(back)
    assert pair.links() == before
    assert orders(pair.second, push) == 1


def test_a_second_host_that_is_away_stops_the_push_and_is_taken_up_later(pair: Pair) -> None:
    push, before = pair.proved_relay(), pair.links()
    pair.first.pause(SECOND_DEPLOY)
    pair.first.approve(push)
    sent = pair.second.until_sent(push, Verb.ACTIVATE)
    assert pair.links() == (pair.releases(push)[0], before[1])
    Attempt.objects.filter(pk=sent.pk).update(not_after=sent.created_at)
    pair.first.until(push, PushState.STOPPED)
    assert pair.states(push) == (TargetState.CONFIRMED, TargetState.UNREACHABLE)
    error = pair.second.error(push)
    assert error["code"] == "no_answer"
    assert error["text"].startswith(f"{SECOND} did not answer in ")
    assert pair.links() == (pair.releases(push)[0], before[1])

    pair.first.resume(SECOND_DEPLOY)
    retry(push=push, by=pair.first.people["paul"])
    pair.first.until(push, PushState.ACTIVE)
    assert pair.links() == pair.releases(push)


def test_pushes_for_one_host_each_do_not_wait_for_each_other(pair: Pair) -> None:
    held, free = pair.first.proved("held.example.org"), pair.second.proved("free.example.org")
    held.refresh_from_db()
    assert (held.state, free.state) == (PushState.PROVED, PushState.PROVED)
    pair.first.pause(DEPLOY)
    pair.first.approve(held)
    pair.first.until_sent(held, Verb.ACTIVATE)
    pair.second.approve(free)
    pair.second.until(free, PushState.ACTIVE)
    assert "free.example.org" in pair.second.live_map()
    held.refresh_from_db()
    assert held.state == PushState.DEPLOYING

    # One for both has to wait for it, though the second host is free.
    with pytest.raises(NotAllowed, match=f"Push #{held.pk} is being deployed. Wait"):
        pair.propose_relay()
    assert not ConfigPush.objects.filter(state__in=OPEN_PUSH).exclude(pk=held.pk).exists()
    pair.first.resume(DEPLOY)
    pair.first.until(held, PushState.ACTIVE)


def test_a_push_for_both_takes_the_place_of_one_for_each(pair: Pair) -> None:
    single = pair.first.proved("single-1.example.org"), pair.second.proved("single-2.example.org")
    pair.first.approve(single[0], deploy=False)
    both = pair.proved_relay()
    for push in single:
        push.refresh_from_db()
        assert (push.state, push.superseded_by) == (PushState.SUPERSEDED, both)
    assert not single[0].approvals.filter(voided_at=None).exists()
    pair.give_up(both)


@pytest.mark.parametrize("which", ["first", "second"])
@pytest.mark.parametrize("field", ["manifest_digest", "base", "revision"])
def test_an_approval_binds_bundle_manifest_and_base_of_both_hosts(
    pair: Pair, which: str, field: str
) -> None:
    push = pair.proved_relay()
    pair.first.approve(push, deploy=False)
    push.refresh_from_db()
    assert why_not_deploy(push) is None
    target = getattr(pair, which).target(push)
    other = target.base_revision if field == "revision" else "0" * 64
    with transaction.atomic():
        PushTarget.objects.filter(pk=target.pk).update(**{field: other})
        assert "is no longer what was proved" in (why_not_deploy(push) or "")
        transaction.set_rollback(True)
    pair.give_up(push)
