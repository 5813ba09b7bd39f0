"""One slice: sendmails side by side, each with a few messages, until the time is over."""

from __future__ import annotations

import fcntl
import os
import select
import subprocess
import time
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from routing.agent.host import HostConfig
from spools.agent.ending import end_groups
from spools.agent.flush_book import Begun, Book
from spools.agent.kept import is_locked
from spools.agent.waiting import candidates, find_queue_files, read_message
from spools.core.flush import (
    Batch,
    Candidate,
    FlushOrder,
    Left,
    Plan,
    Way,
    command_of,
    in_scope,
)
from spools.core.queue_file import QueuedMessage
from spools.core.receipts import Fate, Receipt, Tried, read_transcript, settle
from spools.core.run_kind import RunKind

ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C", "HOME": "/nonexistent"}
START_SHARE, END_SHARE = 2 / 3, 5 / 6
"""Of the slice's time: until when sendmails are started, and from when those left are ended."""
MOST_RECEIPTS = 20_000
MOST_UNTOUCHED = 500
MOST_SKIPS = 3
"""A message that so many sendmails did not take up is left: somebody else has it."""
MOST_TRANSCRIPT = 16 * 1024 * 1024
LONG_S = 10.0
STUCK_S = 1.0


@dataclass(slots=True)
class _Runner:
    """One sendmail with its messages."""

    number: int
    batch: Batch
    process: subprocess.Popen[bytes]
    began: float
    pidfd: int


@dataclass(slots=True)
class Slice:
    """Run it once. `host.spool` may hold any number of messages; those that count are read."""

    host: HostConfig
    order: FlushOrder
    book: Book
    running: dict[int, _Runner] = field(default_factory=dict)
    doubts: int = 0
    cut: bool = False

    def run(self) -> dict[str, Any]:
        """The result as the report has it, with its receipts. Raises OSError."""
        began, clock = int(time.time()), time.monotonic()
        recover(self.host, self.book)
        files = find_queue_files(self.host.spool)
        start_until = clock + self.order.seconds * START_SHARE
        plan = self._plan(files, start_until)
        end_at = clock + self.order.seconds * END_SHARE
        while time.monotonic() < end_at:
            may_start = time.monotonic() < start_until and len(self.book.receipts) < MOST_RECEIPTS
            while may_start and len(self.running) < self.order.runners:
                batch = plan.next_batch()
                if batch is None:
                    break
                self._start(batch)
                may_start = time.monotonic() < start_until
            if not self.running:
                break
            self._wait(plan, files, min(end_at, time.monotonic() + STUCK_S))
        self._end(plan, files, clock + self.order.seconds)
        return self._result(plan, began)

    def _plan(self, files: dict[str, Path], until: float) -> Plan:
        ways = {name: Way(way) for name, way in self.book.ways.items()}
        busy = [name for name, times in self.book.skipped.items() if times >= MOST_SKIPS]
        if given_up := [name for name in busy if name in files and name not in self.book.over]:
            self.book.leave(Left.BUSY.value, given_up)
        return Plan(self.order, self._candidates(files, until), ways)

    def _candidates(self, files: dict[str, Path], until: float) -> Iterator[Candidate]:
        """Of a spool that is too large to be read in one slice, as much as there is time for."""
        for candidate in candidates(files, self.book.over):
            if in_scope(self.order, candidate):
                yield candidate
            if time.monotonic() > until:
                self.cut = True
                return

    def _start(self, batch: Batch) -> None:
        number = self.book.begin(batch.messages)
        ids = [item.queue_id for item in batch.messages]
        output = open_output(self.book.output(number))
        try:
            process = subprocess.Popen(
                command(self.host, self.order.kind, self.order.release, ids),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd="/",
                env=ENVIRONMENT,
                start_new_session=True,
            )
        finally:
            os.close(output)
        self.book.started(number, process.pid)
        pidfd = os.pidfd_open(process.pid)
        self.running[pidfd] = _Runner(number, batch, process, time.monotonic(), pidfd)

    def _wait(self, plan: Plan, files: dict[str, Path], until: float) -> None:
        """Until one ends, or the time is over."""
        ready, _, _ = select.select(list(self.running), [], [], max(0.0, until - time.monotonic()))
        for pidfd in ready:
            self._take(plan, files, self.running.pop(pidfd), cut=False)

    def _end(self, plan: Plan, files: dict[str, Path], until: float) -> None:
        """Nothing is left behind when this returns."""
        if not self.running:
            return
        groups = [runner.process.pid for runner in self.running.values()]
        self.doubts += end_groups(groups, max(0.0, until - time.monotonic())).in_doubt
        for runner in list(self.running.values()):
            self._take(plan, files, self.running.pop(runner.pidfd), cut=True)

    def _take(self, plan: Plan, files: dict[str, Path], runner: _Runner, *, cut: bool) -> None:
        runner.process.wait()
        os.close(runner.pidfd)
        took = time.monotonic() - runner.began
        # What came to nothing in all that time is not only short of time.
        cut = cut and took < LONG_S
        receipts = end_one(self.book, self.book.begun[runner.number], files, cut=cut)
        plan.heard(runner.batch, receipts, took)
        named = runner.batch.destinations & plan.ways.keys()
        self.book.learn({name: plan.ways[name] for name in named})

    def _result(self, plan: Plan, began: int) -> dict[str, Any]:
        untouched = self._leave(plan)
        receipts = self.book.receipts
        return {
            "run": self.order.run,
            "slice": self.order.slice,
            "release": self.order.release,
            "began": began,
            "ended": int(time.time()),
            "more": self.cut or plan.has_more or self._is_owed(),
            "messages": len({item["queue_id"] for item in receipts}),
            "fates": dict(Counter(item["fate"] for item in receipts)),
            "left": dict(self.book.left),
            "in_doubt": self.doubts,
            "ways": _ways(plan),
            "receipts": [*receipts, *untouched],
        }

    def _leave(self, plan: Plan) -> list[dict[str, Any]]:
        """Write down what will not be tried; receipts of the first few."""
        reasons = dict[Left, list[str]]()
        for candidate, reason in plan.untouched:
            reasons.setdefault(reason, []).append(candidate.queue_id)
        for reason, queue_ids in reasons.items():
            self.book.leave(reason.value, queue_ids)
        return _untouched(plan.untouched[:MOST_UNTOUCHED])

    def _is_owed(self) -> bool:
        """Whether something that was given out comes back for another slice."""
        there = find_queue_files(self.host.spool).keys() if self.book.back else ()
        return bool(self.book.back & set(there) - self.book.over)


