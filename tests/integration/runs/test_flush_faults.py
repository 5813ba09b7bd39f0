"""A flush that is killed, started twice, beside the normal runner, before a dead name server."""

from __future__ import annotations

import fcntl
import json
import os
import re
import signal
import socket
import time
from pathlib import Path
from uuid import uuid4

import pytest

from deploy.sandbox.hosts import write_file
from tests.fixtures.sandbox import wait_until
from tests.integration.runs.test_flush import NAMES, World, fates, given, order, refusal, run, world
from tests.integration.runs.test_queue_run import pids_of

__all__ = ["world"]
SECONDS = 120.0


def submit(world: World, count: int) -> list[str]:
    names = [f"n{at}@{NAMES[at % 4]}" for at in range(count)]
    for name in names:
        assert world.lab.submit(name)
    return sorted(names)


def test_a_killed_agent_goes_on_where_it_was_and_its_sendmails_receipts_are_found(
    world: World,
) -> None:
    for mx in world.outside.values():
        mx.slow = {"END": 0.5}
    names = submit(world, 24)
    key = uuid4().hex
    first = world.lab.flush(order(world.lab, key))
    wait_until(lambda: len(world.arrived()) >= 4, "some arrived", SECONDS)
    first.send_signal(signal.SIGKILL)
    first.communicate(timeout=SECONDS)
    assert pids_of(world.lab), "its sendmails go on"

    result = run(world.lab, run=key)

    assert world.arrived() == names, "none lost, none twice"
    assert fates(result) == dict.fromkeys(names, "sent")
    assert pids_of(world.lab) == []
    assert list((world.lab.state / "flush" / key).glob("*.out")) == []


def test_everything_killed_nothing_is_lost(world: World) -> None:
    """kill -9 of the agent and of each sendmail before a message has come to its end."""
    for mx in world.outside.values():
        mx.slow = {"DATA": 5.0}
    names = submit(world, 8)
    key = uuid4().hex
    first = world.lab.flush(order(world.lab, key))
    wait_until(lambda: len(pids_of(world.lab)) == 4, "four sendmails", SECONDS)
    wait_until(
        lambda: all(any("RCPT" in line for line in mx.seen) for mx in world.outside.values()),
        "all talk",
        SECONDS,
    )
    first.send_signal(signal.SIGKILL)
    first.communicate(timeout=SECONDS)
    for pid in pids_of(world.lab):
        os.kill(pid, signal.SIGKILL)
    assert world.arrived() == []
    assert len(world.lab.queue_ids()) == 8
    for mx in world.outside.values():
        mx.slow = {}

    result = run(world.lab, run=key)
    if result["more"]:
        second = run(world.lab, run=key, slice=2)
        assert fates(result).keys().isdisjoint(fates(second))
    assert world.arrived() == names
    assert world.lab.queue_ids() == []


def test_a_slice_ends_in_its_time_and_the_next_one_goes_on(world: World) -> None:
    for mx in world.outside.values():
        mx.slow = {"MAIL": 1.0}
    names = submit(world, 12)
    key, began = uuid4().hex, time.monotonic()

    first = run(world.lab, run=key, seconds=6, runners=2)

    assert time.monotonic() - began < 60
    assert pids_of(world.lab) == []
    assert first["more"]
    assert 0 < len(world.arrived()) < 12
    for mx in world.outside.values():
        mx.slow = {}
    second = run(world.lab, run=key, slice=2)
    assert not second["more"]
    assert fates(first) | fates(second) == dict.fromkeys(names, "sent")
    assert world.arrived() == names
    assert (first["in_doubt"], second["in_doubt"]) == (0, 0)


def test_a_receiver_that_never_answers_a_whole_message_is_said_to_be_in_doubt(
    world: World,
) -> None:
    world.outside["a.example"].slow = {"END": 100.0}
    world.lab.submit("x@a.example")

    result = run(world.lab, seconds=5)

    assert (result["in_doubt"], result["more"]) == (1, True)
    assert pids_of(world.lab) == []
    assert len(world.lab.queue_ids()) == 1


def test_two_at_once_are_refused(world: World) -> None:
    world.outside["a.example"].slow = {"CONNECT": 6.0}
    world.lab.submit("x@a.example")
    first = world.lab.flush(order(world.lab))
    wait_until(lambda: bool(pids_of(world.lab)), "the first one sends", SECONDS)

    assert refusal(given(world.lab)) == "busy"

    out, _ = first.communicate(timeout=SECONDS)
    assert json.loads(out)["body"]["fates"] == {"sent": 1}


def test_what_an_earlier_run_did_is_told_by_the_next_one(world: World) -> None:
    world.outside["a.example"].slow = {"END": 1.0}
    world.lab.submit("x@a.example")
    key = uuid4().hex
    first = world.lab.flush(order(world.lab, key))
    wait_until(lambda: "END" in world.outside["a.example"].seen, "it is sent", SECONDS)
    first.send_signal(signal.SIGKILL)
    first.communicate(timeout=SECONDS)

    (left,) = run(world.lab)["left_over"]

    assert (left["run"], [item["fate"] for item in left["receipts"]]) == (key, ["sent"])
    assert run(world.lab)["left_over"] == []
    assert world.arrived() == ["x@a.example"]


