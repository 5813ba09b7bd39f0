"""What one of a few processes reads in the first look at a queue directory, in columns.

Only waiting messages that are as sendmail writes most are put in columns. The others are named, to
be looked at with all care, as they are in later scans.
"""

from __future__ import annotations

import os
from array import array
from collections.abc import Callable, Iterable
from typing import NamedTuple

from spools.agent.reading import Places, read_file
from spools.core.quick import quick_answer, quick_domain, quick_parts
from spools.core.reasons import fold
from spools.core.times import LATEST

MEMO_MOST = 10_000
COLUMNS = {
    "created": "I",
    "last_try": "I",
    "reason": "I",
    "queue_bytes": "I",
    "data_bytes": "Q",
    "changed": "Q",
    "recipients": "I",
}
"""Names and types of what is known of each message: columns of a Table, and how many recipients it
has."""

Sample = tuple[int, bytes, bytes]
"""The oldest message of a reason: when it was created, its id, the line of its answer."""
Group = tuple[str, bytes, bytes, Sample]
"""A domain or a reason: its name; when its messages were created, a domain's once for each of its
recipients; their last tries; its sample. Times are sorted, four bytes each."""


class Part(NamedTuple):
    """What one process found. Each column has a value for each message that was read, but those in
    `odd`, which need a closer look; that of reasons has indexes in `reasons`. `recipients` are
    indexes in `domains`, of one message after the other."""

    columns: dict[str, bytes]
    recipients: bytes
    domains: list[Group]
    reasons: list[Group]
    odd: list[bytes]


def read_share(places: Places, identities: Iterable[bytes]) -> Part:
    """Read the messages with these ids, in their order."""
    rows = _Rows()
    odd = [identity for identity in identities if not rows.read(places, identity)]
    return rows.part(odd)


class _Groups(dict[bytes, int]):
    """The number of a domain or reason by what is written for it. Many ways to write it may have
    one name."""

    def __init__(self, name_of: Callable[[bytes], str]) -> None:
        super().__init__()
        self.name_of = name_of
        self.numbers: dict[str, int] = {}
        self.created: list[list[int]] = []
        self.tries: list[list[int]] = []
        self.samples: list[Sample] = []

    def __missing__(self, written: bytes) -> int:
        if len(self) >= MEMO_MOST:
            self.clear()
        number = self.numbers.setdefault(self.name_of(written), len(self.numbers))
        if number == len(self.created):
            self.created.append([])
            self.tries.append([])
            self.samples.append((LATEST + 1, b"", b""))
        self[written] = number
        return number

    def groups(self) -> list[Group]:
        return [
            (name, _sorted(created), _sorted(tries), sample)
            for name, created, tries, sample in zip(
                self.numbers, self.created, self.tries, self.samples, strict=True
            )
        ]


def _sorted(times: list[int]) -> bytes:
    return array("I", sorted(times)).tobytes()


class _Rows:
    """Grow by one message after the other."""

    def __init__(self) -> None:
        self.rows, self.recipients = array("Q"), array("I")
        self.domains = _Groups(quick_domain)
        self.reasons = _Groups(lambda line: fold(quick_answer(line)))

    def read(self, places: Places, identity: bytes) -> bool:
        """Add this message; False when it is to be looked at with more care, and nothing is."""
        try:
            raw, changed_ns = read_file(places.control, b"qf" + identity)
            body = os.stat(b"df" + identity, dir_fd=places.data, follow_symlinks=False)
        except OSError:
            return False
        parts = quick_parts(raw)
        if parts is None:
            return False
        first, last, line, written = parts
        created, tried = int(first), int(last)
        if created > LATEST or tried > LATEST:
            return False
        reason = self._reason(line, created, tried, identity)
        self._recipients(written, created)
        sizes = (len(raw), body.st_size)
        self.rows.extend((created, tried, reason, *sizes, changed_ns, len(written)))
        return True

    def _reason(self, line: bytes, created: int, tried: int, identity: bytes) -> int:
        reasons, number = self.reasons, self.reasons[line]
        reasons.created[number].append(created)
        if tried:
            reasons.tries[number].append(tried)
        if (created, identity) < reasons.samples[number]:
            reasons.samples[number] = (created, identity, line)
        return number

    def _recipients(self, written: list[bytes], created: int) -> None:
        domains = self.domains
        numbers = [domains[address] for address in written]
        times = domains.created
        for number in numbers:
            times[number].append(created)
        self.recipients.extend(numbers)

    def part(self, odd: list[bytes]) -> Part:
        width = len(COLUMNS)
        columns = (
            array(code, self.rows[at::width]).tobytes() for at, code in enumerate(COLUMNS.values())
        )
        return Part(
            dict(zip(COLUMNS, columns, strict=True)),
            self.recipients.tobytes(),
            self.domains.groups(),
            self.reasons.groups(),
            odd,
        )