def command(host: HostConfig, kind: RunKind, release: str, queue_ids: Iterable[str]) -> list[str]:
    """The argument list that sends these messages by a release, and says all."""
    place = host.routing / "releases" / release
    return command_of(kind, os.fspath(host.sendmail), os.fspath(place), queue_ids)


def open_output(path: Path) -> int:
    """A file for what a sendmail prints. The lock goes to it with the descriptor, and is free when
    the last process that has it is gone."""
    output = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    fcntl.flock(output, fcntl.LOCK_EX)
    return output


def recover(host: HostConfig, book: Book) -> None:
    """End what a dead agent left running, and read what it did."""
    begun = list(book.begun.values())
    alive = [item for item in begun if _is_held(book.output(item.number))]
    groups = [item.pid for item in alive if item.pid]
    if groups:
        end_groups(groups, STUCK_S * 30)
    files = find_queue_files(host.spool) if begun else {}
    for item in begun:
        _until_free(book.output(item.number))
        end_one(book, item, files, cut=True)


def end_one(book: Book, begun: Begun, files: dict[str, Path], *, cut: bool) -> list[Receipt]:
    """Read what one sendmail did with its messages, and write it down."""
    said = _transcript(book.output(begun.number))
    tried = {item.queue_id: item for item in read_transcript(said, begun.recipients.keys())}
    receipts, skipped = list[Receipt](), list[str]()
    for queue_id, names in begun.recipients.items():
        found = _settled(begun, queue_id, names, tried.get(queue_id), files)
        if all(item.fate is Fate.UNTOUCHED for item in found):
            skipped.append(queue_id)
        else:
            receipts += found
    book.end(begun.number, [as_json(item) for item in receipts], skipped, cut=cut)
    return receipts


def _transcript(output: Path) -> bytes:
    try:
        with output.open("rb") as file:
            return file.read(MOST_TRANSCRIPT)
    except FileNotFoundError:
        return b""


def _settled(
    begun: Begun,
    queue_id: str,
    names: Collection[str],
    tried: Tried | None,
    files: dict[str, Path],
) -> tuple[Receipt, ...]:
    path = files.get(queue_id)
    message = read_message(path) if path else None
    if message is None:
        return settle(queue_id, before=names, after=(), tried=tried)
    answers = dict[str, str]()
    if _is_tried_since(begun, queue_id, message):
        answers = {item.address.lower(): item.status for item in message.recipients}
        answers[""] = message.status
    after = [item.address for item in message.recipients]
    return settle(queue_id, before=names, after=after, tried=tried, answers=answers)


def _is_tried_since(begun: Begun, queue_id: str, message: QueuedMessage) -> bool:
    """What the file says of an earlier try is no answer to this one, though it was made in the same
    second."""
    tries = begun.tries.get(queue_id, -1)
    return (message.last_try or 0) >= begun.at and (message.tries or 0) > tries


def _is_held(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return is_locked(file.fileno())
    except FileNotFoundError:
        return False


def _until_free(path: Path) -> None:
    while _is_held(path):
        time.sleep(0.1)


def as_json(receipt: Receipt) -> dict[str, Any]:
    """As it crosses the wire."""
    return {**asdict(receipt), "fate": receipt.fate.value, "step": receipt.step.value}


def _untouched(left: Iterable[tuple[Candidate, Left]]) -> list[dict[str, Any]]:
    return [
        as_json(Receipt(item.queue_id, name, Fate.UNTOUCHED, text=reason.value))
        for item, reason in left
        for name in item.recipients
    ]


def _ways(plan: Plan) -> list[dict[str, Any]]:
    """Every destination that is known, with the answer that closed it."""
    found = []
    for name, way in sorted(plan.ways.items()):
        why = plan.why.get(name)
        told = {"code": why.code, "text": why.text, "host": why.host} if why else {}
        if way is not Way.FIRST:
            found.append({"domain": name, "way": way.value, **told})
    return found
