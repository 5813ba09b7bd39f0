"""A spool over time: steps, rates and how long it takes to drain. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import IntEnum


class Grain(IntEnum):
    """How many seconds of samples one kept row stands for."""

    FINE = 300
    COARSE = 3600


def start_of(moment: datetime, grain_s: int) -> datetime:
    """When the step of `grain_s` seconds began that a moment is in; steps begin with the epoch."""
    whole = int(moment.timestamp())
    return datetime.fromtimestamp(whole - whole % grain_s, UTC)


@dataclass(frozen=True, slots=True)
class Flow:
    """What came and went in `span_s` seconds."""

    arrived: int
    departed: int
    span_s: int

    @property
    def in_per_min(self) -> float:
        """Arrivals a minute."""
        return self.arrived * 60 / self.span_s

    @property
    def out_per_min(self) -> float:
        """Departures a minute."""
        return self.departed * 60 / self.span_s


def flow_between(*, arrived: int, departed: int, since: int | None, at: int) -> Flow | None:
    """The flow between two scans of one agent, None where there was none before or its clock was
    set back in between: a rate over no time would be any number."""
    if since is None or at <= since or arrived < 0 or departed < 0:
        return None
    return Flow(arrived, departed, at - since)


def joined(flows: Iterable[Flow]) -> Flow | None:
    """All of them as one, None for none."""
    told = list(flows)
    if not told:
        return None
    return Flow(
        sum(flow.arrived for flow in told),
        sum(flow.departed for flow in told),
        sum(flow.span_s for flow in told),
    )


def drains_in_s(depth: int, in_per_min: float | None, out_per_min: float | None) -> int | None:
    """Seconds until a spool is empty if all goes on as now; None where that is not known, or where
    as much comes as goes."""
    if depth == 0:
        return 0
    if in_per_min is None or out_per_min is None or out_per_min <= in_per_min:
        return None
    return round(depth * 60 / (out_per_min - in_per_min))
