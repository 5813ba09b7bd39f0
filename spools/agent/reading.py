"""Read control files: no lock, each once and whole, whatever becomes of it meanwhile."""

from __future__ import annotations

import marshal
import os
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

from spools.agent.kept import READ_FLAGS
from spools.core.facts import Facts
from spools.core.names import PREFIXES
from spools.core.quick import read_facts
from spools.core.reasons import fold
from spools.core.summary import State
from spools.core.totals import clamp

MOST_BYTES = 16 * 1024 * 1024
"""One of 100,000 recipients has a quarter of it."""
FIRST_BYTES = 16 * 1024
MANY = 20_000
"""From so many on, half of them are read by a second process."""
BATCH = 5_000
_BY_NAME = [os.fsencode(prefix) for prefix in (*PREFIXES, "qf")]
"""`qf` twice: it may have been renamed to `hf`, and back, between two of these looks."""
_codes = {state: code for code, state in enumerate(State)}


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


def read_many(places: Places, names: Sequence[bytes]) -> Iterator[Read]:
    """What `read_one` says of each; the order is any."""
    if len(names) < MANY or (os.cpu_count() or 1) < 2:
        yield from (read_one(places, name) for name in names)
        return
    middle = len(names) // 2
    with _second_process(places, names[middle:]) as theirs:
        for name in names[:middle]:
            yield read_one(places, name)
        yield from theirs


def read_one(places: Places, name: bytes) -> Read:
    """One message by the name of its control file, or by what that was renamed to."""
    try:
        raw = read_bytes(places.control, name)
    except FileNotFoundError:
        other = renamed(places.control, name)
        return read_one(places, other) if other else _gone(name)
    except OSError as error:
        problem = f"It cannot be read: {error.strerror}."
        return _read(places, name, Facts(State.UNREADABLE, None, None, {}, problem), 0)
    return _read(places, name, read_facts(name.decode("latin-1"), raw), len(raw))


def _read(places: Places, name: bytes, facts: Facts, size: int) -> Read:
    return Read(
        name[2:],
        name[0],
        _codes[facts.state],
        clamp(facts.created),
        clamp(facts.last_try) if facts.last_try else 0,
        dict(facts.domains),
        facts.answer,
        fold(facts.answer),
        min(size, 2**32 - 1),
        data_bytes(places.data, name),
    )


def _gone(name: bytes) -> Read:
    return Read(name[2:], 0, 0, 0, 0, {}, "", "", 0, None)


def read_bytes(directory: int, name: bytes) -> bytes:
    """The whole file. Raises OSError, for a link too."""
    file = os.open(name, READ_FLAGS, dir_fd=directory)
    try:
        raw = os.read(file, FIRST_BYTES)
        if len(raw) < FIRST_BYTES:
            return raw
        parts = [raw]
        while raw and sum(map(len, parts)) < MOST_BYTES:
            raw = os.read(file, MOST_BYTES)
            parts.append(raw)
        return b"".join(parts)
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


@contextmanager
def _second_process(places: Places, names: Sequence[bytes]) -> Iterator[Iterator[Read]]:
    """What a child of ours reads of `names`. It has our memory and directories, ends with us."""
    here, there = os.pipe()
    child = os.fork()
    if child == 0:
        _as_child(here, there, places, names)
    os.close(there)
    try:
        with os.fdopen(here, "rb") as pipe:
            yield _received(pipe, places, names)
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


def _received(pipe: object, places: Places, names: Sequence[bytes]) -> Iterator[Read]:
    """If the child dies, what it did not send is read here."""
    told = 0
    try:
        while batch := marshal.load(pipe):  # type: ignore[arg-type]  # of our own child
            for fields in batch:
                yield Read._make(fields)
            told += len(batch)
    except (EOFError, ValueError, TypeError):
        pass
    for name in names[told:]:
        yield read_one(places, name)


def _as_child(here: int, there: int, places: Places, names: Sequence[bytes]) -> None:
    """It leaves without a word: whatever is ours to clean up is not its own."""
    try:
        os.close(here)
        with os.fdopen(there, "wb") as pipe:
            for at in range(0, len(names), BATCH):
                batch = [tuple(read_one(places, name)) for name in names[at : at + BATCH]]
                marshal.dump(batch, pipe)
                pipe.flush()
            marshal.dump([], pipe)
    finally:
        os._exit(0)
