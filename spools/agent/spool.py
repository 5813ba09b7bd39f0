"""Look through a spool without disturbing sendmail: no lock, one read, files may vanish."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from spools.agent.kept import read_file
from spools.core.names import ACCEPTED, data_name, standing_of
from spools.core.resubmission import QueueFile, parse_queue_file

QUEUE_FILE_BYTES = 4 * 1024 * 1024
"""The longest that is read; one with 50,000 recipients has half of it."""


def queue_files(spool: Path, message_id: str) -> Iterator[QueueFile]:
    """The queue files that may be of this message, queued, held or lost, in all queue directories.

    Empty ones are left out: sendmail never sends them. Raises OSError when the spool itself cannot
    be read.
    """
    next(spool.iterdir(), None)
    # Reading all of a full spool as mail would take minutes. An escape is not in the file as such.
    plain = message_id.isascii() and "\\" not in message_id
    needle = message_id.encode() if plain else b""
    for path in spool.rglob("?f?*"):
        if standing_of(path.name) not in ACCEPTED:
            continue
        try:
            raw = read_file(path, QUEUE_FILE_BYTES)
        except (FileNotFoundError, IsADirectoryError):
            continue
        if raw and needle in raw:
            yield parse_queue_file(path.name, raw, body_bytes(path))


def body_bytes(path: Path) -> int | None:
    """How long the data file of a queue file is, None where there is none.

    It lies beside the queue file, or in df/ where that lies in qf/.
    """
    name = data_name(path.name)
    for data in (path.with_name(name), path.parent.parent / "df" / name):
        try:
            return data.stat().st_size
        except (FileNotFoundError, NotADirectoryError):
            continue
    return None
