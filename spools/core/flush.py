"""What a slice of a run is to do, and which message comes next. Pure."""

from __future__ import annotations

import re
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import chain

from mailadmin.wire.core.fields import DIGEST
from spools.core.facts import domain_of
from spools.core.receipts import Fate, Receipt, closes, is_unreachable
from spools.core.run_kind import CONFIGURATIONS, LABELS, RunKind

MOST_SECONDS = 60
LEAST_SECONDS = 5
MOST_RUNNERS = 64
MOST_NAMES = 10_000
WINDOW = 1000
"""How many messages are looked at in search of a destination that nothing was sent to yet."""
WORK_S = 2.0
"""About so much work is given to one sendmail at a time."""
MOST_AT_ONCE = 25
FEW_AT_ONCE = 5
RUN_KEY = re.compile(r"[0-9a-f]{32}")
QUEUE_ID = re.compile(r"[A-Za-z0-9]{10,40}")
DOMAIN = re.compile(r"[^\s@,]{1,255}")


# No clock of the queue counts here: what only the outage delayed must not be bounced, nor be too
# young. No receiver holds a runner for long, but the answer to a whole message is waited for.
OPTIONS = (
    "-OMinQueueAge=0",
    "-OTimeout.queuereturn=3650d",
    "-OTimeout.connect=10s",
    "-OTimeout.iconnect=10s",
    "-OTimeout.aconnect=20s",
    "-OTimeout.resolver.retrans=2s",
    "-OTimeout.resolver.retry=1",
    # A silent name server is asked half as often: recipients have whole names.
    "-OResolverOptions=-DNSRCH -DEFNAMES",
    "-OTimeout.initial=20s",
    "-OTimeout.helo=20s",
    "-OTimeout.mail=30s",
    "-OTimeout.rcpt=30s",
    "-OTimeout.datainit=30s",
    "-OTimeout.rset=10s",
    "-OTimeout.quit=5s",
    "-OCheckpointInterval=1",
    "-OHostStatusDirectory=",
)


def command_of(kind: RunKind, sendmail: str, release: str, queue_ids: Iterable[str]) -> list[str]:
    """The argument list that sends these messages by the release in this directory, in the
    foreground, and prints the dialogue."""
    argv = [sendmail, "-L", LABELS[kind], "-C", f"{release}/{CONFIGURATIONS[kind]}"]
    argv += ["-v", *OPTIONS, "-qf"]
    return [*argv, *(f"-qI{queue_id}" for queue_id in queue_ids)]


class MalformedOrder(ValueError):
    """An order that cannot be carried out; the text names everything that is wrong with it."""


class Way(StrEnum):
    """How it is with one destination in a run. FIRST: its first message is under way."""

    FIRST = "first"
    OPEN = "open"
    CLOSED = "closed"
    UNREACHABLE = "unreachable"


class Left(StrEnum):
    """Why a message of the scope was not tried."""

    CLOSED = "closed"
    EXCLUDED = "excluded"
    UNREACHABLE = "unreachable"
    BUSY = "busy"
    NO_DATA = "no_data"
    DAMAGED = "damaged"


