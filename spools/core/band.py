"""The last day of a relay as a band: which state it was in, from when to when. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from spools.core.health import RelayState

DAY_S = 86_400


@dataclass(frozen=True, slots=True)
class Stretch:
    """One state from `start` to `end`, in seconds since the epoch."""

    state: RelayState
    start: int
    end: int
    why: str = ""

    @property
    def seconds(self) -> int:
        """How long it lasted."""
        return self.end - self.start


def band(
    turns: Sequence[tuple[int, RelayState, str]], now: int, *, seconds: int = DAY_S
) -> tuple[Stretch, ...]:
    """The stretches of the last `seconds`, without a gap, from turns (moment, state, why) in their
    order. What was before the first of them is unknown.
    """
    begin, found = now - seconds, []
    every = [(begin, RelayState.UNKNOWN, ""), *turns]
    for number, (at, state, why) in enumerate(every):
        end = every[number + 1][0] if number + 1 < len(every) else now
        start, end = max(at, begin), min(max(end, begin), now)
        if end > start:
            found.append(Stretch(state, start, end, why))
    return tuple(found)
