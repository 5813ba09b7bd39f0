"""The messages of a spool that are told in detail, and the samples of its reasons."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from itertools import chain

from spools.agent.known import CODES, Known, QueueTable, sortable
from spools.agent.reading import Places, read_one
from spools.agent.rows import NO_CONTROL, bare_row, message_row, shown_name
from spools.agent.table import NO_DATA_FILE
from spools.core.summary import MOST_MESSAGES, MessageRow, State
from spools.core.totals import NO_TIME, STATES, Sample

MOST_TIMELESS = 200
"""So many of which nobody knows the age: they need a person, and must not fill the list."""

Open = Callable[[str], AbstractContextManager[Places]]
"""The directories of a place."""
Cached = dict[tuple[str, int], tuple[tuple[object, ...], MessageRow]]
"""By place and row: what it was made of, and the row as it is told."""


def listing(known: Known, cached: Cached, opened: Open) -> tuple[Mapping[str, MessageRow], Cached]:
    """The rows by key, and what to give as `cached` the next time: what is as it was then is not
    read again."""
    fresh: Cached = {}
    rows: dict[str, MessageRow] = {}
    for place, numbers in _chosen(known).items():
        queue = known.queues[place]
        with opened(place) as places:
            for number in numbers:
                made_of = _made_of(queue, number)
                before = cached.get((place, number))
                row = before[1] if before and before[0] == made_of else _row(queue, number, places)
                if row is not None:
                    fresh[place, number] = (made_of, row)
                    rows[row.key] = row
    return rows, fresh


def _chosen(known: Known) -> dict[str, list[int]]:
    """Rows by place: some without a time, then the oldest."""
    timeless = sorted(
        (queue.place, sortable(queue.table.names[row]), row)
        for queue in known.queues.values()
        for row in queue.timeless
    )[:MOST_TIMELESS]
    most = MOST_MESSAGES - len(timeless)
    columns = [queue.table.created for queue in known.queues.values()]
    latest = max(heapq.nsmallest(most, chain.from_iterable(columns)), default=0)
    oldest = sorted(
        (created, queue.place, sortable(queue.table.names[row]), row)
        for queue in known.queues.values()
        for row, created in enumerate(queue.table.created)
        if created <= latest and created != NO_TIME
    )[:most]
    chosen: dict[str, list[int]] = {}
    for place, _, row in timeless:
        chosen.setdefault(place, []).append(row)
    for _, place, _, row in oldest:
        chosen.setdefault(place, []).append(row)
    return chosen


def _made_of(queue: QueueTable, row: int) -> tuple[object, ...]:
    """When one of these differs, its row does."""
    table = queue.table
    columns = (table.names, table.control, table.changed, table.state, table.data_bytes)
    return tuple(column[row] for column in columns)


def _row(queue: QueueTable, number: int, places: Places) -> MessageRow | None:
    table, place = queue.table, shown_name(queue.place.encode("utf-8", "surrogateescape"))
    state = STATES[table.state[number]]
    if state is State.ORPHANED:
        size = table.data_bytes[number]
        identity = shown_name(table.names[number])
        return bare_row(place, identity, state, None if size == NO_DATA_FILE else size, NO_CONTROL)
    return message_row(places, place, table.control_name(number), state)


def find_samples(known: Known, opened: Open) -> None:
    """Look for the oldest message of each shown reason that lost it."""
    wanted = known.totals.without_samples()
    if not wanted:
        return
    queued = (CODES[State.WAITING], CODES[State.HELD])
    found: dict[int, tuple[int, str, str, int]] = {}
    for queue in known.queues.values():
        table = queue.table
        for row, reason in enumerate(table.reason):
            if reason in wanted and table.state[row] in queued:
                name = sortable(table.names[row])
                candidate = (table.created[row], queue.place, name, row)
                found[reason] = min(found.get(reason, candidate), candidate)
    for reason, (created, place, name, row) in found.items():
        table = known.queues[place].table
        with opened(place) as places:
            read = read_one(places, table.control_name(row))
        group = known.totals.reasons.groups[reason]
        # It may have been tried again meanwhile: then it is of another reason in the next scan.
        answer = read.answer if read.reason == group.name else group.name
        group.sample, group.sample_known = Sample(created, place, name, answer), True
