"""What is known of a spool, in a file of the agent's directory, so that a restart reads little.

It is as good as the spool itself: whoever reads it knows who waits for what, so nobody else may. A
file that is damaged, of another version or of another machine is thrown away.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import sys
from array import array
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeAlias

from spools.agent.known import Known, QueueTable
from spools.agent.table import Table
from spools.core.totals import Group, Groups

VERSION = 3
PLACE = "scan"
DIGEST_BYTES = 32
_BYTES = ("has", "letters", "state")
_ARRAYS = (
    "control",
    "data",
    "created",
    "last_try",
    "reason",
    "queue_bytes",
    "data_bytes",
    "changed",
)
Buffer: TypeAlias = "bytes | bytearray | memoryview | array[int]"


def cache_file(state: Path, spool: Path) -> Path:
    """Where the cache of a spool is; `state` is the agent's own directory."""
    return state / PLACE / hashlib.sha256(os.fsencode(spool)).hexdigest()[:16]


def save(known: Known, file: Path, spool: Path) -> None:
    """Write it aside and rename it. Raises OSError."""
    file.parent.mkdir(mode=0o700, exist_ok=True)
    fresh = file.with_suffix(".new")
    with contextlib.suppress(FileNotFoundError):
        fresh.unlink()
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    digest = hashlib.blake2b(digest_size=DIGEST_BYTES)
    with os.fdopen(descriptor, "wb") as out:
        for part in _parts(known, spool):
            digest.update(part)
            out.write(part)
        out.write(digest.digest())
    fresh.rename(file)


def load(file: Path, spool: Path) -> Known | None:
    """What was saved of this spool; None when there is nothing of use."""
    try:
        raw = memoryview(file.read_bytes())
        body, digest = raw[:-DIGEST_BYTES], raw[-DIGEST_BYTES:]
        if hashlib.blake2b(body, digest_size=DIGEST_BYTES).digest() != digest:
            return None
        return _read(body, spool)
    except (OSError, ValueError, KeyError, TypeError, IndexError):
        return None


def compacted(known: Known, spool: Path) -> Known:
    """The same without the room that messages left which are gone."""
    compact = _read(memoryview(b"".join(map(bytes, _parts(known, spool)))), spool)
    assert compact is not None
    return compact


def _head(spool: Path) -> dict[str, Any]:
    """What must be the same for the rest to mean the same."""
    return {"version": VERSION, "order": sys.byteorder, "spool": str(spool)}


def _parts(known: Known, spool: Path) -> Iterator[Buffer]:
    head = {
        **_head(spool),
        "at": known.at,
        "domains": _names(known.totals.domains),
        "reasons": _names(known.totals.reasons),
        "places": [queue.place for queue in known.queues.values()],
    }
    yield from _framed(json.dumps(head).encode())
    for queue in known.queues.values():
        for column in _columns(queue.table):
            yield from _framed(column)


def _framed(column: Buffer) -> Iterator[Buffer]:
    size = memoryview(column).nbytes
    yield size.to_bytes(8, "little")
    yield memoryview(column).cast("B") if size else b""


def _names(groups: Groups) -> list[str | None]:
    """By number; None where a number is free."""
    used = set(groups.numbers.values())
    return [group.name if n in used else None for n, group in enumerate(groups.groups)]


def _columns(table: Table) -> Iterator[Buffer]:
    """Without the rows that are free."""
    rows = list(table.rows.values())
    whole = not table.free
    yield b"\0".join(table.rows)
    for name in _BYTES:
        column = getattr(table, name)
        yield bytes(column[row] for row in rows) if not whole else column
    for name in _ARRAYS:
        column = getattr(table, name)
        yield array(column.typecode, (column[row] for row in rows)) if not whole else column
    yield array("I", (len(table.domains[row]) for row in rows))
    yield b"".join(table.domains[row] for row in rows)


def _read(body: memoryview, spool: Path) -> Known | None:
    frames = _frames(body)
    head = json.loads(bytes(next(frames)))
    expected = _head(spool)
    if {name: head[name] for name in expected} != expected:
        return None
    known = Known(at=head["at"])
    _fill(known.totals.domains, head["domains"])
    _fill(known.totals.reasons, head["reasons"])
    for place in head["places"]:
        known.queues[place] = QueueTable(place, _table(frames))
        known.count(known.queues[place])
    return known


def _frames(body: memoryview) -> Iterator[memoryview]:
    at = 0
    while at < len(body):
        size = int.from_bytes(body[at : at + 8], "little")
        yield body[at + 8 : at + 8 + size]
        at += 8 + size


def _fill(groups: Groups, names: list[str | None]) -> None:
    for number, name in enumerate(names):
        # The answer of its oldest message was not saved.
        groups.groups.append(Group(name or "", sample_known=False))
        if name is None:
            groups.free.append(number)
        else:
            groups.numbers[name] = number


def _table(frames: Iterator[memoryview]) -> Table:
    table = Table()
    names = bytes(next(frames))
    table.names = names.split(b"\0") if names else []
    table.rows = {name: row for row, name in enumerate(table.names)}
    for name in _BYTES:
        setattr(table, name, bytearray(next(frames)))
    for name in _ARRAYS:
        getattr(table, name).frombytes(next(frames))
    sizes, joined = array("I"), memoryview(b"")
    sizes.frombytes(next(frames))
    joined, at = next(frames), 0
    for size in sizes:
        table.domains.append(bytes(joined[at : at + size]))
        at += size
    return table
