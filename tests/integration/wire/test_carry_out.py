"""Orders cross a real Redis to a real agent process, and come back as reports."""

from mailadmin.wire.core.messages import Outcome
from mailadmin.wire.core.states import AttemptState
from tests.integration.wire.conftest import AgentPlace, Control, Redis


def test_an_order_is_carried_out_and_reported(
    control: Control, listes: AgentPlace, own_redis: Redis
) -> None:
    listes.start()

    attempt = control.until_ended(control.ask(listes, "first"))

    assert (attempt.state, attempt.outcome) == (AttemptState.REPORTED, Outcome.DONE)
    assert attempt.body == {"note": "first"}
    assert listes.effects == ["first"]
    assert own_redis.denied() == []
