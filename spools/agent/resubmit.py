"""Submit a kept message again, through the wrapper, or remove it, when a person says so."""

from __future__ import annotations

import fcntl
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from routing.agent.host import HostConfig
from spools.agent.kept import (
    ARGUMENTS_BYTES,
    HEAD_BYTES,
    PARTIAL,
    READ_FLAGS,
    entry_names,
    read_entry,
    read_file,
)
from spools.agent.spool import queue_files
from spools.core.kept import (
    Envelope,
    KeptMessage,
    parse_arguments,
    read_envelope,
    time_of,
)
from spools.core.resubmission import Verdict, judge

BEGUN = "resubmitted"
"""Written beside a message before it is submitted again, so that a crash cannot hide it."""
FILES = ("message", "arguments", ".outcome", "outcome", BEGUN)
SETTLED = frozenset({0, *range(64, 70)})
"""Exit codes after which the wrapper keeps nothing: accepted, or refused for good."""


class NoSuchMessage(Exception):
    """The kept area has no message of that name."""


class InWork(Exception):
    """Somebody works on the message."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A kept message with all that it takes to judge it, and the judgement."""

    place: Path
    message: KeptMessage
    envelope: Envelope
    arguments: tuple[bytes, ...]
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Resubmitted:
    """How the wrapper ended. `kept_as` is the message's new name when it kept it again."""

    exit_code: int
    removed: bool
    kept_as: str = ""


def look_at(host: HostConfig, identity: str) -> Kept:
    """Read a kept message and compare it with the spool. Raises NoSuchMessage, OSError."""
    place = _place_of(host.kept, identity)
    message = read_entry(place)
    if message is None:
        raise NoSuchMessage(identity)
    if message.problem or place.name != identity:
        verdict = judge(message, read_envelope(()), (), body_bytes=0)
        return Kept(place, message, read_envelope(()), (), verdict)
    arguments = parse_arguments(read_file(place / "arguments", ARGUMENTS_BYTES))
    envelope = read_envelope(arguments)
    spool = queue_files(host.spool, message.message_id) if message.message_id else ()
    size = _body_bytes(place, message.size_bytes)
    verdict = judge(message, envelope, spool, body_bytes=size, begun=_begun(place))
    return Kept(place, message, envelope, arguments, verdict)


def _place_of(kept_dir: Path, identity: str) -> Path:
    """Where the entry is, also one that was cut off. Raises NoSuchMessage for what is no name."""
    if time_of(identity) is None:
        raise NoSuchMessage(identity)
    unfinished = kept_dir / f".{identity}{PARTIAL}"
    return unfinished if unfinished.exists() else kept_dir / identity


def submit_again(host: HostConfig, kept: Kept) -> Resubmitted:
    """Give the message to the wrapper, and remove the old copy when that has settled it or keeps
    one of its own. Raises InWork, OSError. What the verdict says is the caller's to heed."""
    with _held(kept.place) as message:
        _write_begun(kept.place)
        argv = [os.fsencode(host.wrapper), *kept.arguments]
        # A session of its own: the interrupt of a terminal would end it in mid-message.
        process = subprocess.Popen(argv, stdin=message, start_new_session=True)
        code = process.wait()
        kept_as = "" if code in SETTLED else _copy_of(host.kept, process.pid, kept.place.name)
        removed = code in SETTLED or bool(kept_as)
        if removed:
            remove(kept.place)
    return Resubmitted(code, removed, kept_as)


def discard(kept: Kept) -> None:
    """Remove a kept message that nobody works on. Raises InWork, NoSuchMessage, OSError."""
    with _held(kept.place):
        remove(kept.place)


def remove(place: Path) -> None:
    """Remove an entry; the message first, without which nothing is left to send."""
    for name in FILES:
        (place / name).unlink(missing_ok=True)
    place.rmdir()


@contextmanager
def _held(place: Path) -> Iterator[int]:
    """The message, open and locked as the wrapper locks it: the dashboard sees it in work."""
    try:
        file = os.open(place / "message", READ_FLAGS)
    except FileNotFoundError:
        raise NoSuchMessage(place.name) from None
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield file
    except BlockingIOError:
        raise InWork(place.name) from None
    finally:
        os.close(file)


def _body_bytes(place: Path, size: int) -> int:
    """The size of what follows the first empty line."""
    head = read_file(place / "message", HEAD_BYTES)
    at = head.find(b"\n\n")
    return size - (at + 2) if at >= 0 else 0


def _begun(place: Path) -> str:
    try:
        return datetime.fromtimestamp((place / BEGUN).stat().st_mtime, UTC).strftime("%F %T UTC")
    except FileNotFoundError:
        return ""


def _write_begun(place: Path) -> None:
    (place / BEGUN).touch(mode=0o600)
    os.utime(place / BEGUN)
    directory = os.open(place, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


def _copy_of(kept_dir: Path, process: int, old: str) -> str:
    """The whole message that this wrapper kept, "" when it did not."""
    names = entry_names(kept_dir)
    return next((name for name in names if name.endswith(f"-{process}") and name > old), "")