@dataclass(frozen=True, slots=True)
class FlushOrder:
    """One slice. `before`: messages created later are not of the run (seconds since the epoch).
    Without `domains` all are in it, without `queue_ids` all messages; `excluded` and `closed`
    destinations get nothing. `per_destination` is how many runners may send to one at once."""

    run: str
    slice: int
    release: str
    seconds: int
    runners: int
    per_destination: int
    before: int
    domains: frozenset[str] = frozenset()
    excluded: frozenset[str] = frozenset()
    closed: frozenset[str] = frozenset()
    queue_ids: frozenset[str] = frozenset()
    kind: RunKind = RunKind.FALLBACK

    @classmethod
    def from_json(cls, raw: Mapping[str, object], kind: RunKind = RunKind.FALLBACK) -> FlushOrder:
        """The verb of an order says its kind. Raises MalformedOrder."""
        read = _Reader(raw)
        order = cls(
            run=read.text("run", RUN_KEY),
            slice=read.number("slice", 1, 10**6),
            release=read.text("release", DIGEST),
            seconds=read.number("seconds", LEAST_SECONDS, MOST_SECONDS),
            runners=read.number("runners", 1, MOST_RUNNERS),
            per_destination=read.number("per_destination", 1, MOST_RUNNERS),
            before=read.number("before", 0, 2**53),
            domains=read.names("domains", DOMAIN),
            excluded=read.names("excluded", DOMAIN),
            closed=read.names("closed", DOMAIN),
            queue_ids=read.names("queue_ids", QUEUE_ID, lower=False),
            kind=kind,
        )
        if read.problems:
            raise MalformedOrder(f"The order cannot be carried out: {'; '.join(read.problems)}.")
        return order


