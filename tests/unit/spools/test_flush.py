"""Which message a flush takes next: the first of each destination alone, none where it is shut."""

from __future__ import annotations

from collections.abc import Iterable

from spools.core.flush import WINDOW, Batch, Candidate, FlushOrder, Left, Plan, Way
from spools.core.receipts import Fate, Receipt, Step

ORDER = FlushOrder("a" * 32, 1, "b" * 64, 30, 4, 2, before=10)


def message(name: str, *recipients: str) -> Candidate:
    return Candidate(name, recipients, 1)


def plan_of(messages: Iterable[Candidate], order: FlushOrder = ORDER, **ways: Way) -> Plan:
    named = {name.replace("_", "."): way for name, way in ways.items()}
    return Plan(order, iter(messages), named)


def answer(batch: Batch, fate: Fate = Fate.SENT, code: int = 250, text: str = "") -> list[Receipt]:
    return [
        Receipt(item.queue_id, name, fate, Step.END if code else Step.NONE, code, text)
        for item in batch.messages
        for name in item.recipients
    ]


def names(batch: Batch | None) -> list[str]:
    return [item.queue_id for item in batch.messages] if batch else []


def test_the_first_of_each_destination_goes_alone_and_the_rest_waits_for_it() -> None:
    plan = plan_of(message(f"{at}", f"x@{domain}.net") for at in range(3) for domain in "ab")
    first, second = plan.next_batch(), plan.next_batch()
    assert first and second and first.is_first and second.is_first
    assert first.destinations | second.destinations == {"a.net", "b.net"}
    assert plan.next_batch() is None
    assert plan.has_more
    plan.heard(first, answer(first), 0.1)
    rest = plan.next_batch()
    assert rest and rest.destinations == {"a.net"}
    assert len(rest.messages) == 2
    assert plan.next_batch() is None, "b.net was not heard"


def test_a_policy_refusal_shuts_a_destination_and_what_waited_for_it_is_left() -> None:
    plan = plan_of(message(f"{at}", "x@a.net") for at in range(5))
    first = plan.next_batch()
    assert first
    plan.heard(first, answer(first, Fate.BOUNCED, 550, "550 5.7.1 no"), 0.1)
    assert plan.next_batch() is None
    assert not plan.has_more
    assert [reason for _, reason in plan.untouched] == [Left.CLOSED] * 4
    assert plan.why["a.net"].text == "550 5.7.1 no"


def test_a_refusal_later_in_the_run_shuts_it_too() -> None:
    plan = plan_of([message(f"{at}", "x@a.net") for at in range(30)], a_net=Way.OPEN)
    batch = plan.next_batch()
    assert batch
    plan.heard(batch, answer(batch, Fate.DEFERRED, 421, "421 4.7.0 slow down"), 0.1)
    assert plan.next_batch() is None
    assert len(plan.untouched) == 30 - len(batch.messages)


def test_a_message_for_several_destinations_waits_for_all_and_goes_to_none_that_is_shut() -> None:
    both = message("both", "x@a.net", "y@b.net")
    plan = plan_of([message("a", "x@a.net"), both, message("b", "y@b.net")])
    first, second = plan.next_batch(), plan.next_batch()
    assert (names(first), names(second)) == (["a"], ["b"])
    assert first and second
    plan.heard(first, answer(first), 0.1)
    assert plan.next_batch() is None
    plan.heard(second, answer(second, Fate.BOUNCED, 554, "554 5.7.1 no"), 0.1)
    assert plan.next_batch() is None
    assert plan.untouched == [(both, Left.CLOSED)]


def test_beside_one_that_cannot_be_reached_the_others_get_theirs() -> None:
    both = message("both", "x@dead.net", "y@b.net")
    plan = plan_of([both], dead_net=Way.UNREACHABLE, b_net=Way.OPEN)
    assert names(plan.next_batch()) == ["both"]
    plan = plan_of([message("dead", "x@dead.net")], dead_net=Way.UNREACHABLE)
    assert plan.next_batch() is None
    assert [reason for _, reason in plan.untouched] == [Left.UNREACHABLE]


def test_no_more_runners_than_allowed_send_to_one_destination() -> None:
    messages = [message(f"{at}", "x@a.net") for at in range(40)]
    plan = plan_of([*messages, message("b", "x@b.net")], a_net=Way.OPEN, b_net=Way.OPEN)
    batches = [plan.next_batch() for _ in range(4)]
    assert [batch.destinations if batch else None for batch in batches] == [
        {"a.net"},
        {"b.net"},
        {"a.net"},
        None,
    ]


def test_a_batch_is_as_much_as_its_destination_does_in_two_seconds() -> None:
    plan = plan_of([message(f"{at}", "x@a.net") for at in range(99)], a_net=Way.OPEN)
    for seconds_each, many in ((0.5, 4), (0.01, 25), (9.0, 1)):
        batch = plan.next_batch()
        assert batch
        plan.heard(batch, answer(batch), seconds_each * len(batch.messages))
        following = plan.next_batch()
        assert following and len(following.messages) == many
        plan.heard(following, answer(following), 0.1)


def test_a_first_message_that_somebody_else_had_is_followed_by_another_first() -> None:
    plan = plan_of(message(f"{at}", "x@a.net") for at in range(2))
    first = plan.next_batch()
    assert first
    plan.heard(first, answer(first, Fate.UNTOUCHED, 0), 0.1)
    second = plan.next_batch()
    assert second and second.is_first and names(second) == ["1"]


def test_what_is_damaged_is_left_and_only_a_window_is_looked_at() -> None:
    broken = Candidate("broken", ("x@a.net",), 1, Left.NO_DATA)
    many = (message(f"{at}", "x@a.net") for at in range(10 * WINDOW))
    plan = plan_of([broken, *many], a_net=Way.OPEN)
    assert plan.next_batch()
    assert plan.untouched == [(broken, Left.NO_DATA)]
    assert plan.has_more and not plan.exhausted
