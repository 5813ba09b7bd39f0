"""The figures of a spool, carried on from one scan to the next: a message is put in and taken out.

What they say is what `tests/unit/spools/figures.py` counts in one pass over all messages.
"""

from __future__ import annotations

import heapq
from array import array
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from spools.core.kept import show
from spools.core.summary import (
    BUCKETS,
    MOST_DOMAINS,
    MOST_REASONS,
    QUEUED,
    DomainRow,
    ReasonRow,
    State,
)
from spools.core.times import LATEST, Times

NO_TIME = 2**32 - 1
"""In a column of four bytes: there is none."""
STATES = tuple(State)
QUEUED_CODES = frozenset(STATES.index(state) for state in QUEUED)
_WAITING = STATES.index(State.WAITING)
Place = tuple[str, str]
"""Queue directory and queue id."""


class Entry(NamedTuple):
    """One message. `state` is an index in STATES, `reason` a number of `Totals.reasons`, `domains`
    are numbers of `Totals.domains`, one for each recipient, four bytes each."""

    state: int
    created: int
    last_try: int
    reason: int
    domains: bytes
    queue_bytes: int
    data_bytes: int


class Sample(NamedTuple):
    """The oldest message of a reason."""

    created: int
    place: str
    queue_id: str
    answer: str


@dataclass(slots=True)
class Group:
    """All of one domain or reason: when what it has was created, once for each recipient of a
    domain and each message of a reason; and of a reason the last tries. `sample` None: look for it.
    """

    name: str
    created: Times = field(default_factory=Times)
    tries: Times = field(default_factory=Times)
    sample: Sample | None = None
    sample_known: bool = True


class Groups:
    """Groups by name, each with a number of its own as long as anything is in it."""

    def __init__(self) -> None:
        self.numbers: dict[str, int] = {}
        self.groups: list[Group] = []
        self.free: list[int] = []

    def number(self, name: str) -> int:
        """That of the group with this name, made if there is none."""
        known = self.numbers.get(name)
        if known is not None:
            return known
        if self.free:
            number = self.free.pop()
            self.groups[number] = Group(name)
        else:
            number = len(self.groups)
            self.groups.append(Group(name))
        self.numbers[name] = number
        return number

    def filled(self) -> Iterator[Group]:
        """Those with anything in them. The others lose their numbers."""
        empty = [number for number in self.numbers.values() if not self.groups[number].created]
        for number in empty:
            del self.numbers[self.groups[number].name]
            self.free.append(number)
        return (self.groups[number] for number in self.numbers.values())


