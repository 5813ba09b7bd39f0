"""Starts, watches, kills and stops the processes of one sandbox.

Used by ./run and by tests. Each process leads a group of its own, so that its children go with it;
its output goes to logs/NAME.log; run/NAME.pid lets the next start find what an earlier one, killed
in the middle, left behind.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from deploy.sandbox.tools import SandboxError

STOP_S = 7.0
READY_S = 60.0
POLL_S = 0.05
TAIL_LINES = 15


@dataclass(frozen=True, slots=True)
class Process:
    """One process: how it starts, and how to see that it is ready.

    `ready` is called with what the process has printed since its start. Processes stop together
    by `layer`, the highest first: Redis is 0, what needs Redis is higher.
    """

    name: str
    argv: Sequence[str]
    ready: Callable[[str], bool]
    env: Mapping[str, str] = field(default_factory=dict)
    cwd: Path = Path("/")
    layer: int = 1


@dataclass(slots=True)
class Running:
    """A started process; `log_start` is where its output begins in its log."""

    popen: subprocess.Popen[bytes]
    log_start: int


class Stack:
    """The processes of one sandbox, by name, in the order in which they start.

    Holding one means holding the lock of `var`: a second one in the same place raises SandboxError.
    """

    def __init__(self, var: Path, processes: Iterable[Process]) -> None:
        self.logs, self.pids = var / "logs", var / "run"
        for directory in (self.logs, self.pids):
            directory.mkdir(parents=True, exist_ok=True)
        self.processes = {process.name: process for process in processes}
        self.running: dict[str, Running] = {}
        self._lock = lock_place(self.pids)
        remove_leftovers(self.pids)

    def start(self, name: str) -> None:
        """Start a process and return at once. Raises SandboxError when it runs already."""
        if self.alive(name):
            raise SandboxError(f"{name} runs already")
        process = self.processes[name]
        with self.log(name).open("ab") as out:
            log_start = out.tell()
            popen = subprocess.Popen(
                process.argv,
                cwd=process.cwd,
                env=dict(process.env),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.running[name] = Running(popen, log_start)
        (self.pids / f"{name}.pid").write_text(identity(popen.pid))

    def wait_ready(self, name: str, seconds: float = READY_S) -> None:
        """Raises SandboxError, with the end of the log, when it dies or is not ready in time."""
        end = time.monotonic() + seconds
        while not self.processes[name].ready(self.output(name)):
            code = self.running[name].popen.poll()
            if code is not None:
                raise SandboxError(self._story(name, f"ended with exit code {code}"))
            if time.monotonic() > end:
                raise SandboxError(self._story(name, f"was not ready within {seconds:.0f} s"))
            time.sleep(POLL_S)

    def start_ready(self, *names: str) -> None:
        """Start these (all, when none is named) side by side and wait until each is ready."""
        chosen = names or tuple(self.processes)
        for name in chosen:
            self.start(name)
        for name in chosen:
            self.wait_ready(name)

    def kill(self, name: str, signum: signal.Signals = signal.SIGKILL) -> None:
        """Send a signal to the process and its children, and wait until it is gone."""
        popen = self.running[name].popen
        signal_group(popen.pid, signum)
        popen.wait(STOP_S)
        self._forget(name)

    def stop(self, *names: str, seconds: float = STOP_S) -> None:
        """Ask processes to end (SIGTERM); what has not after `seconds` is killed."""
        alive = [name for name in names if name in self.running]
        for name in alive:
            with contextlib.suppress(ProcessLookupError):
                self.running[name].popen.terminate()
        end = time.monotonic() + seconds
        for name in alive:
            popen = self.running[name].popen
            with contextlib.suppress(subprocess.TimeoutExpired):
                popen.wait(max(0.0, end - time.monotonic()))
            # Also the children of one that ended by itself.
            signal_group(popen.pid, signal.SIGKILL)
            popen.wait()
            self._forget(name)

    def restart(self, name: str) -> None:
        """Stop it, start it, wait until it is ready."""
        self.stop(name)
        self.start_ready(name)

    def stop_all(self) -> None:
        """Stop layer by layer, the highest first, and give the place free."""
        for layer in sorted({process.layer for process in self.processes.values()}, reverse=True):
            names = [name for name, process in self.processes.items() if process.layer == layer]
            self.stop(*names, seconds=STOP_S if layer else 2.0)
        self._lock.close()

    def alive(self, name: str) -> bool:
        return name in self.running and self.running[name].popen.poll() is None

    def first_dead(self) -> str | None:
        """The account of a started process that has ended by itself, with the end of its log."""
        for name, running in self.running.items():
            code = running.popen.poll()
            if code is not None:
                return self._story(name, f"ended with exit code {code}")
        return None

    def log(self, name: str) -> Path:
        return self.logs / f"{name}.log"

    def output(self, name: str) -> str:
        """What the process has printed since its last start."""
        with self.log(name).open("rb") as log:
            log.seek(self.running[name].log_start)
            return log.read().decode(errors="replace")

    def _story(self, name: str, what: str) -> str:
        tail = "\n".join(self.output(name).splitlines()[-TAIL_LINES:])
        return f"{name} {what}. The end of {self.log(name)}:\n{tail}"

    def _forget(self, name: str) -> None:
        del self.running[name]
        (self.pids / f"{name}.pid").unlink(missing_ok=True)


def lock_place(pids: Path) -> IO[str]:
    lock = (pids / "lock").open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        raise SandboxError(f"a sandbox is running in {pids.parent} already") from None
    return lock


def identity(pid: int) -> str:
    """The pid and the start time of a process: a pid alone may be another's by now."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return f"{pid} gone"
    return f"{pid} {stat.rpartition(')')[2].split()[19]}"


def remove_leftovers(pids: Path) -> None:
    """End the processes of an earlier stack that was killed, and remove its pid files."""
    for file in pids.glob("*.pid"):
        written = file.read_text()
        pid = written.partition(" ")[0]
        if pid.isdigit() and identity(int(pid)) == written:
            signal_group(int(pid), signal.SIGKILL)
        file.unlink()


def signal_group(group: int, signum: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(group, signum)
