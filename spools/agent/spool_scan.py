"""One spool, scan after scan: no lock, nothing written there, each file read once.

A directory that was not changed since before the last scan is not listed; a file whose name and
inode are as they were is not read. Since an inode may be given again to a later file of the same
name, some of the rest are compared by time in each scan, and all of them after a pause.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path

from spools.agent.compare import Compared, compare
from spools.agent.directories import QueueDirectory, queue_directories
from spools.agent.first_look import first_look
from spools.agent.known import Known, QueueTable, Stamp, rows_in
from spools.agent.oldest import Cached, find_samples, listing
from spools.agent.reading import Places, Read, listings, opened, read_many, renamed
from spools.agent.table import CONTROL
from spools.core.summary import MessageRow, Summary

CHUNK = 20_000
"""So many messages in hand at once."""
LOOKED_AGAIN = 1_000
"""Of what may change in place, so many in each scan."""
VERIFIED = 10_000
"""So many files of the name and inode that they had are asked for their time: 20 ms."""
PAUSE_S = 300
"""After so long without a scan, an inode may be another file's that has the same name by now."""
GRANULARITY_NS = 2_000_000_000
"""A directory's time is not trusted nearer to its listing: that is as coarse as they come."""
SECOND_LOOK_S = 0.3
"""At the end of a delivery sendmail removes the data file, then the control file: what lacks its
data for so long has lost it."""


Doubt = tuple[str, int, Read]
"""Place and row of a message that seems to have no data file, and what its control file says."""


@dataclass(frozen=True, slots=True)
class Scanned:
    """What one scan found; `listed` are the oldest messages by key."""

    summary: Summary
    listed: Mapping[str, MessageRow]


