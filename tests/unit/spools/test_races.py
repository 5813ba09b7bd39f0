"""Files come, are renamed and vanish in mid-scan: nothing fails, and nothing is invented."""

from __future__ import annotations

import multiprocessing
import os
import random
import time
from collections.abc import Iterator
from multiprocessing.synchronize import Event
from pathlib import Path

import pytest

from spools.agent import first_look, reading, spool_scan
from spools.agent.reading import Places
from spools.agent.spool_scan import SpoolScan
from spools.core.summary import State
from tests.fixtures.queue_files import queue_file, queue_id
from tests.unit.spools.figures import figures
from tests.unit.spools.found import messages_in

KEPT = 60
NOBODY = 65534
AT = 1_790_500_000


def as_sendmail_does(spool: Path, acts: int, done: Event) -> None:
    """Queue, try, quarantine, release and deliver, in the order in which sendmail makes files."""
    dice, there, number = random.Random(7), list[str](), 0
    for _ in range(acts):
        act = dice.random()
        if len(there) < KEPT or (act < 0.2 and len(there) < 2 * KEPT):
            number += 1
            identity = queue_id(number)
            (spool / f"df{identity}").write_bytes(b"body\n")
            # sendmail writes a new qf under its name; it is whole with its last line.
            (spool / f"qf{identity}").write_bytes(queue_file(identity, dice))
            there.append(identity)
            continue
        identity = dice.choice(there)
        control = next(path for path in controls(spool, identity) if path.exists())
        if act < 0.6:
            fresh = spool / f"tf{identity}"
            fresh.write_bytes(queue_file(identity, dice))
            fresh.rename(control)
        elif act < 0.8:
            control.rename(spool / f"{'h' if control.name[0] == 'q' else 'q'}f{identity}")
        else:
            (spool / f"df{identity}").unlink()
            control.unlink()
            there.remove(identity)
    done.set()


def controls(spool: Path, identity: str) -> Iterator[Path]:
    yield spool / f"qf{identity}"
    yield spool / f"hf{identity}"


def scan_meanwhile(spool: Path, acts: int) -> int:
    """How many scans there were."""
    spool.mkdir()
    context = multiprocessing.get_context("spawn")
    done = context.Event()
    other = context.Process(target=as_sendmail_does, args=(spool, acts, done), daemon=True)
    other.start()
    scan, scans, queued = SpoolScan(spool), 0, 0
    try:
        while not done.is_set():
            assert other.exitcode in (None, 0)
            # The clock that wrote the files: what is half written was written just now.
            summary = scan.scan(at=int(time.time())).summary
            scans += 1
            assert summary.broken == 0, summary.states
            if scans > 1:
                assert summary.queued == queued + summary.arrived - summary.left
            queued = summary.queued
            assert queued <= 2 * KEPT + 1
    finally:
        other.join(30)
    at = int(time.time())
    final = scan.scan(at=at).summary
    for name, value in figures(messages_in(spool, at), at=at).items():
        assert getattr(final, name) == value, name
    return scans


def test_what_moves_during_a_scan_is_neither_an_error_nor_broken(tmp_path: Path) -> None:
    assert scan_meanwhile(tmp_path / "sympa", 2_000) > 3


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_a_hundred_thousand_races(tmp_path: Path) -> None:
    assert scan_meanwhile(tmp_path / "sympa", 100_000) > 50


def test_a_queue_directory_that_goes_away_takes_its_messages_along(tmp_path: Path) -> None:
    spool = tmp_path / "sympa"
    for place in ("q1", "q2"):
        (spool / place).mkdir(parents=True)
        identity = queue_id(len(place))
        (spool / place / f"df{identity}").write_bytes(b"x")
        (spool / place / f"qf{identity}").write_bytes(queue_file(identity, random.Random(1)))
    scan = SpoolScan(spool / "q*")
    assert scan.scan(at=AT).summary.queued == 2
    (spool / "q2").rename(spool / "away")
    summary = scan.scan(at=AT + 5).summary

    assert (summary.queued, summary.left) == (1, 1)
    (spool / "away").rename(spool / "q2")
    assert scan.scan(at=AT + 9).summary.arrived == 1


def test_a_file_that_the_agent_may_not_read_is_one_message(scratch: Path) -> None:
    file = scratch / "qf1"
    file.write_bytes(b"V8\n")
    file.chmod(0)
    root = os.geteuid() == 0
    if root:
        os.seteuid(NOBODY)
    try:
        scanned = SpoolScan(scratch).scan(at=AT)
    finally:
        if root:
            os.seteuid(0)

    assert scanned.summary.states == {State.UNREADABLE: 1}
    assert scanned.listed["/1"].reason == "It cannot be read: Permission denied."


def test_a_control_file_that_was_renamed_past_the_listing_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file system may show it under neither name; then its old data file is not an orphan."""
    identity = queue_id(1)
    (tmp_path / f"df{identity}").write_bytes(b"x")
    os.utime(tmp_path / f"df{identity}", (1, 1))
    (tmp_path / f"qf{identity}").write_bytes(queue_file(identity, random.Random(1)))
    scan = SpoolScan(tmp_path)
    scan.scan(at=AT)
    listings = reading.listings

    def without_control(places: Places) -> Iterator[Iterator[os.DirEntry[bytes]]]:
        for listing in listings(places):
            yield (entry for entry in listing if entry.name[1:2] != b"f" or entry.name[:1] == b"d")

    (tmp_path / f"qf{identity}").rename(tmp_path / f"hf{identity}")
    for module in (first_look, spool_scan):
        monkeypatch.setattr(module, "listings", without_control)
    assert scan.scan(at=AT + 1).summary.states == {State.HELD: 1}
    assert SpoolScan(tmp_path).scan(at=AT + 1).summary.states == {State.HELD: 1}
    for module in (first_look, spool_scan):
        monkeypatch.setattr(module, "listings", listings)
    summary = scan.scan(at=AT + 2).summary
    assert (summary.states, summary.arrived, summary.left) == ({State.HELD: 1}, 0, 0)
