"""Where two long lists of lines differ: runs that are the same, and between them the lines that are
not. And a table of a million lines as a mapping, without a million entries."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

STRIDE = 512
"""So many lines are compared in one step."""


@dataclass(frozen=True, slots=True)
class Run:
    """Lines `old_from` to `old_to` stand where `new_from` to `new_to` do; `same`: they are equal.
    Indices from 0, the end is not in it."""

    same: bool
    old_from: int
    old_to: int
    new_from: int
    new_to: int


def runs_of_tables(old: Sequence[str], new: Sequence[str]) -> Iterator[Run]:
    """For tables in key order: one walk. Elsewhere the result is right, only not the shortest."""
    left = right = 0
    while left < len(old) and right < len(new):
        if old[left] == new[right]:
            size = _same_from(old, new, left, right)
            yield Run(True, left, left + size, right, right + size)
            left, right = left + size, right + size
        elif _key(old[left]) <= _key(new[right]):
            yield Run(False, left, left + 1, right, right)
            left += 1
        else:
            yield Run(False, left, left, right, right + 1)
            right += 1
    if left < len(old):
        yield Run(False, left, len(old), right, right)
    if right < len(new):
        yield Run(False, len(old), len(old), right, len(new))


def _same_from(old: Sequence[str], new: Sequence[str], left: int, right: int) -> int:
    """How many lines are equal from here on."""
    size, most = 0, min(len(old) - left, len(new) - right)
    while size + STRIDE <= most and (
        old[left + size : left + size + STRIDE] == new[right + size : right + size + STRIDE]
    ):
        size += STRIDE
    while size < most and old[left + size] == new[right + size]:
        size += 1
    return size


def _key(line: str) -> str:
    return line.partition("\t")[0]


class TableLines(Mapping[str, str]):
    """Keys and values of the text of a table; found by halving, so that nothing is built."""

    def __init__(self, text: str) -> None:
        # In key order already, as a tab is less than any sign of a key: sorting only looks.
        self.lines = sorted(line for line in text.split("\n") if "\t" in line)

    def __getitem__(self, key: str) -> str:
        start = f"{key}\t"
        place = bisect_left(self.lines, start)
        if place < len(self.lines) and self.lines[place].startswith(start):
            return self.lines[place][len(start) :]
        raise KeyError(key)

    def __iter__(self) -> Iterator[str]:
        return (_key(line) for line in self.lines)

    def __len__(self) -> int:
        return len(self.lines)

    def whole(self) -> dict[str, str]:
        """The same with an entry for each line: quicker to ask, where much is asked."""
        rows = (line.partition("\t") for line in self.lines)
        return {key: value for key, _, value in rows}

    def differ(self, other: TableLines) -> frozenset[str]:
        """The keys that are there once only, or with another value."""
        found = set[str]()
        for run in runs_of_tables(self.lines, other.lines):
            if not run.same:
                found.update(_key(line) for line in self.lines[run.old_from : run.old_to])
                found.update(_key(line) for line in other.lines[run.new_from : run.new_to])
        return frozenset(found)
