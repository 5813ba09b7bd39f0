"""A scan that knows the one before comes to what a first one does, after whatever happened."""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from spools.agent import spool_scan
from spools.agent.spool_scan import Scanned, SpoolScan
from tests.fixtures.queue_files import EPOCH, fill, queue_file, queue_id
from tests.unit.spools.figures import figures
from tests.unit.spools.found import messages_in
from tests.unit.spools.test_queue_file import mutated

START = EPOCH + 300_000
SETTLED_S = 7_200
"""All files are made to be older than this, so that nothing is still being written."""


class Mail:
    """A spool in which things happen, as the dice say."""

    def __init__(self, spool: Path, seed: int, at: int) -> None:
        self.spool = spool
        self.dice = random.Random(seed)
        self.at = at
        self.next = 1_000_000

    def places(self) -> list[tuple[Path, Path]]:
        inside = [path for path in self.spool.iterdir() if path.is_dir() and path.name != "q1"]
        flat = [(path, path) for path in (self.spool, *inside)]
        return [*flat, (self.spool / "q1/qf", self.spool / "q1/df")]

    def some(self, pattern: str) -> list[Path]:
        found = sorted(self.spool.rglob(pattern))
        return self.dice.sample(found, min(len(found), self.dice.randint(0, 4)))

    def write(self, path: Path, raw: bytes) -> None:
        """Another file under that name, as sendmail does."""
        fresh = path.with_name("fresh")
        fresh.write_bytes(raw)
        # The time of the writing is that of the clock of the test.
        os.utime(fresh, (self.at - SETTLED_S, self.at - SETTLED_S))
        fresh.rename(path)

    def arrive(self) -> None:
        for _ in range(self.dice.randint(0, 5)):
            control, data = self.dice.choice(self.places())
            identity = queue_id(self.next)
            self.next += 1
            raw = queue_file(identity, self.dice, created=self.at - self.dice.randrange(90_000))
            self.write(data / f"df{identity}", raw[: self.dice.randrange(len(raw))])
            self.write(control / f"qf{identity}", raw)

    def be_tried(self) -> None:
        for path in self.some("[qh]f?*"):
            if not path.is_symlink():
                lines = path.read_bytes().split(b"\n")
                kept = [line for line in lines if self.dice.random() < 0.9 or line[:1] != b"R"]
                self.write(
                    path,
                    queue_file(path.name[2:], self.dice)
                    if self.dice.random() < 0.5
                    else b"\n".join(kept),
                )

    def leave(self) -> None:
        for path in self.some("[qhQ]f?*"):
            for data in self.spool.rglob(f"df{path.name[2:]}"):
                data.unlink()
            path.unlink()

    def be_renamed(self) -> None:
        for path in self.some("[qhQ]f?*"):
            path.rename(path.with_name(self.dice.choice("qhQ") + path.name[1:]))

    def break_down(self) -> None:
        for path in self.some("qf?*"):
            if not path.is_symlink():
                self.write(path, mutated(path.read_bytes(), self.dice))
        for path in self.some("df?*")[:1]:
            path.unlink()
        for path in self.some("qf?*")[:1]:
            path.rename(path.with_name(f"tf{path.name[2:]}"))
        for path in self.some("[qh]f?*")[:1]:
            path.unlink()
            if self.dice.random() < 0.5:
                path.symlink_to("/nowhere")

    def come_and_go(self) -> None:
        """A queue directory."""
        name = self.spool / self.dice.choice(("q2", "q3"))
        if name.exists() and self.dice.random() < 0.3:
            for path in name.iterdir():
                path.unlink()
            name.rmdir()
        elif not name.exists():
            name.mkdir()

    def go_on(self) -> None:
        acts: Sequence[Callable[[], None]] = (
            self.arrive,
            self.be_tried,
            self.leave,
            self.be_renamed,
            self.break_down,
            self.come_and_go,
        )
        for act in self.dice.sample(acts, self.dice.randint(0, 4)):
            act()
        self.at += self.dice.choice((0, 1, 5, 30, 600, 4_000))


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing moves during these scans: the second look needs no wait."""
    monkeypatch.setattr(spool_scan, "SECOND_LOOK_S", 0.0)


def plain(scanned: Scanned) -> Scanned:
    """Without what is of the one scan only."""
    summary = replace(scanned.summary, took_ms=0, read=0, since=None, arrived=0, left=0)
    return Scanned(summary, dict(sorted(scanned.listed.items())))


def live(spool: Path, seed: int, steps: int) -> None:
    (spool / "q1").mkdir(parents=True)
    fill(spool, 40, seed=seed)
    fill(spool / "q1", 20, seed=seed + 1, first=500, split=True)
    mail = Mail(spool, seed, START)
    for path in spool.rglob("?f?*"):
        os.utime(path, (START - SETTLED_S, START - SETTLED_S))
    carried, queued = SpoolScan(spool), None
    for step in range(steps):
        scanned = carried.scan(at=mail.at)
        summary = scanned.summary
        assert plain(scanned) == plain(SpoolScan(spool).scan(at=mail.at)), (seed, step)
        for name, value in figures(messages_in(spool, mail.at), at=mail.at).items():
            assert getattr(summary, name) == value, (seed, step, name)
        if queued is not None:
            assert summary.queued == queued + summary.arrived - summary.left
        queued = summary.queued
        mail.go_on()


@pytest.mark.parametrize("seed", range(8))
def test_what_is_carried_on_is_what_a_first_scan_finds(tmp_path: Path, seed: int) -> None:
    live(tmp_path / "sympa", seed, steps=12)


@pytest.mark.long
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("seed", range(100, 140))
def test_what_is_carried_on_for_long_is_what_a_first_scan_finds(tmp_path: Path, seed: int) -> None:
    live(tmp_path / "sympa", seed, steps=100)


@pytest.mark.parametrize("number", [0, 15, 29])
def test_in_a_spool_that_grows_the_turn_of_each_file_comes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    """Ten files of each scan are asked for their time, which alone tells that this one changed."""
    monkeypatch.setattr(spool_scan, "VERIFIED", 10)
    fill(tmp_path, 30)
    carried = SpoolScan(tmp_path)
    carried.scan(at=START)
    for arrived in (1, 2, 3):
        fill(tmp_path, 1, first=100 + arrived)
        carried.scan(at=START + arrived)
    path = tmp_path / f"qf{queue_id(number)}"
    path.write_bytes(path.read_bytes().replace(b"\nRPFD:", b"\nH?x?X-gone: "))
    os.utime(path, (START + 3, START + 3))
    for arrived in (4, 5, 6, 7):
        fill(tmp_path, 1, first=100 + arrived)
        scanned = carried.scan(at=START + arrived)

    assert plain(scanned) == plain(SpoolScan(tmp_path).scan(at=START + 7))
