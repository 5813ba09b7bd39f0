"""What a flush remembers on the mail host, so that a killed agent goes on where it was.

state/flush/RUN/log     one JSON object a line: which messages a sendmail was given, its process,
                        what came of them, and the result of each slice
state/flush/RUN/N.out   what a sendmail prints; it holds the lock on it as long as it lives
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from spools.core.flush import Candidate, Way


@dataclass(slots=True)
class Begun:
    """A sendmail that was started and whose end nobody wrote down: the recipients of each of its
    messages, and how often each had been tried before."""

    number: int
    recipients: dict[str, list[str]]
    tries: dict[str, int]
    at: int
    pid: int = 0


@dataclass(slots=True)
class Book:
    """The memory of one run. `over` are the messages that are done with, `left` counts those of
    them that were not tried, by the reason; `skipped` how often one was not taken up, `back` those
    of this slice that somebody has to take up yet. `ways` are the destinations, `receipts` those of
    the slice in hand, `results` what each ended slice reported."""

    place: Path
    over: set[str] = field(default_factory=set)
    left: Counter[str] = field(default_factory=Counter)
    skipped: Counter[str] = field(default_factory=Counter)
    back: set[str] = field(default_factory=set)
    ways: dict[str, str] = field(default_factory=dict)
    receipts: list[dict[str, Any]] = field(default_factory=list)
    begun: dict[int, Begun] = field(default_factory=dict)
    results: dict[int, dict[str, Any]] = field(default_factory=dict)
    next_number: int = 1

    @classmethod
    def open(cls, place: Path) -> Book:
        """Read what there is; a last line that was cut off counts as never written."""
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
        book = cls(place)
        with suppress(FileNotFoundError):
            lines = (place / "log").read_bytes().split(b"\n")
            for line in lines[:-1]:
                with suppress(ValueError, KeyError, TypeError):
                    book._take(json.loads(line))
            if lines[-1]:
                (place / "log").write_bytes(b"\n".join([*lines[:-1], b""]))
        return book

    def begin(self, messages: Iterable[Candidate]) -> int:
        """Written before the sendmail starts; returns its number."""
        number = self.next_number
        recipients, tries = dict[str, list[str]](), dict[str, int]()
        for message in messages:
            recipients[message.queue_id] = list(message.recipients)
            tries[message.queue_id] = message.tries
        at = int(time.time())
        self._add({"begin": number, "recipients": recipients, "tries": tries, "at": at})
        return number

    def started(self, number: int, pid: int) -> None:
        self._add({"started": number, "pid": pid})

    def end(
        self, number: int, receipts: list[dict[str, Any]], skipped: list[str], *, cut: bool
    ) -> None:
        """What came of a sendmail; `skipped` are messages that it did not take up, because it was
        `cut` off or because somebody else had them."""
        entry = {"end": number, "receipts": receipts, "skipped": skipped, "cut": cut}
        self._add(entry)
        self.output(number).unlink(missing_ok=True)

    def leave(self, reason: str, queue_ids: list[str]) -> None:
        """Messages that will not be tried in this run."""
        self._add({"leave": reason, "ids": queue_ids})

    def learn(self, ways: dict[str, Way]) -> None:
        """Destinations whose way is known."""
        self._add({"ways": {name: way.value for name, way in ways.items() if way is not Way.FIRST}})

    def finish(self, slice_number: int, result: dict[str, Any]) -> None:
        self._add({"slice": slice_number, "result": result})

    def output(self, number: int) -> Path:
        return self.place / f"{number}.out"

    def remove(self) -> None:
        shutil.rmtree(self.place)

    def _add(self, entry: dict[str, Any]) -> None:
        with (self.place / "log").open("ab") as log:
            log.write(json.dumps(entry).encode() + b"\n")
        self._take(entry)

    def _take(self, entry: dict[str, Any]) -> None:
        if "begin" in entry:
            number = int(entry["begin"])
            # An agent of before wrote down no tries: then the time of the last one alone decides.
            tries = entry.get("tries", {})
            self.begun[number] = Begun(number, entry["recipients"], tries, int(entry["at"]))
            self.next_number = number + 1
        elif "started" in entry:
            self.begun[entry["started"]].pid = int(entry["pid"])
        elif "end" in entry:
            begun = self.begun.pop(entry["end"])
            self.receipts += entry["receipts"]
            skipped = set(entry["skipped"])
            self.over |= begun.recipients.keys() - skipped
            self.back |= skipped
            self.skipped.update([] if entry["cut"] else skipped)
        elif "leave" in entry:
            self.left[entry["leave"]] += len(entry["ids"])
            self.over |= set(entry["ids"])
        elif "ways" in entry:
            self.ways |= entry["ways"]
        elif "slice" in entry:
            self.results[int(entry["slice"])] = entry["result"]
            self.receipts, self.back = [], set()


@contextmanager
def only_one(state: Path) -> Iterator[Path]:
    """The directory of all flushes, for one of them at a time. Raises BlockingIOError."""
    place = state / "flush"
    place.mkdir(mode=0o700, exist_ok=True)
    lock = os.open(place / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield place
    finally:
        os.close(lock)


def others(place: Path, run: str) -> list[Book]:
    """What earlier runs left."""
    names = [entry for entry in place.iterdir() if entry.is_dir() and entry.name != run]
    return [Book.open(entry) for entry in sorted(names)]
