"""Agents of the mail hosts: when each was last heard, and how worrying its silence is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from mailadmin.wire.core.messages import Role
from mailadmin.wire.models import Agent

LATE_PERIODS = 4
AWAY_PERIODS = 20


class AgentState(StrEnum):
    """What the age of an agent's last word says; the words of the badge."""

    SEEN = "seen"
    LATE = "late"
    AWAY = "away"
    NEVER = "never"


SILENT = frozenset({AgentState.LATE, AgentState.AWAY})


@dataclass(frozen=True, slots=True)
class AgentLine:
    """One agent of one host. `skew_ms` is its clock minus ours, None before its first report."""

    role: str
    state: AgentState
    seen_at: datetime | None
    skew_ms: int | None


def agents_by_host(*, now: datetime, period: timedelta) -> dict[str, tuple[AgentLine, ...]]:
    """The agents of all hosts in one query."""
    found: dict[str, tuple[AgentLine, ...]] = {}
    for agent in Agent.objects.filter(disabled=False).order_by("host_name", "role"):
        line = AgentLine(
            role=Role(agent.role).value,
            state=agent_state(agent.last_seen_at, now=now, period=period),
            seen_at=agent.last_seen_at,
            skew_ms=agent.clock_skew_ms,
        )
        found[agent.host_name] = (*found.get(agent.host_name, ()), line)
    return found


def agent_state(seen_at: datetime | None, *, now: datetime, period: timedelta) -> AgentState:
    """How worrying the silence of an agent is."""
    if seen_at is None:
        return AgentState.NEVER
    if now - seen_at <= period * LATE_PERIODS:
        return AgentState.SEEN
    return AgentState.LATE if now - seen_at <= period * AWAY_PERIODS else AgentState.AWAY


def silent_hosts(
    agents: Mapping[str, Iterable[AgentLine]],
) -> tuple[tuple[str, datetime | None], ...]:
    """Hosts with an agent that said nothing for too long, with its last word."""
    return tuple(
        (host, min((line.seen_at for line in lines if line.seen_at), default=None))
        for host, lines in agents.items()
        if any(line.state in SILENT for line in lines)
    )
