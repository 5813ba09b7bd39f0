"""All that is known of a spool between two scans: messages, figures, what to look at again."""

from __future__ import annotations

import os
from array import array
from collections.abc import Iterable
from dataclasses import dataclass, field

from spools.agent.reading import Places, Read, data_bytes, renamed
from spools.agent.table import CONTROL, DATA, NO_DATA_FILE, UNCOUNTED, Table
from spools.core.summary import QUEUED, State
from spools.core.totals import NO_TIME, STATES, Sample, Totals

ORPHAN_AGE_S = 3600
"""A data file without a control file counts from this age on, as does a `tf` as damaged: sendmail
writes the data first, and takes as long as this for it (Timeout.datablock)."""
SETTLING_S = 10
"""A control file that was written so lately may still be being written."""
HOLLOW_ROWS = 50_000
"""So much room is kept, whatever there is: some MiB."""
CODES = {state: code for code, state in enumerate(STATES)}
_QUEUED = frozenset(CODES[state] for state in QUEUED)
_SETTLED = frozenset(CODES[state] for state in (*QUEUED, State.LOST, State.NO_DATA))


@dataclass(slots=True)
class Stamp:
    """When a queue directory was changed and when it was listed, in nanoseconds."""

    changed_ns: tuple[int, int]
    listed_ns: int


@dataclass(slots=True)
class QueueTable:
    """One queue directory. Rows in `unsettled` are looked at in every scan, whatever the listing
    says: their files may change in place, or with the clock. `timeless` ones count, but nobody
    knows since when they are there. `verified` is the row at which the next check of times begins.
    """

    place: str
    table: Table = field(default_factory=Table)
    stamp: Stamp | None = None
    unsettled: dict[int, None] = field(default_factory=dict)
    timeless: set[int] = field(default_factory=set)
    verified: int = 0


