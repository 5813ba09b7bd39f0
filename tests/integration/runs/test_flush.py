"""A slice of a flush: real sendmail, real receivers on loopback, receipts against what arrived."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest

from deploy.sandbox.broker import free_port
from mailadmin.wire.core.messages import Outcome, Verb
from tests.fixtures.odd_mx import OddMx
from tests.integration.runs.lab import SENDER, Lab, know, make_lab
from tests.integration.wrapper.list_server import ListServer

NOBODY_LISTENS = 1
NAMES = ("a.example", "b.example", "c.example", "d.example")
LOCAL = "127.0.0.1"
LATER = 4_000_000_000


@dataclass(frozen=True, slots=True)
class World:
    """A list server whose relay is down, and the receivers outside by domain. `mta` is its own."""

    lab: Lab
    outside: Mapping[str, OddMx]
    mta: OddMx

    def arrived(self) -> list[str]:
        """Every recipient that any receiver took a message for."""
        return sorted(name for mx in self.outside.values() for name in mx.recipients())


@pytest.fixture
def world(server: ListServer) -> Iterator[World]:
    port = free_port()
    with ExitStack() as stack:
        outside = {
            name: stack.enter_context(OddMx(f"127.0.0.{at}", port))
            for at, name in enumerate(NAMES, start=11)
        }
        mta = stack.enter_context(OddMx(LOCAL, port))
        lab = make_lab(server, relay_port=NOBODY_LISTENS, mx_port=port)
        know(lab, [(name, mx.address) for name, mx in outside.items()])
        yield World(lab, outside, mta)


def order(lab: Lab, run: str = "", **more: object) -> dict[str, Any]:
    return {
        "run": run or uuid4().hex,
        "slice": 1,
        "release": lab.release,
        "seconds": 30,
        "runners": 4,
        "per_destination": 4,
        "before": LATER,
        **more,
    }


def given(lab: Lab, verb: Verb = Verb.FLUSH, **more: object) -> dict[str, Any]:
    """What the verb gave: outcome, body, blob."""
    process = lab.flush(order(lab, **more), verb)  # type: ignore[arg-type]
    out, err = process.communicate(timeout=300)
    assert process.returncode == 0, err.decode()
    found: dict[str, Any] = json.loads(out)
    return found


def run(lab: Lab, verb: Verb = Verb.FLUSH, **more: object) -> dict[str, Any]:
    """One slice; its body with what is in the blob."""
    result = given(lab, verb, **more)
    assert result["outcome"] == Outcome.DONE, result["body"]
    return {**result["body"], **result["blob"]}


def fates(result: Mapping[str, Any]) -> dict[str, str]:
    """Recipient → what became of it; nobody has two receipts."""
    names = [item["recipient"] for item in result["receipts"]]
    assert len(names) == len(set(names))
    return {item["recipient"]: item["fate"] for item in result["receipts"]}


def refusal(result: Mapping[str, Any]) -> str:
    assert result["outcome"] == Outcome.FAILED
    return str(result["body"]["error"]["code"])


def test_all_that_waits_goes_by_mx_none_lost_none_twice(world: World) -> None:
    names = [f"n{at}@{NAMES[at % 4]}" for at in range(40)]
    for name in names:
        assert world.lab.submit(name)

    result = run(world.lab)

    assert fates(result) == dict.fromkeys(names, "sent")
    assert world.arrived() == sorted(names)
    assert (world.lab.queue_ids(), result["more"], result["left"]) == ([], False, {})
    assert (result["messages"], result["fates"]) == (40, {"sent": 40})
    one = result["receipts"][0]
    assert (one["step"], one["code"], one["text"]) == ("end", 250, "250 2.0.0 taken")
    assert one["host"] == one["recipient"].partition("@")[2]
    assert {way["way"] for way in result["ways"]} == {"open"}


def test_many_recipients_of_one_message_each_have_their_receipt(world: World) -> None:
    """The line of a long list is shortened by sendmail; the dialogue is not."""
    world.outside["b.example"].answers = {
        "RCPT": lambda line: "550 5.1.1 no such user" if "no" in line else "250 2.1.5 ok"
    }
    world.outside["c.example"].answers = {"RCPT": "451 4.7.1 greylisted"}
    names = [f"recipient.with.a.long.name.{at}@a.example" for at in range(40)]
    world.lab.submit(*names, "no@b.example", "yes@b.example", "x@c.example")

    result = run(world.lab)

    expected = dict.fromkeys([*names, "yes@b.example"], "sent")
    assert fates(result) == expected | {"no@b.example": "bounced", "x@c.example": "deferred"}
    assert world.arrived() == sorted(expected)
    assert world.mta.recipients() == [SENDER], "its sender hears of the bounce"
    (left,) = world.lab.queue_ids()
    assert [line.rpartition(":")[2] for line in world.lab.lines(left, "R")] == ["x@c.example"]


def test_a_policy_refusal_closes_its_destination_after_the_first_message(world: World) -> None:
    closed = world.outside["b.example"]
    closed.answers = {"RCPT": "550 5.7.1 no PTR for you"}
    for at in range(20):
        world.lab.submit(f"n{at}@b.example")
        world.lab.submit(f"n{at}@a.example")

    result = run(world.lab)

    found = fates(result)
    counted = Counter((name.partition("@")[2], fate) for name, fate in found.items())
    assert counted == {
        ("a.example", "sent"): 20,
        ("b.example", "bounced"): 1,
        ("b.example", "untouched"): 19,
    }
    assert sum(line.startswith("RCPT") for line in closed.seen) == 1
    assert (result["left"], result["more"]) == ({"closed": 19}, False)
    (way,) = [way for way in result["ways"] if way["domain"] == "b.example"]
    assert (way["way"], way["code"], way["text"]) == ("closed", 550, "550 5.7.1 no PTR for you")
    assert len(world.lab.queue_ids()) == 19
    assert len(world.mta.recipients()) == 1


@pytest.mark.parametrize(
    ("answers", "way", "tried"),
    [
        ({"CONNECT": "554 5.7.1 we do not know you"}, "closed", 1),
        ({"CONNECT": "421 4.7.0 too many from you"}, "closed", 1),
        ({"MAIL": "550 SPF says no"}, "closed", 1),
        ({"END": "550 5.7.1 policy"}, "closed", 1),
        ({"RCPT": "550 5.1.1 no such user"}, "open", 3),
        ({"RCPT": "451 4.7.1 greylisted"}, "open", 3),
        ({"END": "452 4.3.1 full"}, "open", 3),
    ],
)
def test_what_closes_a_destination(
    world: World, answers: dict[str, str], way: str, tried: int
) -> None:
    world.outside["a.example"].answers = answers
    for at in range(3):
        world.lab.submit(f"n{at}@a.example")

    result = run(world.lab)

    assert [item["way"] for item in result["ways"]] == [way]
    untouched = sum(fate == "untouched" for fate in fates(result).values())
    assert untouched == 3 - tried
    assert not world.arrived()


def test_where_nobody_answers_one_message_is_tried(world: World) -> None:
    know(world.lab, [("a.example", "127.0.0.11"), ("dead.example", "127.0.0.99")])
    for name in ("x@dead.example", "y@dead.example", "z@a.example"):
        world.lab.submit(name)

    result = run(world.lab)

    found = fates(result)
    assert found.pop("z@a.example") == "sent"
    assert sorted(found.values()) == ["deferred", "untouched"]
    assert result["left"] == {"unreachable": 1}
    assert "refused" in next(
        item["text"] for item in result["receipts"] if item["fate"] == "deferred"
    )


def test_a_name_that_nobody_knows_bounces_as_it_would_by_the_relay(world: World) -> None:
    world.lab.submit("x@unknown.example")
    assert fates(run(world.lab)) == {"x@unknown.example": "bounced"}


def test_scope_excluded_and_closed_are_kept(world: World) -> None:
    for name in NAMES:
        world.lab.submit(f"x@{name}")
    mixed = world.lab.submit("m@a.example", "m@b.example")
    one = world.lab.submit("one@d.example")

    result = run(world.lab, excluded=["b.example"], closed=["c.example"])

    assert fates(result) == {
        "x@a.example": "sent",
        "x@b.example": "untouched",
        "x@c.example": "untouched",
        "x@d.example": "sent",
        "m@a.example": "untouched",
        "m@b.example": "untouched",
        "one@d.example": "sent",
    }
    assert result["left"] == {"excluded": 2, "closed": 1}
    assert mixed in world.lab.queue_ids()
    assert not world.outside["b.example"].seen
    assert not world.outside["c.example"].seen
    assert one

    world.lab.submit("two@d.example")
    assert fates(run(world.lab, domains=["a.example"])) == {
        "m@a.example": "sent",
        "m@b.example": "sent",
    }
    assert fates(run(world.lab, queue_ids=[mixed])) == {}
    assert fates(run(world.lab, before=1)) == {}


def test_held_messages_and_those_without_a_body_are_never_given_to_sendmail(world: World) -> None:
    held, hollow, whole = (world.lab.submit(f"{name}@a.example") for name in ("h", "n", "w"))
    spool = world.lab.tree.spool
    (spool / f"qf{held}").rename(spool / f"hf{held}")
    (spool / f"df{hollow}").unlink()

    result = run(world.lab)

    assert fates(result) == {"w@a.example": "sent", "n@a.example": "untouched"}
    assert result["left"] == {"no_data": 1}
    assert world.arrived() == ["w@a.example"]
    assert (spool / f"hf{held}").exists()
    assert whole not in world.lab.queue_ids()


def test_the_return_clock_does_not_bounce_what_the_outage_delayed(world: World) -> None:
    world.outside["a.example"].answers = {"RCPT": "451 4.7.1 greylisted"}
    names = [world.lab.submit("old@a.example"), world.lab.submit("old@b.example")]
    for name in names:
        file = world.lab.tree.spool / f"qf{name}"
        text = file.read_text("latin-1")
        created = int(re.search(r"(?m)^T(\d+)$", text)[1])  # type: ignore[index]
        # In place: another file would be another inode and owner.
        file.write_text(re.sub(r"(?m)^T\d+$", f"T{created - 30 * 86400}", text), "latin-1")

    result = run(world.lab)

    assert fates(result) == {"old@a.example": "deferred", "old@b.example": "sent"}
    assert world.mta.recipients() == []
    assert world.lab.queue_ids() == [names[0]]


def test_the_same_slice_ordered_again_is_told_and_not_run(world: World) -> None:
    world.lab.submit("x@a.example")
    key = uuid4().hex
    first = run(world.lab, run=key)
    world.lab.submit("y@a.example")

    assert run(world.lab, run=key) == first
    assert fates(run(world.lab, run=key, slice=2)) == {"y@a.example": "sent"}
    assert world.arrived() == ["x@a.example", "y@a.example"]


def test_a_message_is_tried_once_in_a_run(world: World) -> None:
    world.outside["a.example"].answers = {"RCPT": "451 4.7.1 greylisted"}
    world.lab.submit("x@a.example")
    key = uuid4().hex
    assert fates(run(world.lab, run=key)) == {"x@a.example": "deferred"}
    assert fates(run(world.lab, run=key, slice=2)) == {}
    assert fates(run(world.lab)) == {"x@a.example": "deferred"}


@pytest.mark.parametrize("link", ["current", "last-good"])
def test_only_the_live_and_confirmed_release_is_used(world: World, link: str) -> None:
    world.lab.submit("x@a.example")
    (world.lab.tree.routing / link).unlink()
    world.lab.server.point(link, f"releases/{'b' * 64}")
    code = {"current": "not_live", "last-good": "not_good"}[link]
    assert refusal(given(world.lab)) == code

    (world.lab.tree.routing / link).unlink()
    (world.lab.tree.routing / link).mkdir()
    assert refusal(given(world.lab)) == "drift"
    (world.lab.tree.routing / link).rmdir()
    assert refusal(given(world.lab)) == code
    world.lab.server.point(link, f"releases/{world.lab.release}")
    assert fates(run(world.lab)) == {"x@a.example": "sent"}


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"run": "x"}, "run"),
        ({"release": ""}, "release"),
        ({"seconds": 61}, "seconds"),
        ({"runners": 0}, "runners"),
        ({"queue_ids": ["-qI"]}, "queue_ids"),
        ({"excluded": "a.example"}, "excluded"),
        ({"closed": ["a b"]}, "closed"),
        ({"slice": True, "before": "x"}, "slice"),
    ],
)
def test_an_order_that_is_spoiled_is_refused_whole(
    world: World, wrong: dict[str, object], named: str
) -> None:
    result = given(world.lab, Verb.FLUSH, **wrong)
    assert refusal(result) == "malformed"
    assert all(name in result["body"]["error"]["text"] for name in wrong), named