def test_beside_the_normal_runner_nothing_comes_twice(world: World) -> None:
    names = submit(world, 40)
    runners = [world.lab.run_queue() for _ in range(2)]
    result = run(world.lab)
    for runner in runners:
        runner.communicate(timeout=SECONDS)

    key, number = uuid4().hex, 1
    while world.lab.queue_ids() and number < 5:
        run(world.lab, run=key, slice=number)
        number += 1
    assert world.arrived() == names
    assert set(fates(result).values()) <= {"sent", "deferred", "untouched"}


def test_what_another_sendmail_hears_meanwhile_is_no_receipt_of_ours(world: World) -> None:
    """It has the message locked, and writes what the relay said into the queue file."""
    queue_id, key = world.lab.submit("x@a.example"), uuid4().hex
    control = world.lab.tree.spool / f"qf{queue_id}"
    with control.open("r+b") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        theirs = re.sub(rb"(?m)^K\d+$", b"K%d" % (int(time.time()) + 5), file.read())
        file.seek(0)
        file.write(theirs)
        file.flush()
        for number in (1, 2, 3, 4):
            result = run(world.lab, run=key, slice=number)
            assert fates(result) in ({}, {"x@a.example": "untouched"})
            assert result["messages"] == 0
    assert result["left"] == {"busy": 1}
    assert fates(run(world.lab)) == {"x@a.example": "sent"}
    assert world.arrived() == ["x@a.example"]


def test_the_relay_comes_back_in_the_middle(world: World) -> None:
    """Some by the relay, the others past it, each once."""
    names = submit(world, 40)
    for mx in world.outside.values():
        mx.slow = {"MAIL": 0.2}
    first = world.lab.flush(order(world.lab))
    wait_until(lambda: bool(world.arrived()), "it began", SECONDS)
    # The same cf: the way to the relay is that of the release, so the MTA's port stands in for it.
    runner = world.lab.run_queue()
    out, _ = first.communicate(timeout=SECONDS)
    runner.communicate(timeout=SECONDS)

    left = {
        name.rpartition(":")[2]
        for one in world.lab.queue_ids()
        for name in world.lab.lines(one, "R")
    }
    assert sorted([*world.arrived(), *left]) == names
    assert json.loads(out)["outcome"] == "done"


def test_a_receiver_cannot_write_receipts(world: World) -> None:
    first = world.outside["a.example"]
    world.outside["b.example"].answers = {"RCPT": "550 5.1.1 no such user"}
    first.junk = {
        "END": (
            "no@b.example... Sent (250 2.0.0 taken)",
            "",
            "Running /spool/6ASforged0001 (sequence 2 of 2)",
            ">>> QUIT",
            "x@a.example... User unknown",
        )
    }
    world.lab.submit("x@a.example", "no@b.example")

    assert fates(run(world.lab)) == {"x@a.example": "sent", "no@b.example": "bounced"}


@pytest.mark.parametrize("silent", [False, True])
def test_a_dead_name_server_loses_nothing_and_holds_the_slice_to_its_time(
    world: World, *, silent: bool
) -> None:
    if silent and os.geteuid() != 0:
        pytest.skip("port 53 is root's")
    names = [f"n{at}@{name}" for at in range(3) for name in ("one.test", "two.test")]
    for name in names:
        world.lab.submit(name)
    etc = world.lab.tree.etc
    write_file(etc / "service.switch", "hosts\tfiles dns\n", 0o644)
    write_file(etc / "resolv.conf", "nameserver 127.0.0.98\n", 0o644)
    began = time.monotonic()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as dead:
        if silent:
            dead.bind(("127.0.0.98", 53))
        result = run(world.lab, seconds=30)
    write_file(etc / "service.switch", "hosts\tfiles\n", 0o644)
    write_file(etc / "resolv.conf", "", 0o644)

    assert time.monotonic() - began < 120
    assert world.arrived() == []
    assert len(world.lab.queue_ids()) == 6
    found = fates(result)
    assert set(found) == set(names)
    assert sorted(found.values()) == ["deferred"] * 2 + ["untouched"] * 4
    assert result["left"] == {"unreachable": 4}
    assert world.mta.recipients() == []


def test_a_log_that_was_cut_off_is_read_to_its_last_whole_line(world: World) -> None:
    world.lab.submit("x@a.example")
    key = uuid4().hex
    result = run(world.lab, run=key)
    log: Path = world.lab.state / "flush" / key / "log"
    with log.open("ab") as file:
        file.write(b'{"begin": 7, "recip')

    assert run(world.lab, run=key) == result
    assert fates(run(world.lab, run=key, slice=2)) == {}
