"""Orders cross a real Redis to a real agent process, and come back as reports."""

from datetime import timedelta

import pytest

from mailadmin.wire.core.messages import Outcome
from mailadmin.wire.core.states import AttemptState
from mailadmin.wire.models import Agent, ReceivedReport
from tests.fixtures.sandbox import LIVENESS_S, wait_until
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


def test_a_blob_goes_with_the_order_and_another_comes_with_the_report(
    control: Control, listes: AgentPlace, own_redis: Redis
) -> None:
    listes.start()
    bundle = bytes(range(256)) * 4000

    attempt = control.until_ended(control.ask(listes, "bundle", blob=bundle))

    assert attempt.result_bytes() == bundle[::-1]
    assert own_redis.denied() == []


def test_orders_for_one_agent_go_one_after_the_other(control: Control, listes: AgentPlace) -> None:
    listes.start()
    asked = [control.ask(listes, note) for note in ("one", "two", "three")]

    for attempt in asked:
        control.until_ended(attempt)

    assert listes.effects == ["one", "two", "three"]
    assert [attempt.sequence for attempt in asked] == [1, 2, 3]


def test_a_verb_that_raises_has_failed_and_the_agent_goes_on(
    control: Control, listes: AgentPlace
) -> None:
    listes.start()

    crashed = control.until_ended(control.ask(listes, "bad", then="raise"))
    after = control.until_ended(control.ask(listes, "good"))

    assert crashed.outcome == Outcome.FAILED
    assert crashed.error is not None
    assert crashed.error["code"] == "crashed"
    assert "RuntimeError: as asked" in str(crashed.error["text"])
    assert after.done


def test_the_same_order_twice_in_sequence_has_one_effect_and_one_receipt(
    control: Control, listes: AgentPlace
) -> None:
    listes.start()
    attempt = control.until_ended(control.ask(listes, "once", blob=b"abc"))
    first = ReceivedReport.objects.get(accepted=True).envelope

    control.push(listes, attempt.envelope)

    assert control.wait_for_reports(1) == [first]
    assert listes.effects == ["once"]


def test_the_same_order_twice_at_once_has_one_effect_and_one_receipt(
    control: Control, listes: AgentPlace
) -> None:
    listes.start()
    listes.start()
    attempt = control.ask(listes, "once", then="wait")
    control.sign()
    attempt.refresh_from_db()
    control.push(listes, attempt.envelope)
    wait_until(lambda: listes.log.count("received") == 2, "both workers have the order")

    listes.let_go()

    first, second = control.wait_for_reports(2)
    assert first == second
    assert listes.effects == ["once"]


def test_a_verb_that_was_killed_in_the_middle_is_run_again(
    control: Control, listes: AgentPlace
) -> None:
    process = listes.start()
    attempt = control.ask(listes, "again", then="die once")
    control.sign()
    process.wait(LIVENESS_S)
    assert control.reports() == []

    listes.start()
    control.until_ended(attempt)

    assert attempt.done
    assert listes.effects == ["again", "again"]


def test_an_agent_that_is_told_to_stop_finishes_the_order_in_hand(
    control: Control, listes: AgentPlace, own_redis: Redis
) -> None:
    process = listes.start()
    attempt = control.ask(listes, "last", then="wait")
    control.sign()
    wait_until(lambda: listes.effects == ["last"], "the verb runs")

    process.terminate()
    listes.let_go()
    process.wait(LIVENESS_S)
    control.take_in()

    attempt.refresh_from_db()
    assert attempt.done
    assert own_redis.denied() == []


def test_an_agent_whose_journal_cannot_be_written_says_so_and_runs_nothing(
    control: Control, listes: AgentPlace
) -> None:
    listes.start()
    (listes.directory / "state/journal.sqlite3").write_bytes(b"not a database" * 100)

    attempt = control.until_ended(control.ask(listes, "never"))

    assert attempt.outcome == Outcome.FAILED
    assert attempt.error is not None
    assert attempt.error["code"] == "journal"
    assert listes.effects == []


def test_the_files_of_the_agent_are_its_own(control: Control, listes: AgentPlace) -> None:
    listes.start()
    control.until_ended(control.ask(listes, "first"))

    modes = {
        path.name: path.stat().st_mode & 0o777 for path in (listes.directory / "state").iterdir()
    }
    assert modes == {"journal.sqlite3": 0o600, "lock": 0o600}


@pytest.mark.parametrize("ahead_s", [-3600, 3600])
def test_the_difference_of_the_clocks_is_known(
    control: Control, listes: AgentPlace, ahead_s: int
) -> None:
    """The agent's clock is behind (its orders run), or ahead (they are refused as expired)."""
    listes.start()
    control.ahead = timedelta(seconds=ahead_s)

    attempt = control.until_ended(control.ask(listes, "first", lifetime_s=600))

    skew_ms = Agent.objects.get().clock_skew_ms
    assert skew_ms is not None
    assert abs(skew_ms + ahead_s * 1000) < 10_000
    assert attempt.outcome == (Outcome.DONE if ahead_s > 0 else Outcome.REFUSED)
    assert listes.effects == (["first"] if ahead_s > 0 else [])
