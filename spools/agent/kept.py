"""Look at the messages that the wrapper kept on this host, without getting in its way."""

from __future__ import annotations

import fcntl
import os
import stat
import time
from dataclasses import replace
from pathlib import Path

from spools.core.kept import (
    RECIPIENTS_SHOWN,
    KeptMessage,
    parse_arguments,
    parse_message_id,
    parse_outcome,
    read_envelope,
    show,
    time_of,
)

LISTED = 100
HEAD_BYTES = 64 * 1024
ARGUMENTS_BYTES = 4 * 1024 * 1024
OUTCOME_BYTES = 4096
# An entry that is not whole may just be coming or going.
SETTLING_S = 60.0
PARTIAL = ".partial"
READ_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class DamagedEntry(Exception):
    """An entry of the kept area is not as the wrapper leaves it; the text says how."""


def list_kept(kept_dir: Path, *, limit: int = LISTED) -> tuple[KeptMessage, ...]:
    """The messages in the kept area, oldest first, at most `limit`; also those in work, marked so.

    A damaged entry is listed with its problem. Raises OSError when the area itself cannot be read:
    then nothing is known.
    """
    found = []
    for name in entry_names(kept_dir):
        message = read_entry(kept_dir / name)
        if message is not None:
            found.append(message)
        if len(found) == limit:
            break
    return tuple(found)


def count_kept(kept_dir: Path) -> int:
    """How many entries wait for a person: all but those in work. Raises OSError."""
    return sum(not is_in_work(kept_dir / name) for name in entry_names(kept_dir))


def is_in_work(entry: Path) -> bool:
    """Whether an entry is worked on, or just coming or going."""
    try:
        file = os.open(entry / "message", READ_FLAGS)
    except FileNotFoundError:
        return is_settling(entry)
    except OSError:
        return False
    try:
        return is_locked(file) or (entry.name.endswith(PARTIAL) and is_settling(entry))
    finally:
        os.close(file)


def entry_names(kept_dir: Path) -> list[str]:
    names = (entry.name for entry in kept_dir.iterdir())
    return sorted(names, key=lambda name: name.removeprefix("."))


def read_entry(entry: Path) -> KeptMessage | None:
    """One entry; None when it vanished or is only just coming or going."""
    identity = entry.name.removeprefix(".").removesuffix(PARTIAL)
    message = KeptMessage(id=show(os.fsencode(identity)), at=time_of(identity) or 0.0)
    try:
        return read_parts(entry, message)
    except FileNotFoundError:
        return None
    except DamagedEntry as damage:
        return None if is_settling(entry) else replace(message, problem=str(damage))
    except OSError as error:
        return replace(message, problem=f"it cannot be read: {error.strerror}")


def is_settling(entry: Path) -> bool:
    try:
        return time.time() - entry.lstat().st_mtime < SETTLING_S
    except FileNotFoundError:
        return True


def read_parts(entry: Path, message: KeptMessage) -> KeptMessage:
    """The message with everything that its files say. Raises DamagedEntry, OSError."""
    if time_of(message.id) is None or not entry.is_dir() or entry.is_symlink():
        raise DamagedEntry("this is no message of the wrapper; move it to another place")
    message = with_body(entry, message)
    if entry.name.endswith(PARTIAL):
        if message.running:
            return message
        raise DamagedEntry("the wrapper was killed while it read this message; its end is missing")
    return with_envelope(entry, with_outcome(entry, message))


def with_body(entry: Path, message: KeptMessage) -> KeptMessage:
    try:
        file = os.open(entry / "message", READ_FLAGS)
    except FileNotFoundError:
        raise DamagedEntry(
            "the message is gone: sendmail had settled it; remove what is left"
        ) from None
    try:
        status = os.fstat(file)
        if not stat.S_ISREG(status.st_mode):
            raise DamagedEntry("the message is not a regular file")
        return replace(
            message,
            size_bytes=status.st_size,
            running=is_locked(file),
            message_id=parse_message_id(os.read(file, HEAD_BYTES)),
        )
    finally:
        os.close(file)


def is_locked(file: int) -> bool:
    """Whether somebody holds an open file: the wrapper, or a sendmail that was started with it.

    The shared lock lasts for a moment; the wrapper waits for its own only on a message that it
    has just created.
    """
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    fcntl.flock(file, fcntl.LOCK_UN)
    return False


def with_outcome(entry: Path, message: KeptMessage) -> KeptMessage:
    try:
        outcome = parse_outcome(read_file(entry / "outcome", OUTCOME_BYTES))
    except FileNotFoundError:
        return message
    return replace(message, ended=outcome.ended, release=outcome.release)


def with_envelope(entry: Path, message: KeptMessage) -> KeptMessage:
    try:
        envelope = read_envelope(parse_arguments(read_file(entry / "arguments", ARGUMENTS_BYTES)))
    except FileNotFoundError:
        return replace(message, problem="its arguments are missing: nobody knows to whom it goes")
    except ValueError as error:
        return replace(message, problem=f"{error}: not all recipients are known")
    return replace(
        message,
        sender=envelope.sender,
        recipients=envelope.recipients[:RECIPIENTS_SHOWN],
        recipients_total=len(envelope.recipients),
        recipients_in_header=envelope.recipients_in_header,
    )


def read_file(path: Path, limit: int) -> bytes:
    """The first `limit` bytes of a file. Raises OSError."""
    file = os.open(path, READ_FLAGS)
    with os.fdopen(file, "rb") as stream:
        return stream.read(limit)
