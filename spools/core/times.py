"""Many times, of which ages are counted at any moment without going through them."""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable

from spools.core.summary import AGE_EDGES_MIN

LATEST = 2**32 - 2
"""Four bytes a time. What a spoiled file says may be later; that is in the future all the same."""
FEW = 64
"""Up to so many changes one by one, else all at once."""


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
        changes = len(self.added) + len(self.removed)
        if changes <= FEW and len(self._all) > FEW:
            for time in self.added:
                self._all.insert(bisect_right(self._all, time), time)
            for time in self.removed:
                del self._all[bisect_left(self._all, time)]
        else:
            self._all = array("I", self._merged())
        self.added, self.removed = [], []

    def _merged(self) -> list[int]:
        merged = [*self._all, *self.added]
        merged.sort()
        if not self.removed:
            return merged
        gone = Counter(self.removed)
        kept = []
        for time in merged:
            if gone.get(time):
                gone[time] -= 1
            else:
                kept.append(time)
        return kept
