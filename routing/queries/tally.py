"""Counts over the rows of one list server that are carried on from write to write."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import TypeVar
from uuid import UUID

from routing.core.intent import RoutingObject

Key = TypeVar("Key")
Way = tuple[str, UUID | None, str]
"""The kind, the relay target and the mailer of a row."""


@dataclass(frozen=True)
class Tally:
    """`named`: how many rows name each relay target. `ways`: how many enabled rows go each way.
    Of each kind: `kinds` how many rows, `off` how many disabled, `edited` how many with an edit."""

    named: Counter[UUID] = field(default_factory=Counter)
    ways: Counter[Way] = field(default_factory=Counter)
    edited: Counter[str] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)
    off: Counter[str] = field(default_factory=Counter)

    def copy(self) -> Tally:
        """One that may be counted on."""
        return Tally(
            named=self.named.copy(),
            ways=self.ways.copy(),
            edited=self.edited.copy(),
            kinds=self.kinds.copy(),
            off=self.off.copy(),
        )

    def count(self, row: RoutingObject, step: int, *, edited: bool) -> None:
        """One row more, or one less with a `step` of -1. What nothing is left of is dropped."""
        if row.relay_target is not None:
            _add(self.named, row.relay_target, step)
        kind = row.kind.value
        _add(self.kinds, kind, step)
        if row.enabled:
            _add(self.ways, (kind, row.relay_target, row.mailer), step)
        else:
            _add(self.off, kind, step)
        if edited:
            _add(self.edited, kind, step)


def tally_of(rows: Iterable[RoutingObject], edited: Collection[UUID]) -> Tally:
    """Count all of them; `edited` are the objects with an edit."""
    found = Tally()
    for row in rows:
        found.count(row, 1, edited=row.id in edited)
    return found


def _add(counts: Counter[Key], key: Key, step: int) -> None:
    counts[key] += step
    if not counts[key]:
        del counts[key]
