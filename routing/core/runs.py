"""Where two long texts differ: runs of lines that are the same, and between them those that are
not. Texts are compared in long strides: a line of its own is made only where one differs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

STRIDE = 1 << 14
"""So many characters are compared in one step."""


class Run(NamedTuple):
    """What is from `old_from` to `old_to` stands where `new_from` to `new_to` does; `same`: both
    are equal. Indices from 0, of lines or characters; the end is not in it."""

    same: bool
    old_from: int
    old_to: int
    new_from: int
    new_to: int


def runs_of_tables(old: str, new: str) -> Iterator[Run]:
    """Runs of characters that are whole lines, of which each has its line end. For tables in key
    order: one walk. Elsewhere the result is right, only not the shortest."""
    left = right = 0
    while left < len(old) and right < len(new):
        left_end = old.find("\n", left) + 1 or len(old)
        right_end = new.find("\n", right) + 1 or len(new)
        mine, theirs = old[left:left_end], new[right:right_end]
        if mine == theirs:
            size = _same_from(old, new, left, right)
            left_end, right_end = left + size, right + size
        elif key_of(mine) <= key_of(theirs):
            right_end = right
        else:
            left_end = left
        yield Run(mine == theirs, left, left_end, right, right_end)
        left, right = left_end, right_end
    if left < len(old) or right < len(new):
        yield Run(False, left, len(old), right, len(new))


def _same_from(old: str, new: str, left: int, right: int) -> int:
    """How many characters, in whole lines, are equal from here on."""
    size, step, most = 0, STRIDE, min(len(old) - left, len(new) - right)
    while step:
        at, to = left + size, right + size
        if size + step <= most and old[at : at + step] == new[to : to + step]:
            size += step
        else:
            step //= 2
    return old.rindex("\n", left, left + size) + 1 - left


def key_of(line: str) -> str:
    """What stands before the tab."""
    return line.partition("\t")[0]
