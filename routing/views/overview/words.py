"""Words that several parts of the first page share."""

from __future__ import annotations

from mailadmin.ui.words import number
from routing.queries.agents import AgentState
from routing.queries.overview import HostSight


def counted(count: int, one: str, many: str) -> str:
    """A number with its noun."""
    return f"{number(count)} {one if count == 1 else many}"


def is_silent(host: HostSight, role: str) -> bool:
    """Whether what that agent saw of the host is not of now: it is silent, or there is none."""
    mine = [agent for agent in host.agents if agent.role == role]
    return not mine or any(agent.state is not AgentState.SEEN for agent in mine)
