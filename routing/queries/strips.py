"""What waits on the whole site, for the navigation and the strips. A few small queries."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from mailadmin.people.models import Person
from routing.models import HostState
from routing.queries.agents import SILENT, AgentLine, agents_by_host, silent_hosts
from routing.queries.pending import standing
from routing.queries.push_list import waiting_for


@dataclass(frozen=True, slots=True)
class SiteStanding:
    """`unpushed`: edits that no open push holds. `silent`: hosts whose agents say nothing.
    `deaf`: none of several hosts was heard lately, so what is between us and them is to blame.
    `kept`: hosts with messages that wait in the kept area, and how many."""

    unpushed: int
    waiting: int
    silent: tuple[tuple[str, datetime | None], ...]
    deaf: bool
    kept: tuple[tuple[str, int], ...]


def site_standing(
    person: Person, *, one_postmaster: bool, now: datetime, period: timedelta
) -> SiteStanding:
    """What waits now, for this person where it depends on one."""
    agents = agents_by_host(now=now, period=period)
    return SiteStanding(
        unpushed=standing().loose_count,
        waiting=len(waiting_for(person, one_postmaster=one_postmaster)),
        silent=silent_hosts(agents),
        deaf=_deaf(agents),
        kept=tuple(_kept()),
    )


def _deaf(agents: Mapping[str, tuple[AgentLine, ...]]) -> bool:
    heard = {name: seen for name, lines in agents.items() if (seen := _seen(lines))}
    return len(heard) > 1 and all(line.state in SILENT for seen in heard.values() for line in seen)


def _seen(lines: tuple[AgentLine, ...]) -> list[AgentLine]:
    return [line for line in lines if line.seen_at is not None]


def _kept() -> Iterator[tuple[str, int]]:
    found = HostState.objects.filter(kept_total__gt=0, host__retired_at=None)
    found = found.order_by("host__position", "host__name")
    for name, total in found.values_list("host__name", "kept_total"):
        yield name, total or 0
