"""The first look at a spool finds the same, by however many processes, whatever ends one."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from spools.agent import first_look, spool_scan
from spools.agent.depth import depth
from spools.agent.shares import in_shares
from spools.agent.spool_scan import SpoolScan
from tests.fixtures.queue_files import fill
from tests.unit.spools.figures import figures
from tests.unit.spools.found import messages_in
from tests.unit.spools.test_incremental import SETTLED_S, START, Mail, plain


@pytest.fixture
def spool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """With messages of all kinds, damaged ones too."""
    monkeypatch.setattr(spool_scan, "SECOND_LOOK_S", 0.0)
    path = tmp_path / "sympa"
    (path / "q1").mkdir(parents=True)
    fill(path, 200)
    fill(path / "q1", 50, first=500, split=True)
    for file in path.rglob("?f?*"):
        os.utime(file, (START - SETTLED_S, START - SETTLED_S))
    for name in ("qf", "df", "core"):
        (path / name).write_bytes(b"of no message")
    mail = Mail(path, 1, START)
    for _ in range(3):
        mail.be_renamed()
        mail.break_down()
    return path


@pytest.mark.parametrize("processes", [1, 2, 5])
def test_all_is_found_once_by_any_number_of_processes(
    spool: Path, monkeypatch: pytest.MonkeyPatch, processes: int
) -> None:
    alone = SpoolScan(spool).scan(at=START)
    monkeypatch.setattr(first_look, "MANY", 0)
    monkeypatch.setattr(first_look, "PROCESSES", processes)
    scan = SpoolScan(spool)
    scanned = scan.scan(at=START)

    assert plain(scanned) == plain(alone)
    for name, value in figures(messages_in(spool, START), at=START).items():
        assert getattr(scanned.summary, name) == value, name
    assert scanned.summary.read == alone.summary.read
    # What it knows is what later scans compare with: they find nothing new.
    assert scan.scan(at=START + 60).summary.arrived == 0


def test_what_a_child_did_not_tell_is_done_here() -> None:
    here = os.getpid()

    def act(share: int) -> list[int]:
        if share == 1 and os.getpid() != here:
            os.kill(os.getpid(), signal.SIGKILL)
        return [share, os.getpid()]

    answers = list(in_shares(act, 3))
    assert [share for share, _ in answers] == [0, 1, 2]
    assert [pid == here for _, pid in answers] == [True, True, False]


def test_what_fails_in_a_child_is_raised_here() -> None:
    def act(share: int) -> int:
        if share:
            raise OSError(5, "an error")
        return share

    with pytest.raises(OSError, match="an error"):
        list(in_shares(act, 2))


def test_no_child_is_left_when_nobody_wants_the_rest() -> None:
    before = _children()
    shares = in_shares(lambda share: b"x" * (8 << 20), 3)
    next(shares)
    assert _children() > before
    shares.close()  # type: ignore[attr-defined]  # it is a generator

    assert _children() == before


def test_names_alone_tell_how_many_wait(spool: Path) -> None:
    names = [path for path in spool.rglob("[qh]f?*") if path.parent.name != "df"]

    assert depth(spool) == len(names) > 200
    assert depth(spool / "q*") == len([path for path in names if "q1" in path.parts])


def _children() -> set[str]:
    """Process numbers of the children that this process has, those of other tests too."""
    here = os.getpid()
    return set(Path(f"/proc/{here}/task/{here}/children").read_text().split())
