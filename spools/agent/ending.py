"""End a run of sendmail so that nothing is lost and, where it can be helped, nothing comes twice.

Killed at any moment sendmail loses nothing: the message stays in the spool. Killed between the end
of a message and the moment when the spool shows the receiver's answer it would send that message
again. Its process title says so: such a process is left alone until it does something else, or
patience ends.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

AWAITS_ANSWER = b"client DATA status"
HAS_ANSWER = b": idle"
"""Not yet the next message: the spool may still hold the last one as it was."""
POLL_S = 0.001
"""Shorter than a message takes: what has its answer must not begin another one unseen."""
LOOK_S = 0.1
GONE = ("", "Z", "X")


@dataclass(frozen=True, slots=True)
class Ended:
    """`cut` is how many processes were killed, `in_doubt` those of them that had sent a message to
    its end and had no answer: it may come twice."""

    cut: int = 0
    in_doubt: int = 0


def end_groups(groups: Collection[int], patience_s: float) -> Ended:
    """Kill the processes of these process groups; returns when none is left.

    Those that wait for the answer to a whole message get up to `patience_s` for it.
    """
    cut, until = 0, time.monotonic() + patience_s
    while members := list(members_of(groups)):
        if time.monotonic() >= until:
            in_doubt = sum(AWAITS_ANSWER in _title(pid) for pid in members)
            for group in groups:
                _signal(group, signal.SIGKILL)
            _until_gone(groups)
            return Ended(cut + len(members), in_doubt)
        look = time.monotonic() + LOOK_S
        while members and time.monotonic() < look:
            killed = _kill_idle(members)
            cut += len(killed)
            members = [pid for pid in members if pid not in killed and _state(pid)[0] not in GONE]
            time.sleep(POLL_S)
    return Ended(cut)


def _kill_idle(members: list[int]) -> list[int]:
    """Stopped first: what it does cannot change between the look and the kill."""
    killed = []
    for pid in members:
        if is_delivering(pid):
            continue
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGSTOP)
            _until_stopped(pid)
            if is_delivering(pid):
                os.kill(pid, signal.SIGCONT)
            else:
                os.kill(pid, signal.SIGKILL)
                killed.append(pid)
    return killed


def is_delivering(pid: int) -> bool:
    """Whether this sendmail has sent a message to its end and not yet written what came of it."""
    title = _title(pid)
    return AWAITS_ANSWER in title or title.rstrip(b"\0 ").endswith(HAS_ANSWER)


def _title(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def members_of(groups: Collection[int]) -> Iterator[int]:
    """The processes of these groups that still run."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            state, its_group = _state(int(entry.name))
            if its_group in groups and state not in GONE:
                yield int(entry.name)


def _state(pid: int) -> tuple[str, int]:
    """The letter of a process's state and its process group; ("", 0) when it is gone."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return fields[0], int(fields[2])
    except (OSError, ValueError, IndexError):
        return "", 0


def _until_stopped(pid: int) -> None:
    """A signal is taken a moment after it was sent."""
    until = time.monotonic() + LOOK_S
    while _state(pid)[0] not in ("T", *GONE) and time.monotonic() < until:
        time.sleep(POLL_S)


def _until_gone(groups: Collection[int]) -> None:
    while any(members_of(groups)):
        time.sleep(LOOK_S)


def _signal(group: int, signum: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(group, signum)
