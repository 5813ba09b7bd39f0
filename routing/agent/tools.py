"""Runs a program of the mail host and keeps everything that it said.

A program of sendmail's is judged by its exit code and by any output at all: makemap may warn
and exit 0, `sendmail -bC` prints a bad time value and exits 0.
"""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C", "HOME": "/nonexistent"}
MOST_OUTPUT = 128 * 1024 * 1024
SHOWN = 4000
NOT_STARTED = 127


@dataclass(frozen=True, slots=True)
class Ran:
    """A program that ended. `stopped` says why we ended it, empty where it ended by itself."""

    program: str
    exit_code: int
    out: bytes
    err: bytes
    stopped: str = ""

    @property
    def silent_success(self) -> bool:
        return self.succeeded and not self.out

    @property
    def succeeded(self) -> bool:
        """Exit code 0 and nothing on standard error."""
        return self.exit_code == 0 and not self.err and not self.stopped

    @property
    def said(self) -> str:
        """What it printed, as text for people, shortened in the middle."""
        text = (self.err + self.out).decode("utf-8", "replace").strip()
        if len(text) <= SHOWN:
            return text
        return f"{text[: SHOWN // 2]}\n…\n{text[-SHOWN // 2 :]}"

    @property
    def verdict(self) -> str:
        """How it ended, such as `makemap ended with exit code 65`."""
        if self.stopped:
            return f"{self.program} was stopped: {self.stopped}"
        if self.exit_code < 0:
            return f"{self.program} was killed by signal {-self.exit_code}"
        return f"{self.program} ended with exit code {self.exit_code}"


def run(
    argv: Sequence[str | Path], *, stdin: bytes = b"", cwd: Path, seconds: float, most: int = 0
) -> Ran:
    """Run `argv` and wait. After `seconds`, or more than `most` bytes of output, its whole
    process group is killed, so that nothing which m4 started outlives it.
    """
    program = Path(argv[0]).name
    try:
        process = _start(argv, stdin, cwd)
    except OSError as error:
        return Ran(program, NOT_STARTED, b"", f"cannot run {argv[0]}: {error.strerror}".encode())
    with process:
        out, err, stopped = _collect(process, time.monotonic() + seconds, most or MOST_OUTPUT)
        if stopped:
            os.killpg(process.pid, signal.SIGKILL)
        code = process.wait()
    return Ran(program, code, out, err, stopped and f"{stopped} ({seconds} s)")


def _start(argv: Sequence[str | Path], stdin: bytes, cwd: Path) -> subprocess.Popen[bytes]:
    # A file in memory as standard input: it cannot block, however slowly the program reads.
    with os.fdopen(os.memfd_create("stdin"), "w+b") as given:
        given.write(stdin)
        given.seek(0)
        return subprocess.Popen(
            [str(part) for part in argv],
            stdin=given,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=cwd,
            env=ENVIRONMENT,
            umask=0o022,
            start_new_session=True,
        )


def _collect(
    process: subprocess.Popen[bytes], deadline: float, most: int
) -> tuple[bytes, bytes, str]:
    """Both outputs, and why reading was given up (empty: both ended)."""
    assert process.stdout is not None and process.stderr is not None
    parts: dict[IO[bytes], list[bytes]] = {process.stdout: [], process.stderr: []}
    stopped = _read_all(parts, deadline, most)
    return b"".join(parts[process.stdout]), b"".join(parts[process.stderr]), stopped


def _read_all(parts: dict[IO[bytes], list[bytes]], deadline: float, most: int) -> str:
    total = 0
    with selectors.DefaultSelector() as selector:
        for stream in parts:
            selector.register(stream, selectors.EVENT_READ, stream)
        while selector.get_map():
            ready = selector.select(max(0.0, deadline - time.monotonic()))
            if not ready:
                return "it took too long"
            for key, _ in ready:
                chunk = os.read(key.fd, 1 << 16)
                total += len(chunk)
                parts[key.data].append(chunk)
                if not chunk:
                    selector.unregister(key.fileobj)
            if total > most:
                return "it printed too much"
    return ""
