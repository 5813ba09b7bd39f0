"""A scan says of spools that real sendmail made what `mailq` says of them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest

from deploy.sandbox.hosts import HostTree
from deploy.sandbox.tools import SendmailTools
from spools.agent.spool_scan import Scanned, SpoolScan
from spools.core.summary import State
from tests.fixtures.sandbox import Sink, wait_until
from tests.integration.spools.mail_queue import Queue, make_queue

MakeQueue = Callable[..., Queue]


@pytest.fixture
def queues(host_dir: Callable[..., HostTree], sendmail_tools: SendmailTools) -> MakeQueue:
    """Makes a list server with such queue directories."""
    return lambda *args, **options: make_queue(host_dir(), sendmail_tools, *args, **options)


def told(scanned: Scanned, *states: State) -> dict[str, tuple[int, str, tuple[str, ...]]]:
    return {
        row.queue_id: (row.bytes or 0, row.sender or "", row.recipients)
        for row in scanned.listed.values()
        if row.state in states
    }


def now(queue: Queue) -> int:
    """By the newest of the queue's files."""
    return int(max(path.stat().st_mtime for path in queue.files("qf?*")))


LAYOUTS = {
    "flat": ((), ""),
    "many": (("q1", "q2", "q3"), "q*"),
    "split": (("q1/qf", "q1/df", "q1/xf", "q2/qf", "q2/df", "q2/xf"), "q*"),
    "mixed": (("q1/qf", "q1/df", "q1/xf", "q2", "q3/qf", "q4/df"), "q*"),
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_quiet_spool_is_what_mailq_says(queues: MakeQueue, layout: str) -> None:
    places, star = LAYOUTS[layout]
    queue = queues(places, star=star)
    for number in range(12):
        names = [f"user{n}@example{number % 3}.net" for n in range(number % 4 + 1)]
        queue.submit(*names, mode="i" if number % 4 == 0 else "q", size=number * 100)
    scanned = SpoolScan(queue.path).scan(at=now(queue))
    summary = scanned.summary

    assert told(scanned, State.WAITING) == queue.mailq()
    assert summary.states == {State.WAITING: 12}
    assert summary.recipients == sum(len(names) for _, _, names in queue.mailq().values())
    assert summary.data_bytes == sum(size for size, _, _ in queue.mailq().values())
    reasons = {row.reason: row.messages for row in summary.reasons}
    assert reasons == {"": 9, "Deferred: Connection refused by smtp1.renater.fr.": 3}
    split = {path.parent for path in queue.files("qf?*")}
    inside = {path.parent if path.name == "qf" else path for path in split}
    below = {str(path.relative_to(queue.tree.spool)) for path in inside}
    assert {row.place for row in scanned.listed.values()} == (below if star else {""})


def test_held_and_lost_messages_are_those_of_mailq(queues: MakeQueue) -> None:
    queue = queues()
    for number in range(5):
        queue.submit(f"user{number}@example.net")
    first, second, third, *_ = queue.files("qf?*")
    held = queue.sendmail("-Qlooks like spam", f"-qI{first.name[2:]}")
    assert held.returncode == 0, held.stderr
    second.chmod(0o660)
    third.write_bytes(third.read_bytes() + b"?what\n")
    # A run gives up what was tampered with.
    queue.sendmail("-qf")
    scanned = SpoolScan(queue.path).scan(at=now(queue))

    assert told(scanned, State.WAITING) == queue.mailq()
    assert told(scanned, State.HELD) == queue.mailq("-qQ")
    assert told(scanned, State.LOST) == queue.mailq("-qL")
    assert scanned.summary.states == {State.WAITING: 2, State.HELD: 1, State.LOST: 2}
    assert "Held: looks like spam" in {row.reason for row in scanned.summary.reasons}


def test_a_scan_in_the_middle_of_deliveries_finds_nothing_broken(
    queues: MakeQueue, sink: Callable[..., Sink]
) -> None:
    relay = sink("relay")
    queue = queues(port=relay.port)
    for number in range(40):
        queue.submit(f"user{number}@example.net", f"other{number}@example.com")
    scan, at = SpoolScan(queue.path), now(queue)
    assert scan.scan(at=at).summary.queued == 40
    runs = [threading.Thread(target=queue.sendmail, args=("-qf",)) for _ in range(3)]
    for run in runs:
        run.start()
    scans, left = 0, 0
    while any(run.is_alive() for run in runs):
        at += 1
        summary = scan.scan(at=at).summary
        assert (summary.broken, summary.arrived) == (0, 0), summary.states
        scans, left = scans + 1, left + summary.left
    final = scan.scan(at=at + 1).summary

    assert scans > 3
    assert (final.states, left + final.left) == ({}, 40)
    wait_until(lambda: len(relay.messages()) == 40, "the relay has them all")


def test_what_arrives_while_it_is_scanned_is_never_broken(queues: MakeQueue) -> None:
    queue = queues(("q1", "q2"), star="q*")
    done = threading.Event()

    def submit() -> None:
        for number in range(20):
            queue.submit(f"user{number}@example.net", size=50_000, mode="i" if number % 2 else "q")
        done.set()

    scan = SpoolScan(queue.path)
    sender = threading.Thread(target=submit)
    sender.start()
    arrived = 0
    while not done.is_set():
        # By the real clock: a file that is being written is known by its age.
        summary = scan.scan(at=int(time.time())).summary
        assert summary.broken == 0, summary.states
        arrived += summary.arrived - summary.left
    sender.join()
    final = scan.scan(at=int(time.time()) + 1).summary

    assert final.states == {State.WAITING: 20}
    assert arrived + final.arrived - final.left == 20
