"""Line differences of two texts for the file view."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from routing.core.bundle import Bundle
from routing.core.runs import Run, runs_of_tables

CONTEXT = 3
SMALL = 4000
"""difflib is quadratic at worst: above so many lines a text is compared as a sorted table."""
OTHER_ENDS = "\r\v\f\x1c\x1d\x1e\x85\u2028\u2029"
"""What ends a line too. No table has any of them."""
Compared = tuple[dict[int, str], dict[int, str], list[Run]]
"""Lines of both texts by their number from 0, at least all that can be shown, and what is where."""


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
    compared = _by_walk if _is_long(old) or _is_long(new) else _by_difflib
    before, after, runs = compared(old, new)
    changed = [run for run in runs if not run.same]
    hunks, folded = _fold(before, after, runs)
    return FileDiff(
        name=name,
        added=sum(run.new_to - run.new_from for run in changed),
        removed=sum(run.old_to - run.old_from for run in changed),
        hunks=hunks,
        after=folded,
    )


def _is_long(text: str) -> bool:
    return len(list(islice(re.finditer("\n", text), SMALL + 1))) > SMALL


def diff_bundles(live: Bundle | None, proposed: Bundle) -> tuple[FileDiff, ...]:
    """The files that differ, in order of name."""
    old = {} if live is None else dict(live.files)
    names = sorted(old.keys() | proposed.files.keys())
    pairs = ((name, old.get(name, ""), proposed.files.get(name, "")) for name in names)
    return tuple(diff_texts(*pair) for pair in pairs if pair[1] != pair[2])


def _by_difflib(old: str, new: str) -> Compared:
    before, after = old.splitlines(), new.splitlines()
    matcher = difflib.SequenceMatcher(None, before, after, autojunk=False)
    runs = [Run(tag == "equal", *places) for tag, *places in matcher.get_opcodes()]
    return dict(enumerate(before)), dict(enumerate(after)), runs


def _by_walk(old: str, new: str) -> Compared:
    """Of a million lines that are the same only those are read that stand beside another."""
    old, new = _ended(old), _ended(new)
    before, after, runs = dict[int, str](), dict[int, str](), list[Run]()
    left = right = 0
    for run in runs_of_tables(old, new):
        if run.same:
            size = old.count("\n", run.old_from, run.old_to)
            left_to, right_to = left + size, right + size
            before |= _first_and_last(old[run.old_from : run.old_to], left, left_to)
        else:
            removed = old[run.old_from : run.old_to].splitlines()
            added = new[run.new_from : run.new_to].splitlines()
            left_to, right_to = left + len(removed), right + len(added)
            before |= enumerate(removed, left)
            after |= enumerate(added, right)
        runs.append(Run(run.same, left, left_to, right, right_to))
        left, right = left_to, right_to
    return before, after, runs


def _first_and_last(text: str, start: int, end: int) -> dict[int, str]:
    """Those lines of a run, from number `start` to `end`, that are shown beside a change."""
    first = text.split("\n", CONTEXT)[: min(CONTEXT, end - start)]
    last = text.rsplit("\n", CONTEXT + 1)[-CONTEXT - 1 : -1]
    return dict(enumerate(first, start)) | dict(enumerate(last, end - len(last)))


def _ended(text: str) -> str:
    """With a line end, and no other one, behind each line."""
    if text.endswith("\n") and not any(end in text for end in OTHER_ENDS):
        return text
    return "".join(f"{line}\n" for line in text.splitlines())


def _fold(
    old: Mapping[int, str], new: Mapping[int, str], runs: Sequence[Run]
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


def _same(old: Mapping[int, str], run: Run, steps: Iterable[int]) -> Iterator[DiffLine]:
    for step in steps:
        place = run.old_from + step
        yield DiffLine(place + 1, run.new_from + step + 1, " ", old[place])


def _removed(old: Mapping[int, str], numbers: Iterable[int]) -> Iterator[DiffLine]:
    return (DiffLine(number + 1, None, "-", old[number]) for number in numbers)


def _added(new: Mapping[int, str], numbers: Iterable[int]) -> Iterator[DiffLine]:
    return (DiffLine(None, number + 1, "+", new[number]) for number in numbers)
