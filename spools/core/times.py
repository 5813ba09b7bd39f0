"""Many times, of which ages are counted at any moment without going through them."""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable

from spools.core.summary import AGE_EDGES_MIN

LATEST = 2**32 - 2
"""Four bytes a time. What a spoiled file says may be later; that is in the future all the same."""
MOSTLY_NEW = 4
"""From one in so many on, all are sorted anew."""


class Times:
    """A sorted multiset of seconds since the epoch. Changes cost nothing before it is asked."""

    __slots__ = ("_all", "added", "removed")

    def __init__(self, times: Iterable[int] = ()) -> None:
        self._all = array("I", sorted(times))
        self.added: list[int] = []
        """Append to it what is new."""
        self.removed: list[int] = []
        """Append to it what is gone, which must have been added."""

    def __len__(self) -> int:
        return len(self._all) + len(self.added) - len(self.removed)

    @property
    def first(self) -> int | None:
        """The earliest, None of nothing."""
        return self.all[0] if self.all else None

    @property
    def last(self) -> int | None:
        return self.all[-1] if self.all else None

    @property
    def all(self) -> array[int]:
        """Sorted. Not to be changed."""
        if self.added or self.removed:
            self._settle()
        return self._all

    def merge(self, times: array[int]) -> None:
        """Add many at once, which are sorted."""
        self._all = array("I", sorted([*self.all, *times])) if self.all else times

    def ages(self, at: int) -> list[int]:
        """How many are in each bucket of qshape; what is later than `at` is young."""
        times = self.all
        later = len(times)
        counts = []
        for edge in AGE_EDGES_MIN:
            # Younger than the edge: its age is below it.
            first = bisect_right(times, at - edge * 60, 0, later)
            counts.append(later - first)
            later = first
        return [*counts, later]

    def _settle(self) -> None:
        self.added.sort()
        self.removed.sort()
        if len(self.added) * MOSTLY_NEW > len(self._all):
            self._all = array("I", sorted([*self._all, *self.added]))
        elif self.added:
            self._all = _with(self._all, self.added)
        if self.removed:
            self._all = _without(self._all, self.removed)
        self.added, self.removed = [], []


def _with(times: array[int], added: list[int]) -> array[int]:
    """Whole stretches at a time; both are sorted."""
    merged, begin = array("I"), 0
    for time in added:
        end = bisect_right(times, time, begin)
        merged.extend(times[begin:end])
        merged.append(time)
        begin = end
    merged.extend(times[begin:])
    return merged


def _without(times: array[int], removed: list[int]) -> array[int]:
    kept, begin = array("I"), 0
    for time in removed:
        end = bisect_left(times, time, begin)
        kept.extend(times[begin:end])
        begin = end + 1
    kept.extend(times[begin:])
    return kept