class _Reader:
    def __init__(self, raw: Mapping[str, object]) -> None:
        self.raw, self.problems = raw, list[str]()

    def text(self, name: str, pattern: re.Pattern[str]) -> str:
        value = self.raw.get(name)
        if isinstance(value, str) and pattern.fullmatch(value):
            return value
        self.problems.append(f"{name} is {value!r:.80}")
        return ""

    def number(self, name: str, least: int, most: int) -> int:
        value = self.raw.get(name)
        if isinstance(value, int) and not isinstance(value, bool) and least <= value <= most:
            return value
        self.problems.append(f"{name} must be {least} to {most}, not {value!r:.80}")
        return least

    def names(self, name: str, pattern: re.Pattern[str], *, lower: bool = True) -> frozenset[str]:
        value = self.raw.get(name, [])
        given = value if isinstance(value, list) else [None]
        if len(given) > MOST_NAMES or not all(
            isinstance(item, str) and pattern.fullmatch(item) for item in given
        ):
            self.problems.append(f"{name} is no list of names, or too long a one")
            return frozenset()
        return frozenset(str(item).lower() if lower else str(item) for item in given)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A message that waits, tried `tries` times. `trouble` is why it cannot be tried at all."""

    queue_id: str
    recipients: tuple[str, ...]
    created: int | None
    trouble: Left | None = None
    tries: int = 0

    @property
    def destinations(self) -> frozenset[str]:
        return frozenset(domain_of(name) for name in self.recipients)


@dataclass(frozen=True, slots=True)
class Batch:
    """Messages for one sendmail. `is_first`: the first one of some destination, and alone."""

    messages: tuple[Candidate, ...]
    is_first: bool = False

    @property
    def destinations(self) -> frozenset[str]:
        return frozenset[str]().union(*(item.destinations for item in self.messages))


@dataclass(slots=True)
class Plan:
    """Gives out the messages of a slice, the first one of each destination first.

    `ways` is what is known of destinations, and grows; `why` holds the receipt that closed one.
    `untouched` are the messages that will not be tried, each with the reason.
    """

    order: FlushOrder
    source: Iterator[Candidate]
    ways: dict[str, Way]
    why: dict[str, Receipt] = field(default_factory=dict)
    untouched: list[tuple[Candidate, Left]] = field(default_factory=list)
    exhausted: bool = False
    _ready: dict[frozenset[str], deque[Candidate]] = field(default_factory=dict)
    _blocked: list[Candidate] = field(default_factory=list)
    _busy: Counter[str] = field(default_factory=Counter)
    _pace: dict[frozenset[str], float] = field(default_factory=dict)

    @property
    def has_more(self) -> bool:
        """Whether something that could be tried was not given out."""
        return not self.exhausted or bool(self._blocked) or any(self._ready.values())

    def next_batch(self) -> Batch | None:
        """What the next sendmail is to do; None: nothing, or nothing until something was heard."""
        while self._looked_at() < WINDOW and not self.exhausted:
            candidate = next(self.source, None)
            if candidate is None:
                self.exhausted = True
            elif first := self._place(candidate):
                return first
        return self._from_ready()

    def _looked_at(self) -> int:
        return len(self._blocked) + sum(map(len, self._ready.values()))

    def _place(self, candidate: Candidate) -> Batch | None:
        destinations = candidate.destinations
        reason = candidate.trouble or self._reason(destinations)
        ways = {self.ways.get(name) for name in destinations}
        if reason is not None:
            self._leave(candidate, reason)
        elif Way.FIRST in ways:
            self._blocked.append(candidate)
        elif None in ways:
            new = [name for name in destinations if name not in self.ways]
            self.ways.update(dict.fromkeys(new, Way.FIRST))
            self._busy.update(destinations)
            return Batch((candidate,), is_first=True)
        else:
            self._ready.setdefault(destinations, deque()).append(candidate)
        return None

    def _reason(self, destinations: frozenset[str]) -> Left | None:
        if destinations & self.order.excluded:
            return Left.EXCLUDED
        if any(self._is_closed(name) for name in destinations):
            return Left.CLOSED
        if all(self.ways.get(name) is Way.UNREACHABLE for name in destinations):
            return Left.UNREACHABLE
        return None

    def _is_closed(self, name: str) -> bool:
        return name in self.order.closed or self.ways.get(name) is Way.CLOSED

    def _leave(self, candidate: Candidate, reason: Left) -> None:
        self.untouched.append((candidate, reason))

    def _from_ready(self) -> Batch | None:
        for key in list(self._ready):
            waiting = self._ready[key]
            if (reason := self._reason(key)) is not None:
                for candidate in waiting:
                    self._leave(candidate, reason)
                del self._ready[key]
            elif waiting and all(self._busy[name] < self.order.per_destination for name in key):
                many = self._many(key)
                taken = [waiting.popleft() for _ in range(min(many, len(waiting)))]
                # To the end, so that the next one is of another destination.
                self._ready[key] = self._ready.pop(key)
                self._busy.update(key)
                return Batch(tuple(taken))
        return None

    def _many(self, key: frozenset[str]) -> int:
        pace = self._pace.get(key)
        if not pace:
            return FEW_AT_ONCE
        return max(1, min(MOST_AT_ONCE, int(WORK_S / pace)))

    def heard(self, batch: Batch, receipts: Sequence[Receipt], seconds: float) -> None:
        """What came of a batch, after so many seconds."""
        key = batch.destinations
        self._busy.subtract(key)
        self._pace[key] = seconds / len(batch.messages)
        by_domain: dict[str, list[Receipt]] = {name: [] for name in key}
        for receipt in receipts:
            by_domain.setdefault(domain_of(receipt.recipient), []).append(receipt)
        for name, found in by_domain.items():
            self._judge(name, found)
        if batch.is_first:
            self.source = chain(self._blocked, self.source)
            self.exhausted = False
            self._blocked = []

    def _judge(self, name: str, receipts: Iterable[Receipt]) -> None:
        found = [item for item in receipts if item.fate is not Fate.UNTOUCHED]
        if closing := next((item for item in found if closes(item)), None):
            self.ways[name], self.why[name] = Way.CLOSED, closing
        elif self.ways.get(name) is Way.CLOSED:
            return
        elif not found:
            # Somebody else had the message: the next one is the first.
            if self.ways.get(name) is Way.FIRST:
                del self.ways[name]
        elif all(is_unreachable(item) for item in found):
            self.ways[name], self.why[name] = Way.UNREACHABLE, found[-1]
        else:
            self.ways[name] = Way.OPEN


def in_scope(order: FlushOrder, candidate: Candidate) -> bool:
    """Whether a message is of the run at all."""
    if order.queue_ids and candidate.queue_id not in order.queue_ids:
        return False
    if candidate.created is not None and candidate.created > order.before:
        return False
    return not order.domains or bool(candidate.destinations & order.domains)