@dataclass(slots=True)
class Known:
    """A spool. `at` is when the last scan began, None before the first."""

    at: int | None = None
    totals: Totals = field(default_factory=Totals)
    queues: dict[str, QueueTable] = field(default_factory=dict)

    def apply(self, queue: QueueTable, row: int, read: Read, *, at: int, places: Places) -> bool:
        """Take what was read of a message in the place of what was known. False: it seems to have
        no data file, and is to be confirmed after a second look."""
        table = queue.table
        if not read.letter:
            self.without_control(queue, row, at=at, places=places)
            return True
        table.letters[row] = read.letter
        state = read.state
        if state in (CODES[State.NEW], CODES[State.DAMAGED]):
            state = _settled_state(places, table.control_name(row), state, at)
        if read.data_bytes is None and state in _QUEUED:
            known_so = table.state[row] == CODES[State.NO_DATA] and not table.has[row] & DATA
            if not known_so:
                return False
            state = CODES[State.NO_DATA]
        self._set(queue, row, state, read)
        return True

    def confirm(self, queue: QueueTable, row: int, read: Read, *, places: Places) -> None:
        """The second look at a message that seemed to have no data file."""
        name = queue.table.control_name(row)
        size = data_bytes(places.data, name)
        if size is not None:
            self._set(queue, row, read.state, read._replace(data_bytes=size))
        elif renamed(places.control, name) is None:
            self.drop(queue, row)
        else:
            self._set(queue, row, CODES[State.NO_DATA], read)

    def without_control(self, queue: QueueTable, row: int, *, at: int, places: Places) -> None:
        """Only its data file is left, or came first; or it is gone."""
        table = queue.table
        name = b"df" + table.names[row]
        try:
            status = os.stat(name, dir_fd=places.data, follow_symlinks=False)
        except OSError:
            self.drop(queue, row)
            return
        table.letters[row] = table.control[row] = 0
        table.has[row] &= ~CONTROL
        old = at - int(status.st_mtime) >= ORPHAN_AGE_S
        state = CODES[State.ORPHANED] if old else UNCOUNTED
        read = Read(table.names[row], 0, state, NO_TIME, 0, {}, "", "", 0, status.st_size, 0)
        self._set(queue, row, state, read)

    def drop(self, queue: QueueTable, row: int) -> None:
        """The message is gone."""
        self._take(queue, row)
        queue.unsettled.pop(row, None)
        queue.timeless.discard(row)
        queue.table.forget(row)

    def drop_queue(self, place: str) -> None:
        """The queue directory is gone."""
        queue = self.queues.pop(place)
        for row in list(queue.table.rows.values()):
            self.drop(queue, row)

    @property
    def is_hollow(self) -> bool:
        """Whether most of the room is of messages that are gone."""
        tables = [queue.table for queue in self.queues.values()]
        free = sum(len(table.free) for table in tables)
        return free > HOLLOW_ROWS and free > 3 * sum(map(len, tables))

    def count(self, queue: QueueTable) -> None:
        """Put all of a table into the totals, and note what is to be looked at again."""
        for entry in queue.table.entries():
            self.totals.put(entry)
        for row in queue.table.rows.values():
            self._mark(queue, row, queue.table.state[row])

    def _set(self, queue: QueueTable, row: int, state: int, read: Read) -> None:
        table, totals = queue.table, self.totals
        before = table.entry(row)
        counts = state in _QUEUED
        reason = totals.reasons.number(read.reason) if counts else 0
        sample = Sample(read.created, queue.place, sortable(table.names[row]), read.answer)
        if before is not None and before.state in _QUEUED:
            totals.withdraw(before.reason, sample, stays=counts and before.reason == reason)
        table.state[row] = state
        table.created[row], table.last_try[row] = read.created, read.last_try
        table.queue_bytes[row], table.changed[row] = read.queue_bytes, read.changed_ns
        size = read.data_bytes
        table.data_bytes[row] = NO_DATA_FILE if size is None else size
        table.reason[row] = reason
        table.domains[row] = self._packed(read.domains) if counts else b""
        now = table.entry(row)
        if before is None and now is not None:
            totals.put(now)
        elif before is not None and now is None:
            totals.take(before)
        elif before is not None and now is not None:
            totals.exchange(before, now)
        if counts:
            totals.offer(reason, sample)
        self._mark(queue, row, state)

    def _take(self, queue: QueueTable, row: int) -> None:
        before = queue.table.entry(row)
        if before is not None:
            if before.state in _QUEUED:
                name = sortable(queue.table.names[row])
                gone = Sample(before.created, queue.place, name, "")
                self.totals.withdraw(before.reason, gone, stays=False)
            self.totals.take(before)

    def _mark(self, queue: QueueTable, row: int, state: int) -> None:
        if state in _SETTLED:
            queue.unsettled.pop(row, None)
        elif state != CODES[State.ORPHANED]:
            queue.unsettled[row] = None
        if state != UNCOUNTED and queue.table.created[row] == NO_TIME:
            queue.timeless.add(row)
        else:
            queue.timeless.discard(row)

    def _packed(self, domains: dict[str, int]) -> bytes:
        known, number = self.totals.domains.numbers.get, self.totals.domains.number
        numbers: list[int] = []
        for name, count in domains.items():
            found = known(name)
            numbers += [number(name) if found is None else found] * count
        return array("I", numbers).tobytes()


def sortable(identity: bytes) -> str:
    """An id as text that is in the order of its bytes."""
    return identity.decode("latin-1")


def rows_in(numbers: Iterable[int], table: Table) -> list[int]:
    """Those that have a control file."""
    has = table.has
    return [row for row in numbers if has[row] & CONTROL]


def _settled_state(places: Places, name: bytes, state: int, at: int) -> int:
    """What is new for too long is damaged, and what is damaged may just be being written."""
    try:
        mtime = os.stat(name, dir_fd=places.control, follow_symlinks=False).st_mtime
    except OSError:
        return state
    limit = ORPHAN_AGE_S if state == CODES[State.NEW] else SETTLING_S
    young = abs(at - mtime) < limit
    return CODES[State.NEW] if young else CODES[State.DAMAGED]
