"""The control plane's side of sending: one open order per agent, the same bytes, and an end."""

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from mailadmin.wire.core.canonical import CanonicalError
from mailadmin.wire.core.messages import Role, Verb
from mailadmin.wire.core.states import AttemptState
from mailadmin.wire.models import Agent, Attempt
from mailadmin.wire.names import task_queue
from mailadmin.wire.services import (
    NoSuchAgent,
    again,
    cancel,
    request,
    resend_open,
    sign_and_send_due,
)
from mailadmin.wire.services.asking import WrongRole
from mailadmin.wire.signatures import open_order
from tests.fixtures.audited import unaudited
from tests.integration.wire.conftest import AgentPlace, Control, Redis, registered


def waiting(own_redis: Redis, place: AgentPlace) -> list[bytes]:
    with own_redis.client() as client:
        return list(client.lrange(task_queue(place.host, place.role), 0, -1))


def test_an_agent_that_is_away_for_a_day_finds_one_order(
    control: Control, listes: AgentPlace, own_redis: Redis
) -> None:
    """Every order expires after ten minutes and is asked for again; none is answered."""
    attempt = control.ask(listes, "observe", lifetime_s=600)
    ended: list[Attempt] = []
    for _ in range(24 * 10):
        control.ahead += timedelta(minutes=6)
        for expired in control.sweep():
            ended.append(expired)
            attempt = again(attempt=expired)
        control.sign()

    assert len(ended) > 100
    assert {expired.state for expired in ended} == {AttemptState.EXPIRED}
    assert len(waiting(own_redis, listes)) == 1
    control.ahead = timedelta()
    listes.start()
    control.until_ended(attempt)
    assert len(listes.effects) == 1


def test_an_expired_order_is_taken_back(
    control: Control, listes: AgentPlace, own_redis: Redis
) -> None:
    attempt = control.ask(listes, "late", lifetime_s=5)
    control.sign()
    control.ahead = timedelta(seconds=7)

    (expired,) = control.sweep()

    assert expired.pk == attempt.pk
    assert expired.error is not None
    assert expired.error["code"] == "expired"
    assert waiting(own_redis, listes) == []


def test_nothing_is_sent_again_while_an_order_waits(
    control: Control, listes: AgentPlace, own_redis: Redis
) -> None:
    control.ask(listes, "waits", lifetime_s=10_000)
    control.sign()
    before = waiting(own_redis, listes)

    for _ in range(5):
        control.ahead += timedelta(minutes=2)
        control.sweep()

    assert waiting(own_redis, listes) == before
    assert Attempt.objects.get().sends == 6


def test_a_lost_order_is_sent_again_as_the_same_bytes_with_growing_pauses(
    control: Control, listes: AgentPlace, own_redis: Redis
) -> None:
    attempt = control.ask(listes, "lost", blob=b"bundle", lifetime_s=10_000)
    control.sign()
    attempt.refresh_from_db()
    sent_at = []
    began = control.now()
    for second in range(0, 200):
        with own_redis.client() as client:
            client.flushall()
        # What two hundred sweeps really take, on a busy machine, is no part of the pauses.
        control.ahead = began + timedelta(seconds=second) - timezone.now()
        control.sweep()
        if waiting(own_redis, listes):
            sent_at.append(second)

    pauses = [later - earlier for earlier, later in zip(sent_at, sent_at[1:], strict=False)]
    # Sweeps come once a second: the longest pause, a minute, may take one sweep more.
    assert [min(pause, 60) for pause in pauses] == sorted(min(pause, 60) for pause in pauses)
    assert pauses[0] <= 3
    assert pauses[-1] in (60, 61)
    after = Attempt.objects.get()
    assert (after.envelope, after.sequence) == (attempt.envelope, 1)
    listes.start()
    control.ahead = timedelta()
    Attempt.objects.update(next_send_at=control.now())
    assert control.until_ended(attempt).result_bytes() == b"eldnub"


def test_a_redis_that_is_down_costs_a_sweep(
    control: Control, listes: AgentPlace, own_redis: Redis
) -> None:
    own_redis.kill()
    attempt = control.ask(listes, "late")
    control.sign()
    assert control.sweep() == []
    attempt.refresh_from_db()
    assert attempt.state == AttemptState.SENT

    own_redis.start()
    listes.start()

    assert control.until_ended(attempt).done
    assert listes.effects == ["late"]


