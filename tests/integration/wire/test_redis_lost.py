"""Redis is killed and comes back empty, at each moment of an order's way: it still ends, once."""

from tests.fixtures.sandbox import wait_until
from tests.integration.wire.conftest import AgentPlace, Control, Redis


def lose(own_redis: Redis) -> None:
    own_redis.kill()
    own_redis.start()


def test_before_the_agent_has_the_order(
    control: Control, listes: AgentPlace, own_redis: Redis
) -> None:
    attempt = control.ask(listes, "once", blob=b"bundle")
    control.sign()
    lose(own_redis)
    listes.start()

    assert control.until_ended(attempt).result_bytes() == b"eldnub"
    assert listes.effects == ["once"]


def test_while_the_agent_waits_for_an_order(
    control: Control, listes: AgentPlace, own_redis: Redis
) -> None:
    listes.start()
    lose(own_redis)

    assert control.until_ended(control.ask(listes, "once")).done
    assert listes.effects == ["once"]


def test_while_the_verb_runs(control: Control, listes: AgentPlace, own_redis: Redis) -> None:
    listes.start()
    attempt = control.ask(listes, "once", blob=b"bundle", then="wait")
    control.sign()
    wait_until(lambda: listes.effects == ["once"], "the verb runs")
    lose(own_redis)
    listes.let_go()

    assert control.until_ended(attempt).result_bytes() == b"eldnub"
    assert listes.effects == ["once"]


def test_after_the_agent_has_reported(
    control: Control, listes: AgentPlace, own_redis: Redis
) -> None:
    listes.start()
    attempt = control.ask(listes, "once", blob=b"bundle")
    control.sign()
    with own_redis.client() as admin:
        wait_until(lambda: admin.llen("reports") == 1, "the report is there")
    lose(own_redis)

    assert control.until_ended(attempt).result_bytes() == b"eldnub"
    assert listes.effects == ["once"]


def test_only_the_blob_of_the_order_is_lost(
    control: Control, listes: AgentPlace, own_redis: Redis
) -> None:
    attempt = control.ask(listes, "once", blob=b"bundle")
    control.sign()
    with own_redis.client() as admin:
        assert admin.delete(*admin.keys("*.blob.*")) == 1
    listes.start()

    assert control.until_ended(attempt).result_bytes() == b"eldnub"
    assert listes.effects == ["once"]


def test_while_the_agent_is_down_for_good(
    control: Control, listes: AgentPlace, own_redis: Redis
) -> None:
    attempt = control.ask(listes, "never", lifetime_s=2)
    control.sign()
    lose(own_redis)

    control.until_ended(attempt)

    assert attempt.error is not None
    assert attempt.error["code"] == "expired"