class Totals:
    """All figures but those of one scan itself."""

    def __init__(self) -> None:
        self.states = [0] * len(STATES)
        self.queue_bytes = self.data_bytes = 0
        self.arrived = self.left = 0
        """Into what is queued and out of it, since `settle`."""
        self.domains, self.reasons = Groups(), Groups()
        self._changed = True
        self._recipients = 0
        self._shown: list[Group] = []
        self._rest: Times | None = None
        self._named: list[Group] = []

    def put(self, entry: Entry) -> None:
        """A message that was not in it."""
        state, created, last_try, reason, domains, queue_bytes, data_bytes = entry
        self.states[state] += 1
        self.queue_bytes += queue_bytes
        self.data_bytes += data_bytes
        self._changed = True
        if state not in QUEUED_CODES:
            return
        self.arrived += 1
        group = self.reasons.groups[reason]
        group.created.added.append(created)
        if last_try:
            group.tries.added.append(last_try)
        groups = self.domains.groups
        for number in array("I", domains):
            groups[number].created.added.append(created)

    def put_waiting(self, messages: int, queue_bytes: int, data_bytes: int) -> None:
        """So many at once, whose times the caller adds to their reasons and domains itself."""
        self.states[_WAITING] += messages
        self.queue_bytes += queue_bytes
        self.data_bytes += data_bytes
        self.arrived += messages
        self._changed = True

    def take(self, entry: Entry) -> None:
        """One that was put in just so."""
        state, created, last_try, reason, domains, queue_bytes, data_bytes = entry
        self.states[state] -= 1
        self.queue_bytes -= queue_bytes
        self.data_bytes -= data_bytes
        self._changed = True
        if state not in QUEUED_CODES:
            return
        self.left += 1
        group = self.reasons.groups[reason]
        group.created.removed.append(created)
        if last_try:
            group.tries.removed.append(last_try)
        groups = self.domains.groups
        for number in array("I", domains):
            groups[number].created.removed.append(created)

    def exchange(self, before: Entry, now: Entry) -> None:
        """The same message, as it is now: it neither came nor went while it was queued."""
        stays = before.state in QUEUED_CODES and now.state in QUEUED_CODES
        if stays and before.created == now.created and before.domains == now.domains:
            # A retry: most that happens to a message. Its domains need not be touched.
            before, now = before._replace(domains=b""), now._replace(domains=b"")
        self.take(before)
        self.put(now)
        if stays:
            self.arrived -= 1
            self.left -= 1

    def offer(self, reason: int, sample: Sample) -> None:
        """A message of the reason, put in before: its sample if it is the oldest."""
        group = self.reasons.groups[reason]
        if group.sample_known and (group.sample is None or sample < group.sample):
            group.sample = sample

    def withdraw(self, reason: int, sample: Sample, *, stays: bool) -> None:
        """A message of the reason is taken out, or `stays` with another answer."""
        group = self.reasons.groups[reason]
        if group.sample is None or group.sample[1:3] != sample[1:3]:
            return
        if stays and group.sample.created == sample.created:
            group.sample = sample
        else:
            group.sample, group.sample_known = None, False

    def without_samples(self) -> set[int]:
        """The numbers of shown reasons whose oldest message must be looked for."""
        self._settle()
        shown = (group.name for group in self._named if not group.sample_known)
        return {self.reasons.numbers[name] for name in shown}

    def figures(self, at: int) -> Mapping[str, object]:
        """The fields of a Summary, but those that tell of the scan. Samples are to be known."""
        self._settle()
        reasons = list(self.reasons.filled())
        rest, named = self._rest, {group.name for group in self._named}
        others = [group for group in reasons if group.name not in named]
        return {
            "at": at,
            "states": {state: n for state, n in zip(STATES, self.states, strict=True) if n},
            "queue_bytes": self.queue_bytes,
            "data_bytes": self.data_bytes,
            "recipients": self._recipients,
            "ages": _sum(group.created.ages(at) for group in reasons),
            "oldest": _oldest((group.created.first for group in reasons), at),
            "last_try": _latest(reasons, at),
            "domains": tuple(_domain(group.name, group.created, at) for group in self._shown),
            "other_domains": None if rest is None else _domain("", rest, at),
            "domains_total": len(self.domains.numbers),
            "reasons": tuple(_reason(group, at) for group in self._named),
            "other_reasons": _other_reasons(others, at) if others else None,
        }

    def _settle(self) -> None:
        """What is shown, which only changes with what is in it."""
        if not self._changed:
            return
        self._changed = False
        domains = list(self.domains.filled())
        self._recipients = sum(len(group.created) for group in domains)
        self._shown, others = _largest(domains, MOST_DOMAINS)
        self._named, _ = _largest(self.reasons.filled(), MOST_REASONS)
        self._rest = None
        if others:
            self._rest = Times(time for group in others for time in group.created.all)


def clamp(time: int | None) -> int:
    """A time as a column of four bytes holds it."""
    return NO_TIME if time is None else min(time, LATEST)


def _largest(groups: Iterable[Group], most: int) -> tuple[list[Group], list[Group]]:
    """The largest, by name where they are as large, and the rest."""
    every = list(groups)
    shown = heapq.nsmallest(most, every, key=lambda group: (-len(group.created), group.name))
    if len(every) <= most:
        return shown, []
    names = {group.name for group in shown}
    return shown, [group for group in every if group.name not in names]


def _oldest(times: Iterable[int | None], at: int) -> int | None:
    """The clock may have been set back since: nothing is from after `at`."""
    return min((min(time, at) for time in times if time is not None), default=None)


def _latest(groups: Iterable[Group], at: int) -> int | None:
    """The last try of all; none is after `at`."""
    return min(max((group.tries.last or 0 for group in groups), default=0), at) or None


def _sum(ages: Iterable[Iterable[int]]) -> tuple[int, ...]:
    found = tuple(sum(column) for column in zip(*ages, strict=True))
    return found or (0,) * BUCKETS


def _domain(name: str, created: Times, at: int) -> DomainRow:
    ages = tuple(created.ages(at))
    return DomainRow(name, len(created), ages, _oldest([created.first], at))


def _reason(group: Group, at: int) -> ReasonRow:
    sample = group.sample or Sample(0, "", "", group.name)
    return ReasonRow(
        reason=group.name,
        messages=len(group.created),
        since=_oldest([group.created.first], at),
        last_try=_latest([group], at),
        sample=sample.answer,
        queue_id=show(sample.queue_id.encode("latin-1")),
    )


def _other_reasons(groups: Iterable[Group], at: int) -> ReasonRow:
    others = list(groups)
    return ReasonRow(
        reason="",
        messages=sum(len(group.created) for group in others),
        since=_oldest((group.created.first for group in others), at),
        last_try=_latest(others, at),
        sample="",
        queue_id="",
    )
