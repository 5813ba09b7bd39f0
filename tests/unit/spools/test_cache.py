"""What is known of a spool survives a restart, and never does harm."""

from __future__ import annotations

import os
import stat
from dataclasses import replace
from pathlib import Path

import pytest

from spools.agent import spool_scan
from spools.agent.cache import cache_file, compacted, load, save
from spools.agent.spool_scan import SpoolScan
from tests.fixtures.queue_files import fill
from tests.unit.spools.test_incremental import SETTLED_S, START, Mail, plain


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spool_scan, "SECOND_LOOK_S", 0.0)


@pytest.fixture
def spool(tmp_path: Path) -> Path:
    path = tmp_path / "sympa"
    (path / "q1").mkdir(parents=True)
    fill(path, 60)
    fill(path / "q1", 20, first=500, split=True)
    for file in path.rglob("?f?*"):
        os.utime(file, (START - SETTLED_S, START - SETTLED_S))
    return path


def restart(scan: SpoolScan, file: Path) -> SpoolScan:
    save(scan.known, file, scan.spool)
    return SpoolScan(scan.spool, load(file, scan.spool))


@pytest.mark.parametrize("seed", range(4))
def test_a_scan_goes_on_after_a_restart_as_without_one(spool: Path, seed: int) -> None:
    mail, file = Mail(spool, seed, START), cache_file(spool.parent, spool)
    carried = SpoolScan(spool)
    carried.scan(at=mail.at)
    for _ in range(8):
        queued = carried.scan(at=mail.at).summary.queued
        carried = restart(carried, file)
        mail.go_on()
        scanned = carried.scan(at=mail.at)
        summary = scanned.summary
        assert plain(scanned) == plain(SpoolScan(spool).scan(at=mail.at))
        assert summary.queued == queued + summary.arrived - summary.left


def test_after_a_restart_only_what_changed_is_read(spool: Path) -> None:
    carried = SpoolScan(spool)
    assert carried.scan(at=START).summary.read == 80
    carried = restart(carried, cache_file(spool.parent, spool))
    assert carried.scan(at=START + 60).summary.read == 0


def test_a_file_that_has_the_name_and_inode_of_another_is_found_by_its_time(spool: Path) -> None:
    carried = SpoolScan(spool)
    before = carried.scan(at=START).summary
    carried = restart(carried, cache_file(spool.parent, spool))
    (file,) = spool.glob("qf*00000000007")
    file.write_bytes(file.read_bytes().replace(b"\nRPFD:", b"\nH?x?X-gone: "))
    os.utime(file, (START + 30, START + 30))
    after = carried.scan(at=START + 60).summary

    assert after.read == 1
    assert after.recipients < before.recipients


def test_a_spool_that_emptied_gives_back_its_room(
    spool: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("spools.agent.known.HOLLOW_ROWS", 10)
    carried = SpoolScan(spool)
    full = carried.scan(at=START)
    assert not carried.known.is_hollow
    for path in list(spool.glob("?f?*")):
        path.unlink()
    for path in sorted((spool / "q1/qf").iterdir())[:15]:
        path.unlink()
        (spool / f"q1/df/df{path.name[2:]}").unlink()
    carried.scan(at=START + 60)
    assert carried.known.is_hollow
    carried = SpoolScan(spool, compacted(carried.known, spool))
    scanned = carried.scan(at=START + 90)

    assert not carried.known.is_hollow
    assert full.summary.queued > 60 > scanned.summary.queued > 0
    assert plain(scanned) == plain(SpoolScan(spool).scan(at=START + 90))


def test_nobody_else_may_read_it(spool: Path) -> None:
    file = cache_file(spool.parent, spool)
    restart(SpoolScan(spool), file)

    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700


def test_what_is_damaged_is_thrown_away(spool: Path) -> None:
    file, carried = cache_file(spool.parent, spool), SpoolScan(spool)
    carried.scan(at=START)
    save(carried.known, file, spool)
    whole = file.read_bytes()
    for at in range(0, len(whole), 97):
        file.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        assert load(file, spool) is None
        file.write_bytes(whole[:at])
        assert load(file, spool) is None
    file.write_bytes(whole)
    assert load(file, spool) is not None
    assert load(file, spool / "other") is None
    assert load(file.with_name("missing"), spool) is None


def test_one_of_another_version_is_thrown_away(
    spool: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, carried = cache_file(spool.parent, spool), SpoolScan(spool)
    carried.scan(at=START)
    save(carried.known, file, spool)
    monkeypatch.setattr("spools.agent.cache.VERSION", 99)

    assert load(file, spool) is None


def test_a_clock_that_was_set_back_begins_anew(spool: Path) -> None:
    carried = SpoolScan(spool)
    carried.scan(at=START + 50_000)
    carried = restart(carried, cache_file(spool.parent, spool))
    scanned = carried.scan(at=START - 400_000)
    summary = scanned.summary

    assert (summary.read, summary.since, summary.arrived, summary.left) == (80, None, 0, 0)
    # All of it is from after now, and young.
    assert summary.ages == (80, *[0] * 9)
    assert summary.oldest == START - 400_000
    assert plain(scanned) == plain(SpoolScan(spool).scan(at=START - 400_000))
    assert replace(summary, took_ms=0).domains[0].oldest == START - 400_000