class SpoolScan:
    """A spool and what is known of it. `known` may come from before a restart."""

    def __init__(self, spool: Path, known: Known | None = None) -> None:
        self.spool = spool
        self.known = known or Known()
        self._verify_all = known is not None
        self._cached: Cached = {}
        self._listed: Mapping[str, MessageRow] | None = None
        self._places: dict[str, QueueDirectory] = {}
        self._read = 0
        self.unsaved = False
        """Whether anything changed since somebody last set this to False."""

    def scan(self, *, at: int) -> Scanned:
        """Look through it; `at` is now. Raises OSError when it cannot be read: then begin anew."""
        began = time.monotonic()
        since = self._begin(at)
        changed = self._go_through(at)
        self.unsaved |= changed
        if changed or self._listed is None:
            find_samples(self.known, self._opened)
            self._listed, self._cached = listing(self.known, self._cached, self._opened)
        totals = self.known.totals
        summary = Summary(
            **totals.figures(at),  # type: ignore[arg-type]  # each is named and made there
            took_ms=int((time.monotonic() - began) * 1000),
            read=self._read,
            since=since,
            arrived=0 if since is None else totals.arrived,
            left=0 if since is None else totals.left,
        )
        self.known.at = at
        return Scanned(summary, self._listed)

    def _begin(self, at: int) -> int | None:
        since = self.known.at
        if since is not None and at < since:
            # The clock was set back: no time of before says what came after what.
            self.known, self._listed, self._cached, since = Known(), None, {}, None
        self._verify_all |= since is not None and at - since > PAUSE_S
        self.known.totals.arrived = self.known.totals.left = 0
        self._read = 0
        return since

    def _go_through(self, at: int) -> bool:
        """Whether anything is other than before."""
        self._places = {found.place: found for found in queue_directories(self.spool)}
        known, changed = self.known, False
        for place in [place for place in known.queues if place not in self._places]:
            known.drop_queue(place)
            changed = True
        doubtful: list[Doubt] = []
        for place in self._places:
            queue = known.queues.setdefault(place, QueueTable(place))
            try:
                with self._opened(place) as places:
                    changed |= self._queue(queue, places, at, doubtful)
            except FileNotFoundError:
                if not place:
                    raise
                known.drop_queue(place)
                changed = True
        self._verify_all = False
        self._look_again(doubtful)
        return changed

    @contextmanager
    def _opened(self, place: str) -> Iterator[Places]:
        found = self._places[place]
        with opened(str(found.control), str(found.data)) as places:
            yield places

    def _queue(self, queue: QueueTable, places: Places, at: int, doubtful: list[Doubt]) -> bool:
        """One queue directory; `doubtful` grows by what seems to have no data file."""
        now_ns = time.time_ns()
        stamp = Stamp(
            (os.fstat(places.control).st_mtime_ns, os.fstat(places.data).st_mtime_ns), now_ns
        )
        table = queue.table
        again = list(islice(queue.unsettled, LOOKED_AGAIN))
        rows: set[int] = set(again)
        found, read = Compared(), 0
        if not self._is_unchanged(queue.stamp, stamp):
            if table.names:
                found = compare(table, listings(places))
                rows |= found.changed
                rows.update(self._verified(queue, places, found.new.start))
            else:
                read, found = first_look(self.known.totals, queue, places)
            queue.stamp = stamp
        for row in again:
            # To the end of the line.
            queue.unsettled[row] = queue.unsettled.pop(row)
        new = found.new
        rows.difference_update(new)
        for row in [row for row in chain(rows, new) if not table.has[row] & CONTROL]:
            self._without_control(queue, row, places, at)
        for at_once in _chunks(chain(rows, new)):
            doubtful += self._read_rows(queue, places, at, rows_in(at_once, table))
        self._read += read
        return bool(rows or new or read)

    def _is_unchanged(self, before: Stamp | None, now: Stamp) -> bool:
        if before is None or self._verify_all:
            return False
        latest = max(now.changed_ns)
        return before.changed_ns == now.changed_ns and latest < before.listed_ns - GRANULARITY_NS

    def _without_control(self, queue: QueueTable, row: int, places: Places, at: int) -> None:
        """As the listing says, which a file may have escaped that was renamed meanwhile."""
        table = queue.table
        name = renamed(places.control, b"qf" + table.names[row]) if table.has[row] else None
        if name is None:
            self.known.without_control(queue, row, at=at, places=places)
        else:
            table.letters[row] = name[0]
            table.has[row] |= CONTROL
            queue.unsettled[row] = None

    def _verified(self, queue: QueueTable, places: Places, end: int) -> list[int]:
        """Rows below `end` whose control file is another than the one that was read."""
        table = queue.table
        count = end if self._verify_all else min(VERIFIED, end)
        # After the last comes the first: however a spool grows, the turn of each comes.
        turn = [(queue.verified + at) % end for at in range(count)]
        queue.verified = (queue.verified + count) % end if end else 0
        found = []
        for row in rows_in(turn, table):
            try:
                status = os.stat(
                    table.control_name(row), dir_fd=places.control, follow_symlinks=False
                )
            except OSError:
                continue
            if status.st_ctime_ns != table.changed[row]:
                found.append(row)
        return found

    def _read_rows(
        self, queue: QueueTable, places: Places, at: int, rows: list[int]
    ) -> Iterator[Doubt]:
        table = queue.table
        for read in read_many(places, [table.control_name(row) for row in rows]):
            row = table.rows[read.identity]
            self._read += 1
            if not self.known.apply(queue, row, read, at=at, places=places):
                yield queue.place, row, read

    def _look_again(self, doubtful: list[Doubt]) -> None:
        if not doubtful:
            return
        time.sleep(SECOND_LOOK_S)
        for place, row, read in doubtful:
            queue = self.known.queues.get(place)
            if queue is not None and queue.table.names[row] == read.identity:
                with self._opened(place) as places:
                    self.known.confirm(queue, row, read, places=places)


def _chunks(rows: Iterator[int]) -> Iterator[list[int]]:
    while chunk := list(islice(rows, CHUNK)):
        yield chunk
