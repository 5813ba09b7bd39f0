"""Words that several parts of the first page share."""

from __future__ import annotations

from routing.queries.agents import AgentState
from routing.queries.overview import HostSight


def is_silent(host: HostSight, role: str) -> bool:
    """Whether what that agent saw of the host is not of now: it is silent, or there is none."""
    mine = [agent for agent in host.agents if agent.role == role]
    return not mine or any(agent.state is not AgentState.SEEN for agent in mine)
