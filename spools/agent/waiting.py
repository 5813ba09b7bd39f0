"""The messages that wait in a spool, oldest first, as a flush needs them. Reads; takes no lock."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator
from pathlib import Path

from spools.agent.kept import read_file
from spools.agent.spool import QUEUE_FILE_BYTES, body_bytes
from spools.core.flush import Candidate, Left
from spools.core.names import id_of
from spools.core.queue_file import QueuedMessage, read_queue_file


def find_queue_files(spool: Path) -> dict[str, Path]:
    """Name of the message → its `qf`, in the order of names, which is that of age.

    Held and lost ones are not among them. Raises OSError where the spool cannot be read.
    """

    def fail(error: OSError) -> None:
        # A directory may go; the spool itself may not.
        if Path(error.filename or "") == spool:
            raise error

    found = {
        id_of(name): Path(directory, name)
        for directory, _, names in os.walk(spool, onerror=fail)
        for name in names
        if name.startswith("qf")
    }
    return dict(sorted(found.items()))


def candidates(files: dict[str, Path], without: Collection[str]) -> Iterator[Candidate]:
    """Each message that is still there, read when its turn comes."""
    for queue_id, path in files.items():
        if queue_id in without:
            continue
        message = read_message(path)
        if message is None:
            continue
        recipients = tuple(item.address for item in message.recipients)
        trouble = _trouble(path, message)
        yield Candidate(queue_id, recipients, message.created, trouble, message.tries or 0)


def read_message(path: Path) -> QueuedMessage | None:
    """One message, None when it left the spool."""
    try:
        raw = read_file(path, QUEUE_FILE_BYTES)
    except FileNotFoundError:
        return None
    except OSError:
        raw = b""
    return read_queue_file(path.name, raw)


def _trouble(path: Path, message: QueuedMessage) -> Left | None:
    """Why sendmail must not be given it: without its data file it sends an empty message."""
    if not message.complete or not message.recipients:
        return Left.DAMAGED
    return Left.NO_DATA if body_bytes(path) is None else None
