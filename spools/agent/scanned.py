"""One look through a spool: no lock, nothing written, each file read once, files may vanish."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from spools.agent.directories import QueueDirectory, queue_directories
from spools.agent.kept import read_file
from spools.agent.spool import QUEUE_FILE_BYTES
from spools.core.facts import Facts, facts_of
from spools.core.figures import Counted, figures
from spools.core.kept import show
from spools.core.names import DATA_PREFIX, PREFIXES, data_name, id_of, standing_of
from spools.core.queue_file import QueuedMessage, read_queue_file
from spools.core.summary import (
    MOST_MESSAGES,
    QUEUED,
    RECIPIENTS_SHOWN,
    MessageRow,
    State,
    Summary,
)

ORPHAN_AGE_S = 3600
"""A data file without a control file counts from this age on: sendmail writes it first, and a
client may take as long as this for it (Timeout.datablock)."""
SECOND_LOOK_S = 0.3
"""At the end of a delivery sendmail removes the data file, then the control file."""


@dataclass(frozen=True, slots=True)
class Scanned:
    """A spool as it was found. `keys` are of all its queued messages."""

    summary: Summary
    listed: Mapping[str, MessageRow]
    keys: frozenset[str]


@dataclass(frozen=True, slots=True)
class _Found:
    counted: Counted
    row: MessageRow


def scan_spool(spool: Path, before: Scanned | None, *, at: int) -> Scanned:
    """Look through it once; `before` is the last look. Raises OSError when it cannot be read."""
    began = time.monotonic()
    found = [item for place in queue_directories(spool) for item in _look(place, at)]
    keys = frozenset(item.row.key for item in found if item.row.state in QUEUED)
    values = figures((item.counted for item in found), at=at)
    summary = Summary(
        **values,  # type: ignore[arg-type]  # each is named and made there
        took_ms=int((time.monotonic() - began) * 1000),
        read=len(found),
        since=before.summary.at if before else None,
        arrived=len(keys - before.keys) if before else 0,
        left=len(before.keys - keys) if before else 0,
    )
    oldest = sorted((item.row for item in found), key=lambda row: (row.created or 0, row.key))
    return Scanned(summary, {row.key: row for row in oldest[:MOST_MESSAGES]}, keys)


def _look(place: QueueDirectory, at: int) -> Iterator[_Found]:
    names = [path.name for path in place.control.iterdir()]
    split = place.data != place.control
    data = {path.name for path in place.data.iterdir()} if split else set(names)
    ids: dict[str, str] = {}
    for prefix in PREFIXES:
        for name in names:
            if name.startswith(prefix) and standing_of(name):
                ids.setdefault(id_of(name), name)
    for name in ids.values():
        item = _read(place, name)
        if item is not None:
            yield item
    for name in data:
        if name.startswith(DATA_PREFIX) and id_of(name) not in ids:
            item = _orphan(place, name, at)
            if item is not None:
                yield item


def _read(place: QueueDirectory, name: str) -> _Found | None:
    """None: it vanished."""
    try:
        raw = read_file(place.control / name, QUEUE_FILE_BYTES)
    except FileNotFoundError:
        return None
    except OSError as error:
        reason = f"It cannot be read: {error.strerror}."
        return _broken(place, name, State.UNREADABLE, reason, _size(place.data / data_name(name)))
    message = read_queue_file(name, raw)
    facts = facts_of(message)
    size = _size(place.data / data_name(name))
    state = facts.state
    if size is None and state in QUEUED:
        time.sleep(SECOND_LOOK_S)
        size = _size(place.data / data_name(name))
        if size is None and not (place.control / name).exists():
            return None
        state = state if size is not None else State.NO_DATA
    return _found(place, message, facts, state, len(raw), size)


def _found(
    place: QueueDirectory,
    message: QueuedMessage,
    facts: Facts,
    state: State,
    queue_bytes: int,
    size: int | None,
) -> _Found:
    row = MessageRow(
        queue_id=message.queue_id,
        place=place.place,
        state=state,
        created=facts.created,
        last_try=facts.last_try,
        tries=message.tries,
        bytes=size,
        sender=message.sender,
        recipients=tuple(who.address for who in message.recipients[:RECIPIENTS_SHOWN]),
        recipients_total=len(message.recipients),
        reason=facts.answer,
    )
    counted = Counted(place.place, message.queue_id, state, facts, queue_bytes, size or 0)
    return _Found(counted, row)


def _orphan(place: QueueDirectory, name: str, at: int) -> _Found | None:
    try:
        status = os.lstat(place.data / name)
    except FileNotFoundError:
        return None
    if at - int(status.st_mtime) < ORPHAN_AGE_S or _has_control(place, name):
        return None
    reason = "No control file belongs to it."
    return _broken(place, name, State.ORPHANED, reason, status.st_size)


def _has_control(place: QueueDirectory, name: str) -> bool:
    """A control file may have been renamed while its directory was listed."""
    names = [f"{prefix}{id_of(name)}" for prefix in (*PREFIXES, "qf")]
    return any((place.control / found).exists() for found in names)


def _broken(
    place: QueueDirectory, name: str, state: State, reason: str, size: int | None
) -> _Found:
    queue_id = show(os.fsencode(id_of(name)))
    facts = Facts(state, None, None, {}, reason)
    row = MessageRow(queue_id, place.place, state, None, None, None, size, None, (), 0, reason)
    return _Found(Counted(place.place, queue_id, state, facts, 0, size or 0), row)


def _size(path: Path) -> int | None:
    try:
        return path.lstat().st_size
    except OSError:
        return None
