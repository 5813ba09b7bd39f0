"""Whoever can write to an agent's task queue cannot make it do anything."""

import json
from base64 import b64encode
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.db import connection

from mailadmin.wire.core.canonical import Json, canonical
from mailadmin.wire.core.messages import Outcome
from mailadmin.wire.models import Agent, Attempt
from mailadmin.wire.services import again
from mailadmin.wire.signatures import claimed, open_order, seal_order
from tests.fixtures.sandbox import wait_until
from tests.integration.wire.conftest import AgentPlace, Control, registered
from tests.unit.wire.messages import order


def signed(control: Control, changes: dict[str, Json]) -> str:
    """A message that the control plane really signed, whatever is in it."""
    body = canonical({**order().to_json(), **changes})
    signature = control.key.sign(b"mailadmin order 1\n" + body)
    return json.dumps({"body": body.decode(), "signature": b64encode(signature).decode()})


def refusal(envelope: str) -> dict[str, Any]:
    report = claimed(envelope)
    assert report.outcome == Outcome.REFUSED
    error = report.body["error"]
    assert isinstance(error, dict)
    return error


def open_attempt(control: Control, place: AgentPlace, note: str) -> Attempt:
    attempt = control.ask(place, note)
    control.sign()
    attempt.refresh_from_db()
    return attempt


def forget_all_orders() -> None:
    """What restoring a database from before the first order does."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM wire_attempt")
    Agent.objects.update(last_sequence=0)


def proves_alive(control: Control, place: AgentPlace) -> None:
    """The agent has taken all that was sent to it before, and still works."""
    assert control.until_ended(control.ask(place, "alive")).done


def test_an_altered_order_is_dropped_without_an_answer(
    control: Control, listes: AgentPlace
) -> None:
    attempt = open_attempt(control, listes, "good")
    control.transport.clear(listes.host, listes.role)
    control.push(listes, attempt.envelope.replace("good", "evil"))
    listes.start()
    wait_until(lambda: "an order was dropped" in listes.log, "the agent has read it")

    assert control.reports() == []
    assert listes.effects == []
    assert control.until_ended(attempt).done
    assert listes.effects == ["good"]


def test_an_order_signed_by_another_key_is_dropped(control: Control, listes: AgentPlace) -> None:
    attempt = open_attempt(control, listes, "good")
    control.transport.clear(listes.host, listes.role)
    real = open_order(attempt.envelope, control.key.public_key())
    control.push(listes, seal_order(real, Ed25519PrivateKey.generate()))
    listes.start()
    wait_until(lambda: "an order was dropped" in listes.log, "the agent has read it")

    assert control.reports() == []
    assert listes.effects == []


@pytest.mark.parametrize("nonsense", ["", "{}", "null", "x" * 2_000_000, "\0"])
def test_nonsense_is_dropped_and_the_agent_goes_on(
    control: Control, listes: AgentPlace, nonsense: str
) -> None:
    control.push(listes, nonsense)
    listes.start()
    wait_until(lambda: "an order was dropped" in listes.log, "the agent has read it")

    proves_alive(control, listes)


def test_an_order_for_another_host_is_refused_and_the_refusal_changes_nothing(
    control: Control, listes: AgentPlace, agent: Callable[..., AgentPlace]
) -> None:
    other = registered(agent("other"))
    attempt = open_attempt(control, other, "for the other")
    control.push(listes, attempt.envelope)
    listes.start()

    (envelope,) = control.wait_for_reports(1)

    assert refusal(envelope)["code"] == "other_host"
    assert claimed(envelope).host == "listes"
    assert listes.effects == []
    assert control.record(envelope) is None
    attempt.refresh_from_db()
    assert attempt.is_open


def test_an_older_order_cannot_be_replayed(control: Control, listes: AgentPlace) -> None:
    listes.start()
    first = control.until_ended(control.ask(listes, "first"))
    control.until_ended(control.ask(listes, "second"))

    control.push(listes, first.envelope)
    (envelope,) = control.wait_for_reports(1)

    error = refusal(envelope)
    assert (error["code"], error["sequence"]) == ("lower_sequence", 2)
    assert listes.effects == ["first", "second"]


def test_an_expired_order_is_refused_with_the_agents_clock(
    control: Control, listes: AgentPlace
) -> None:
    control.ahead = timedelta(hours=-1)
    attempt = open_attempt(control, listes, "late")
    listes.start()

    control.until_ended(attempt)

    assert attempt.outcome == Outcome.REFUSED
    assert attempt.error is not None
    assert attempt.error["code"] == "expired"
    assert isinstance(attempt.error["clock"], int)
    assert listes.effects == []


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"version": 99}, "unsupported_version"),
        ({"verb": "teleport"}, "unknown_verb"),
        ({"verb": "prove"}, "wrong_role"),
        ({"not_after": "never"}, "malformed"),
    ],
)
def test_a_signed_order_that_this_agent_cannot_read_is_refused_with_the_reason(
    control: Control, listes: AgentPlace, changes: dict[str, Json], code: str
) -> None:
    control.push(listes, signed(control, changes))
    listes.start()

    (envelope,) = control.wait_for_reports(1)

    assert refusal(envelope)["code"] == code
    proves_alive(control, listes)


@pytest.mark.parametrize("task", ["celery.map", "celery.chain", "mailadmin.tick", "os.system"])
def test_no_other_task_can_be_called(control: Control, listes: AgentPlace, task: str) -> None:
    control.push(listes, "x", task=task)
    listes.start()
    wait_until(lambda: "Received unregistered task" in listes.log, "the agent has read it")

    proves_alive(control, listes)


def test_a_control_plane_restored_from_before_learns_the_agents_sequence(
    control: Control, listes: AgentPlace
) -> None:
    listes.start()
    for note in ("one", "two", "three"):
        control.until_ended(control.ask(listes, note))
    forget_all_orders()

    refused = control.until_ended(control.ask(listes, "four"))
    assert refused.error is not None
    assert (refused.outcome, refused.error["code"]) == (Outcome.REFUSED, "lower_sequence")

    retried = control.until_ended(again(attempt=refused))
    assert (retried.done, retried.sequence) == (True, 4)
    assert listes.effects == ["one", "two", "three", "four"]


def test_a_control_plane_restored_from_just_before_learns_it_too(
    control: Control, listes: AgentPlace
) -> None:
    """The next order has the agent's own last sequence, and other content."""
    listes.start()
    control.until_ended(control.ask(listes, "one"))
    forget_all_orders()

    refused = control.until_ended(control.ask(listes, "two"))
    assert refused.error is not None
    assert refused.error["code"] == "other_content"

    assert control.until_ended(again(attempt=refused)).sequence == 2
    assert listes.effects == ["one", "two"]
