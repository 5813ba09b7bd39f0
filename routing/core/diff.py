"""Line differences of two texts for the file view."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from routing.core.bundle import Bundle

CONTEXT = 3
SMALL = 4000
"""difflib is quadratic at worst: above so many lines a text is compared as a sorted table."""


@dataclass(frozen=True, slots=True)
class DiffLine:
    """`sign` is "+", "-" or " "; a line number is 1-based, None where the line is not."""

    old: int | None
    new: int | None
    sign: str
    text: str


@dataclass(frozen=True, slots=True)
class Hunk:
    """Lines that belong together; `skipped` unchanged lines are folded before it."""

    skipped: int
    lines: tuple[DiffLine, ...]


@dataclass(frozen=True, slots=True)
class FileDiff:
    """`after` is the number of unchanged lines folded behind the last hunk."""

    name: str
    added: int
    removed: int
    hunks: tuple[Hunk, ...]
    after: int = 0


def diff_texts(name: str, old: str, new: str) -> FileDiff:
    """The difference of two texts. Equal ones have no hunks."""
    before, after = old.splitlines(), new.splitlines()
    if max(len(before), len(after)) <= SMALL:
        lines = list(_by_difflib(before, after))
    else:
        lines = list(_by_merge(before, after))
    hunks, folded = _fold(lines)
    return FileDiff(
        name=name,
        added=sum(line.sign == "+" for line in lines),
        removed=sum(line.sign == "-" for line in lines),
        hunks=hunks,
        after=folded,
    )


def diff_bundles(live: Bundle | None, proposed: Bundle) -> tuple[FileDiff, ...]:
    """The files that differ, in order of name."""
    old = {} if live is None else dict(live.files)
    names = sorted(old.keys() | proposed.files.keys())
    pairs = ((name, old.get(name, ""), proposed.files.get(name, "")) for name in names)
    return tuple(diff_texts(*pair) for pair in pairs if pair[1] != pair[2])


def _by_difflib(old: Sequence[str], new: Sequence[str]) -> Iterator[DiffLine]:
    matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
    for tag, old_from, old_to, new_from, new_to in matcher.get_opcodes():
        if tag == "equal":
            for step in range(old_to - old_from):
                yield _same(old_from + step, new_from + step, old[old_from + step])
            continue
        yield from _removed(old, range(old_from, old_to))
        yield from _added(new, range(new_from, new_to))


def _by_merge(old: Sequence[str], new: Sequence[str]) -> Iterator[DiffLine]:
    """For tables in key order: one walk. Elsewhere the result is right, only not the shortest."""
    left = right = 0
    while left < len(old) and right < len(new):
        if old[left] == new[right]:
            yield _same(left, right, old[left])
            left, right = left + 1, right + 1
        elif _key(old[left]) <= _key(new[right]):
            yield from _removed(old, range(left, left + 1))
            left += 1
        else:
            yield from _added(new, range(right, right + 1))
            right += 1
    yield from _removed(old, range(left, len(old)))
    yield from _added(new, range(right, len(new)))


def _key(line: str) -> str:
    return line.partition("\t")[0]


def _same(old: int, new: int, text: str) -> DiffLine:
    return DiffLine(old + 1, new + 1, " ", text)


def _removed(old: Sequence[str], numbers: Iterable[int]) -> Iterator[DiffLine]:
    return (DiffLine(number + 1, None, "-", old[number]) for number in numbers)


def _added(new: Sequence[str], numbers: Iterable[int]) -> Iterator[DiffLine]:
    return (DiffLine(None, number + 1, "+", new[number]) for number in numbers)


def _fold(lines: Sequence[DiffLine]) -> tuple[tuple[Hunk, ...], int]:
    """Keep CONTEXT unchanged lines around each change; the second result is what is left over."""
    hunks: list[Hunk] = []
    end = 0
    for start, stop in _spans(lines):
        hunks.append(Hunk(start - end, tuple(lines[start:stop])))
        end = stop
    return tuple(hunks), len(lines) - end


def _spans(lines: Sequence[DiffLine]) -> list[tuple[int, int]]:
    spans: list[tuple[int, int]] = []
    for number, line in enumerate(lines):
        if line.sign == " ":
            continue
        start, stop = max(0, number - CONTEXT), min(len(lines), number + CONTEXT + 1)
        if spans and start <= spans[-1][1]:
            spans[-1] = (spans[-1][0], stop)
        else:
            spans.append((start, stop))
    return spans
