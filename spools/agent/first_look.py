"""The first look at a queue directory: a few processes read it, and it is all put together here.

It comes to what the looks after it come to message by message, in a part of the time.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Mapping
from itertools import accumulate, chain, pairwise
from typing import NamedTuple

from spools.agent.compare import LETTERS, Compared, compare
from spools.agent.first_share import Group, Part, read_share
from spools.agent.known import CODES, QueueTable, sortable
from spools.agent.reading import MANY, Places, listings
from spools.agent.shares import PROCESSES, in_shares
from spools.agent.table import CONTROL, DATA, Table
from spools.core.quick import quick_answer
from spools.core.summary import State
from spools.core.totals import Sample, Totals

WAITING = CODES[State.WAITING]
AS_THEY_ARE = ("created", "last_try", "queue_bytes", "data_bytes", "changed")
"""Columns of a part that become those of a table."""
File = tuple[bytes, int]
"""A file of a directory: its name and inode."""


class Look(NamedTuple):
    """What became of a first look: how many messages were read, and the rows that are left to."""

    read: int
    left: Compared


class _Entry(NamedTuple):
    """A file as a DirEntry tells of it."""

    name: bytes
    number: int

    def inode(self) -> int:
        return self.number


def first_look(totals: Totals, queue: QueueTable, places: Places) -> Look:
    """Put the usual messages of a directory into its empty table and into the totals. Raises
    OSError."""
    waiting, data, others = _listed(places)
    # In the order of inodes a disk has few ways to go.
    identities = sorted(waiting, key=waiting.__getitem__)
    shares = PROCESSES if len(identities) >= MANY else 1
    told = in_shares(lambda share: tuple(read_share(places, identities[share::shares])), shares)
    parts = [Part._make(part) for part in told]
    odd = {identity for part in parts for identity in part.odd}
    others += chain.from_iterable(_pair(it, waiting[it], data[it]) for it in odd)
    # First, for it takes what it is not shown for gone.
    left = compare(queue.table, [[_Entry(*file) for file in others]])
    for share, part in enumerate(parts):
        names = [name for name in identities[share::shares] if name not in odd]
        _name(queue.table, names, waiting, data)
        _put(totals, queue, part)
    return Look(len(identities) - len(odd), left)


def _listed(places: Places) -> tuple[dict[bytes, int], dict[bytes, int], list[File]]:
    """Inodes of control and data files by id, of ids that have one `qf` and one `df` and nothing
    else; and all files of other ids."""
    waiting: dict[bytes, int] = {}
    data: dict[bytes, int] = {}
    others: list[File] = []
    for listing in listings(places):
        for entry in listing:
            name = entry.name
            if name[:2] == b"qf":
                waiting[name[2:]] = entry.inode()
            elif name[:2] == b"df":
                data[name[2:]] = entry.inode()
            else:
                others.append((name, entry.inode()))
    odd = {name[2:] for name, _ in others if name[1:2] == b"f" and name[0] in LETTERS}
    # `qf` and `df` without an id are files of no message.
    odd |= {b""} | (waiting.keys() ^ data.keys())
    for identity in odd:
        others += _pair(identity, waiting.pop(identity, None), data.pop(identity, None))
    return waiting, data, others


def _pair(identity: bytes, control: int | None, data: int | None) -> Iterator[File]:
    if control is not None:
        yield b"qf" + identity, control
    if data is not None:
        yield b"df" + identity, data


def _name(
    table: Table, names: list[bytes], waiting: Mapping[bytes, int], data: Mapping[bytes, int]
) -> None:
    """Rows for messages that have both files."""
    first, count = len(table.names), len(names)
    table.names += names
    table.rows.update(zip(names, range(first, first + count), strict=True))
    table.has.extend(bytes([CONTROL | DATA]) * count)
    table.letters.extend(b"q" * count)
    table.state.extend(bytes([WAITING]) * count)
    table.control.extend(map(waiting.__getitem__, names))
    table.data.extend(map(data.__getitem__, names))


def _put(totals: Totals, queue: QueueTable, part: Part) -> None:
    """What was read of them."""
    table, first = queue.table, len(queue.table.created)
    reasons = [_reason(totals, group, queue.place) for group in part.reasons]
    table.reason.extend(map(reasons.__getitem__, array("I", part.columns["reason"])))
    for name in AS_THEY_ARE:
        getattr(table, name).frombytes(part.columns[name])
    domains = [_domain(totals, group) for group in part.domains]
    numbers = array("I", map(domains.__getitem__, array("I", part.recipients))).tobytes()
    sizes = (4 * count for count in array("I", part.columns["recipients"]))
    table.domains += [numbers[begin:end] for begin, end in pairwise(accumulate(sizes, initial=0))]
    count = len(table.created) - first
    totals.put_waiting(count, sum(table.queue_bytes[first:]), sum(table.data_bytes[first:]))


def _domain(totals: Totals, group: Group) -> int:
    """Its number among those of the spool."""
    name, created, _, _ = group
    number = totals.domains.number(name)
    totals.domains.groups[number].created.merge(array("I", created))
    return number


def _reason(totals: Totals, group: Group, place: str) -> int:
    name, created, tries, (oldest, identity, line) = group
    number = totals.reasons.number(name)
    found = totals.reasons.groups[number]
    found.created.merge(array("I", created))
    found.tries.merge(array("I", tries))
    totals.offer(number, Sample(oldest, place, sortable(identity), quick_answer(line)))
    return number