def test_the_policy_is_asked_just_before_signing_and_may_cancel(
    control: Control, listes: AgentPlace, own_redis: Redis
) -> None:
    attempt = control.ask(listes, "superseded")

    (ended,) = sign_and_send_due(
        may_sign=lambda asked: f"{asked.arguments['note']}: the push is not open any more",
        signing_key=control.key,
        transport=control.transport,
        now=control.now(),
    )

    assert (ended.pk, ended.state) == (attempt.pk, AttemptState.CANCELLED)
    assert ended.error == {
        "code": "cancelled",
        "text": "superseded: the push is not open any more",
    }
    assert (Agent.objects.get().last_sequence, ended.envelope) == (0, "")
    assert waiting(own_redis, listes) == []


def test_an_order_for_a_disabled_agent_is_cancelled(control: Control, listes: AgentPlace) -> None:
    control.ask(listes, "never")
    with unaudited():
        Agent.objects.update(disabled=True)

    (ended,) = control.sign()

    assert ended.error is not None
    assert "is disabled" in str(ended.error["text"])


def test_a_message_above_the_limit_is_cancelled_with_the_reason(
    control: Control, listes: AgentPlace
) -> None:
    control.ask(listes, "x" * 2_000_000)

    (ended,) = control.sign()

    assert ended.error is not None
    assert "put the large part into the blob" in str(ended.error["text"])
    assert Agent.objects.get().last_sequence == 0


def test_what_was_signed_cannot_be_withdrawn(control: Control, listes: AgentPlace) -> None:
    first, second = control.ask(listes, "first"), control.ask(listes, "second")
    control.sign()

    assert cancel(attempt=first, why="changed my mind", now=control.now()) is False
    assert cancel(attempt=second, why="changed my mind", now=control.now()) is True


def test_the_order_says_what_the_row_says(control: Control, listes: AgentPlace) -> None:
    attempt = control.ask(listes, "exact", blob=b"bundle", lifetime_s=600)
    before = control.now()
    control.sign()
    attempt.refresh_from_db()

    order = open_order(attempt.envelope, control.key.public_key())

    assert (order.host, order.role, order.verb) == ("listes", Role.DEPLOY, Verb.OBSERVE)
    assert (order.attempt, order.sequence) == (str(attempt.pk), attempt.sequence)
    assert (order.arguments, order.blob) == ({"note": "exact"}, attempt.payload_digest)
    assert abs(order.not_after - before.timestamp() - 600) < 5


def test_what_cannot_be_an_order_is_refused_when_it_is_asked_for(
    control: Control, listes: AgentPlace
) -> None:
    with pytest.raises(CanonicalError):
        control.ask(listes, "float", age=1.5)
    with pytest.raises(WrongRole, match="prove is an order for spool"):
        request(host="listes", role=Role.DEPLOY, verb=Verb.PROVE, arguments={}, lifetime_s=1)
    with pytest.raises(NoSuchAgent, match="keys --register nowhere deploy"):
        request(host="nowhere", role=Role.DEPLOY, verb=Verb.STAGE, arguments={}, lifetime_s=1)
    assert not Attempt.objects.exists()


@pytest.mark.django_db(transaction=True)
class TestTwoControlWorkers:
    """Each step done by several workers at the same moment."""

    def at_once(self, act: Callable[[], object], times: int = 4) -> None:
        barrier = threading.Barrier(times)
        failures: list[Exception] = []

        def run() -> None:
            barrier.wait()
            try:
                act()
            except Exception as error:
                failures.append(error)
                raise
            finally:
                connection.close()

        threads = [threading.Thread(target=run) for _ in range(times)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert failures == []

    def test_sign_one_order_once(
        self, control: Control, listes: AgentPlace, own_redis: Redis
    ) -> None:
        for note in ("one", "two", "three"):
            control.ask(listes, note)

        self.at_once(control.sign)

        assert [a.sequence for a in Attempt.objects.filter(state="sent")] == [1]
        assert Agent.objects.get().last_sequence == 1
        assert len(waiting(own_redis, listes)) == 1

    def test_send_an_open_order_again_once(
        self, control: Control, listes: AgentPlace, own_redis: Redis
    ) -> None:
        control.ask(listes, "lost")
        control.sign()
        with own_redis.client() as client:
            client.flushall()
        later = control.now() + timedelta(seconds=30)

        self.at_once(lambda: resend_open(transport=control.transport, now=later))

        assert Attempt.objects.get().sends == 2
        assert len(waiting(own_redis, listes)) == 1

    def test_record_a_report_once(self, control: Control, agent: Callable[..., AgentPlace]) -> None:
        place = registered(agent("other"))
        place.start()
        attempt = control.ask(place, "once")
        control.sign()
        (envelope,) = control.wait_for_reports(1)
        ended: list[Attempt | None] = []

        self.at_once(lambda: ended.append(control.record(envelope)))

        assert [found.pk for found in ended if found is not None] == [attempt.pk]
        assert len(ended) == 4
