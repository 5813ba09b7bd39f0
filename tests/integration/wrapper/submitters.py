"""Many submitters at once, and what became of all that they submitted."""

from __future__ import annotations

import itertools
import subprocess
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field

from tests.fixtures.sandbox import Sink

SUBMITTERS = 8

Submit = Callable[[str], subprocess.CompletedProcess[bytes]]
"""Submits a message to one recipient."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A submission that did not exit with 0, and what it said."""

    code: int
    said: str


@dataclass(slots=True)
class Tally:
    """What was submitted, by recipient, and what of it failed."""

    recipients: list[str] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    stop: threading.Event = field(default_factory=threading.Event)

    def describe(self) -> str:
        """The counts: of all, and of the failures by exit code."""
        codes = Counter(failure.code for failure in self.failures)
        parts = [f"{count} exited with {code}" for code, count in sorted(codes.items())]
        return ", ".join([f"{len(self.recipients)} submissions", *(parts or ["no failure"])])

    def assert_delivered_once(self, *sinks: Sink) -> None:
        """Everything reached one of the sinks, and nothing did twice."""
        delivered = Counter(name for sink in sinks for name in sink.recipients())
        assert self.failures == []
        assert delivered == Counter(self.recipients)
        assert all(sink.messages() for sink in sinks)


@contextmanager
def busy(submit: Submit) -> Iterator[Tally]:
    """Eight submitters, each with one message after the other; all are through at the end."""
    tally = Tally()
    with ThreadPoolExecutor(SUBMITTERS) as pool:
        running = [
            pool.submit(_submit_until, submit, number, tally) for number in range(SUBMITTERS)
        ]
        try:
            yield tally
        finally:
            tally.stop.set()
        for one in running:
            one.result()


def _submit_until(submit: Submit, submitter: int, tally: Tally) -> None:
    for number in itertools.count():
        if tally.stop.is_set():
            return
        recipient = f"r{submitter}-{number}@example.net"
        done = submit(recipient)
        tally.recipients.append(recipient)
        if done.returncode != 0:
            said = (done.stdout + done.stderr).decode(errors="replace")
            tally.failures.append(Failure(done.returncode, said))
