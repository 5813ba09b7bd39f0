"""A table of a million lines as a mapping, without a million entries, and what another one changes
in it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache, partial
from itertools import groupby, repeat
from operator import attrgetter, contains

from routing.core.runs import STRIDE, key_of, runs_of_tables
from routing.core.table import value_in

MANY_ASKED = 1024
"""Answers that are kept: as many keys as one plan looks up by halving."""


class TableLines(Mapping[str, str]):
    """Keys and values of the text of a table, which has `size` lines in key order; found by
    halving, so that nothing is built."""

    def __init__(self, text: str, size: int) -> None:
        self._text, self._size = text, size
        # Neighbours have the same suffixes, which are asked for again with each of them.
        self._value = lru_cache(maxsize=MANY_ASKED)(partial(value_in, text))

    @classmethod
    def of(cls, text: str) -> TableLines:
        """Of any text those lines that have a tab, in key order, as they nearly always are."""
        size = _size_in_order(text)
        if size is not None:
            return cls(text, size)
        lines = sorted(f"{line}\n" for line in text.split("\n") if "\t" in line)
        return cls("".join(lines), len(lines))

    def __getitem__(self, key: str) -> str:
        value = self._value(key)
        if value is None:
            raise KeyError(key)
        return value

    def __iter__(self) -> Iterator[str]:
        return map(key_of, self._text.splitlines())

    def __len__(self) -> int:
        return self._size

    def whole(self) -> dict[str, str]:
        """The same with an entry for each line: quicker to ask, where much is asked."""
        rows = (line.partition("\t") for line in self._text.split("\n") if line)
        return {key: value for key, _, value in rows}

    def changed_to(self, text: str) -> tuple[TableLines, frozenset[str]]:
        """The lines of another text, and the keys that are in one only or with another value."""
        keys, size = set[str](), self._size
        for same, group in groupby(runs_of_tables(self._text, text), attrgetter("same")):
            if same:
                continue
            runs = list(group)
            first, last = runs[0], runs[-1]
            if not _is_in_order_around(text, first.new_from, last.new_to):
                return self.changed_to(TableLines.of(text)._text)
            removed = self._text[first.old_from : last.old_to].splitlines()
            added = text[first.new_from : last.new_to].splitlines()
            keys.update(map(key_of, removed), map(key_of, added))
            size += len(added) - len(removed)
        return TableLines(text, size), frozenset(keys)


def _is_in_order_around(text: str, begin: int, end: int) -> bool:
    """Together with the line before and the line after."""
    start = text.rfind("\n", 0, max(begin - 1, 0)) + 1
    return _size_in_order(text[start : text.find("\n", end) + 1 or len(text)]) is not None


def _size_in_order(text: str) -> int | None:
    """How many lines a table in key order has; None for any other text."""
    size, start, before = 0, 0, ""
    while start < len(text):
        end = text.find("\n", start + STRIDE) + 1 or len(text)
        lines = text[start:end].split("\n")
        has_end = lines.pop() == ""
        in_order = all(map(contains, lines, repeat("\t"))) and lines == sorted(lines)
        if not (has_end and in_order and before <= lines[0]):
            return None
        size, start, before = size + len(lines), end, lines[-1]
    return size
