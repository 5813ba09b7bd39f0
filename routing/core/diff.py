"""Line differences of two texts for the file view."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from routing.core.bundle import Bundle
from routing.core.runs import Run, runs_of_tables

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
    small = max(len(before), len(after)) <= SMALL
    runs = list(_by_difflib(before, after) if small else runs_of_tables(before, after))
    changed = [run for run in runs if not run.same]
    hunks, folded = _fold(before, after, runs)
    return FileDiff(
        name=name,
        added=sum(run.new_to - run.new_from for run in changed),
        removed=sum(run.old_to - run.old_from for run in changed),
        hunks=hunks,
        after=folded,
    )


def diff_bundles(live: Bundle | None, proposed: Bundle) -> tuple[FileDiff, ...]:
    """The files that differ, in order of name."""
    old = {} if live is None else dict(live.files)
    names = sorted(old.keys() | proposed.files.keys())
    pairs = ((name, old.get(name, ""), proposed.files.get(name, "")) for name in names)
    return tuple(diff_texts(*pair) for pair in pairs if pair[1] != pair[2])


def _by_difflib(old: Sequence[str], new: Sequence[str]) -> Iterator[Run]:
    matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
    for tag, *places in matcher.get_opcodes():
        yield Run(tag == "equal", *places)


def _fold(
    old: Sequence[str], new: Sequence[str], runs: Sequence[Run]
) -> tuple[tuple[Hunk, ...], int]:
    """Keep CONTEXT unchanged lines around each change; the second result is what is left over."""
    hunks: list[Hunk] = []
    lines, skipped = list[DiffLine](), 0
    for number, run in enumerate(runs):
        if not run.same:
            lines += _removed(old, range(run.old_from, run.old_to))
            lines += _added(new, range(run.new_from, run.new_to))
            continue
        size = run.old_to - run.old_from
        head = min(CONTEXT, size) if number else 0
        tail = min(CONTEXT, size - head) if number + 1 < len(runs) else 0
        lines += _same(old, run, range(head))
        if head + tail < size:
            if lines:
                hunks.append(Hunk(skipped, tuple(lines)))
                lines, skipped = [], 0
            skipped += size - head - tail
        lines += _same(old, run, range(size - tail, size))
    if lines:
        hunks.append(Hunk(skipped, tuple(lines)))
        skipped = 0
    return tuple(hunks), skipped


def _same(old: Sequence[str], run: Run, steps: Iterable[int]) -> Iterator[DiffLine]:
    for step in steps:
        place = run.old_from + step
        yield DiffLine(place + 1, run.new_from + step + 1, " ", old[place])


def _removed(old: Sequence[str], numbers: Iterable[int]) -> Iterator[DiffLine]:
    return (DiffLine(number + 1, None, "-", old[number]) for number in numbers)


def _added(new: Sequence[str], numbers: Iterable[int]) -> Iterator[DiffLine]:
    return (DiffLine(None, number + 1, "+", new[number]) for number in numbers)
