"""The normal queue runner: one run through the spool with the live release, by the wrapper.

The agent's directory holds `queue-run/last.json`, the record of the last run, and
`queue-run/output`, what its sendmail printed. sendmail itself holds the lock on that file, as its
standard output: a second run is impossible while one goes on, also when we were killed.
"""

from __future__ import annotations

import fcntl
import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from types import FrameType

from mailadmin.links import StrangeLink, linked_release
from routing.agent.host import HostConfig
from spools.agent.ending import end_groups
from spools.agent.kept import is_locked
from spools.core.kept import show
from spools.core.queue_run import MOST_SAID, MalformedRun, QueueRun

ARGUMENTS = ("-L", "sm-sympa", "-qf")
PLACE = "queue-run"
RECORD_BYTES = 64 * 1024
POLL_S = 0.2
ANSWER_S = 60.0
"""How long the receiver of a whole message may take to answer, when the run must end."""


class RunsAlready(Exception):
    """Another run goes on."""


@dataclass(slots=True)
class _Runner:
    """One run and its files."""

    host: HostConfig
    place: Path
    output: int
    told: list[str]

    def run(self, seconds: float) -> QueueRun:
        began = QueueRun(
            began=int(time.time()),
            release=_live(self.host),
            queued_before=_count(self.host.spool),
        )
        self._keep(began)
        argv = [os.fspath(self.host.wrapper), *ARGUMENTS]
        # A session of its own, so that what ends us does not end a message in the middle.
        process = subprocess.Popen(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=self.output,
            stderr=self.output,
            cwd="/",
            start_new_session=True,
        )
        stopped = _wait(process, seconds, self.told)
        if stopped:
            ended = end_groups([process.pid], ANSWER_S)
            stopped += "; a message may come twice" if ended.in_doubt else ""
        done = replace(
            began,
            ended=int(time.time()),
            exit_code=process.wait(),
            stopped=stopped,
            said=_end_of(self.output),
            queued_after=_count(self.host.spool),
        )
        self._keep(done)
        return done

    def _keep(self, run: QueueRun) -> None:
        fresh = self.place / ".last.json"
        fresh.write_text(json.dumps(run.to_json()), encoding="utf-8")
        fresh.replace(self.place / "last.json")


def run_queue(host: HostConfig, *, seconds: float) -> QueueRun:
    """Run once, in the foreground, for at most `seconds`.

    Raises RunsAlready, OSError where the wrapper or our directory cannot be used.
    """
    place = host.state / PLACE
    place.mkdir(mode=0o700, exist_ok=True)
    with _locked(place / "output") as output, _told_by_signals() as told:
        return _Runner(host, place, output, told).run(seconds)


def last_run(host: HostConfig) -> QueueRun | None:
    """The record of the last run, None where there is none or it cannot be read."""
    place = host.state / PLACE
    if not host.state.name:
        return None
    try:
        with (place / "last.json").open("rb") as file:
            run = QueueRun.from_json(json.loads(file.read(RECORD_BYTES)))
    except (OSError, ValueError, MalformedRun):
        return None
    return replace(run, running=run.ended is None and _is_locked(place / "output"))


def _wait(process: subprocess.Popen[bytes], seconds: float, told: list[str]) -> str:
    """Why the run must be ended, "" when it has ended."""
    until = time.monotonic() + seconds
    while not told:
        if time.monotonic() >= until:
            return f"it was ended after {round(seconds)} s"
        with suppress(subprocess.TimeoutExpired):
            process.wait(min(POLL_S, max(0.0, until - time.monotonic())))
            return ""
    return f"it was ended by {told[0]}"


@contextmanager
def _told_by_signals() -> Iterator[list[str]]:
    """TERM and INT end the run, and not us: their names are in the list."""
    told: list[str] = []

    def tell(signum: int, frame: FrameType | None) -> None:
        told.append(signal.Signals(signum).name)

    before = {number: signal.signal(number, tell) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield told
    finally:
        for number, action in before.items():
            signal.signal(number, action)


@contextmanager
def _locked(path: Path) -> Iterator[int]:
    """An empty file for the output, locked as long as somebody has it open from here."""
    file = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise RunsAlready from None
        os.ftruncate(file, 0)
        yield file
    finally:
        os.close(file)


def _is_locked(path: Path) -> bool:
    with suppress(OSError), path.open("rb") as file:
        return is_locked(file.fileno())
    return False


def _end_of(output: int) -> str:
    size = os.fstat(output).st_size
    raw = os.pread(output, MOST_SAID, max(0, size - MOST_SAID))
    lines = (show(line, MOST_SAID) for line in raw.splitlines())
    return "\n".join(line for line in lines if line.strip())


def _live(host: HostConfig) -> str:
    """The release that the wrapper takes: the live one, else the last good one."""
    for name in ("current", "last-good"):
        with suppress(StrangeLink):
            if digest := linked_release(host.routing / name):
                return digest
    return ""


def _count(spool: Path) -> int | None:
    """How many queue files there are, None where that cannot be seen."""
    unseen: list[OSError] = []
    walked = os.walk(spool, onerror=unseen.append)
    found = sum(name.startswith("qf") for _, _, names in walked for name in names)
    return None if unseen else found
