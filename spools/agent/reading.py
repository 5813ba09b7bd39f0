"""Read control files: no lock, each once and whole, whatever becomes of it meanwhile."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

from spools.agent.kept import READ_FLAGS
from spools.agent.shares import PROCESSES, in_shares
from spools.core.facts import Facts, facts_of
from spools.core.names import PREFIXES
from spools.core.queue_file import read_queue_file
from spools.core.quick import quick_facts
from spools.core.reasons import fold
from spools.core.summary import State
from spools.core.totals import clamp

MOST_BYTES = 16 * 1024 * 1024
"""One of 100,000 recipients has a quarter of it."""
FIRST_BYTES = 16 * 1024
MANY = 4_000
"""From so many on, they are read by a few processes."""
_BY_NAME = [os.fsencode(prefix) for prefix in (*PREFIXES, "qf")]
"""`qf` twice: it may have been renamed to `hf`, and back, between two of these looks."""
_codes = {state: code for code, state in enumerate(State)}
_WAITING = _codes[State.WAITING]


class Read(NamedTuple):
    """One message as it was found. `letter` is its control file's, 0 where that is gone, and then
    nothing else is known; `data_bytes` None: there is no data file. Times are those of a column."""

    identity: bytes
    letter: int
    state: int
    created: int
    last_try: int
    domains: dict[str, int]
    answer: str
    reason: str
    queue_bytes: int
    data_bytes: int | None
    changed_ns: int
    """When the control file was changed last (st_ctime), by which another one is told from it that
    has its name and its inode; 0 where it could not be opened."""


class Places(NamedTuple):
    """The open directories of control and data files."""

    control: int
    data: int


@contextmanager
def opened(control: str, data: str) -> Iterator[Places]:
    """Both directories, which may be one. Raises OSError."""
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
    first = os.open(control, flags)
    try:
        second = first if data == control else os.open(data, flags)
        try:
            yield Places(first, second)
        finally:
            if second != first:
                os.close(second)
    finally:
        os.close(first)


def listings(places: Places) -> Iterator[Iterator[os.DirEntry[bytes]]]:
    """Of one directory or of both. By their descriptors: a directory may be renamed meanwhile."""
    for directory in dict.fromkeys(places):
        with os.scandir(f"/proc/self/fd/{directory}".encode()) as entries:
            yield entries


def read_many(places: Places, names: Sequence[bytes]) -> Iterator[Read]:
    """What `read_one` says of each; the order is any."""
    shares = PROCESSES if len(names) >= MANY else 1

    def read(share: int) -> list[tuple[object, ...]]:
        return [tuple(read_one(places, name)) for name in names[share::shares]]

    for reads in in_shares(read, shares):
        yield from map(Read._make, reads)


def read_one(places: Places, name: bytes) -> Read:
    """One message by the name of its control file, or by what that was renamed to."""
    try:
        raw, changed_ns = read_file(places.control, name)
    except FileNotFoundError:
        other = renamed(places.control, name)
        return read_one(places, other) if other else _gone(name)
    except OSError as error:
        problem = f"It cannot be read: {error.strerror}."
        return _read(places, name, Facts(State.UNREADABLE, None, None, {}, problem), 0, 0)
    facts = quick_facts(raw) if name[:1] == b"q" else None
    if facts is None:
        facts = facts_of(read_queue_file(name.decode("latin-1"), raw))
    return _read(places, name, facts, len(raw), changed_ns)


def _read(places: Places, name: bytes, facts: Facts, size: int, changed_ns: int) -> Read:
    return Read(
        name[2:],
        name[0],
        # Most are, and a look at an enumeration's hash is dear.
        _WAITING if facts.state is State.WAITING else _codes[facts.state],
        clamp(facts.created),
        clamp(facts.last_try) if facts.last_try else 0,
        facts.domains,
        facts.answer,
        fold(facts.answer),
        min(size, 2**32 - 1),
        data_bytes(places.data, name),
        changed_ns,
    )


def _gone(name: bytes) -> Read:
    return Read(name[2:], 0, 0, 0, 0, {}, "", "", 0, None, 0)


def read_file(directory: int, name: bytes) -> tuple[bytes, int]:
    """The whole file, and when it was changed last. Raises OSError, for a link too."""
    file = os.open(name, READ_FLAGS, dir_fd=directory)
    try:
        # Before it is read: what is changed meanwhile is read again.
        changed_ns = os.fstat(file).st_ctime_ns
        raw = os.read(file, FIRST_BYTES)
        if len(raw) < FIRST_BYTES:
            return raw, changed_ns
        parts = [raw]
        while raw and sum(map(len, parts)) < MOST_BYTES:
            raw = os.read(file, MOST_BYTES)
            parts.append(raw)
        return b"".join(parts), changed_ns
    finally:
        os.close(file)


def data_bytes(directory: int, name: bytes) -> int | None:
    """How large its data file is, None where there is none."""
    try:
        status = os.stat(b"df" + name[2:], dir_fd=directory, follow_symlinks=False)
    except OSError:
        return None
    return status.st_size


def renamed(directory: int, name: bytes) -> bytes | None:
    """The name under which a control file is there now, None when it is gone."""
    for prefix in _BY_NAME:
        other = prefix + name[2:]
        try:
            os.stat(other, dir_fd=directory, follow_symlinks=False)
        except OSError:
            continue
        return other
    return None
