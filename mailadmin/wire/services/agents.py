"""Which agents there are, and the one key that each of them signs with."""

from django.db import transaction

from mailadmin.audit.services import Actor, Happened, record
from mailadmin.wire.core.fields import HOST_NAME
from mailadmin.wire.core.messages import Role
from mailadmin.wire.keys import public_from_text
from mailadmin.wire.models import Agent


class NoSuchAgent(LookupError):
    def __init__(self, host: str, role: Role) -> None:
        super().__init__(
            f"no {role} agent of {host} is registered;"
            f" run: manage.py keys --register {host} {role} PUBLIC_KEY_FILE"
        )


class AgentConflict(ValueError):
    """The agent is registered with another key."""

    why = "is registered with another public key; add --replace if its old key is gone for good"

    def __init__(self, host: str, role: Role) -> None:
        super().__init__(f"the {role} agent of {host} {self.why}")


class AgentRevoked(AgentConflict):
    """The agent is registered, and its key was revoked by somebody."""

    why = "had its key revoked; add --replace to let it in again"


def register_agent(
    *, host: str, role: Role, public_key: str, by: Actor, replace: bool = False
) -> Agent:
    """Idempotent. Raises ValueError for a bad name or key, AgentConflict for another key,
    AgentRevoked for one that was shut out; `replace` takes the key and lets the agent in."""
    if not HOST_NAME.fullmatch(host):
        raise ValueError(
            f"{host!r} is no name of a mail host; use small letters, digits and hyphens"
        )
    public_from_text(public_key)
    with transaction.atomic():
        agent, made = Agent.objects.get_or_create(
            host_name=host, role=role.value, defaults={"public_key": public_key}
        )
        if not made and agent.public_key == public_key and not agent.disabled:
            return agent
        if not made and not replace:
            raise (AgentRevoked if agent.disabled else AgentConflict)(host, role)
        shut_out = {"disabled": True} if agent.disabled else {}
        old = None if made else {"public_key": agent.public_key} | shut_out
        Agent.objects.filter(pk=agent.pk).update(public_key=public_key, disabled=False)
        happened = Happened(
            action="agent.registered",
            subject=f"{role} agent of {host}",
            host=host,
            old=old,
            new={"public_key": public_key} | ({"disabled": False} if shut_out else {}),
        )
        record(by=by, happened=happened)
    agent.public_key, agent.disabled = public_key, False
    return agent


def revoke_agents(*, host: str, by: Actor) -> int:
    """No order goes to the agents of a host any more and no report of theirs is believed.

    Returns how many were let in until now.
    """
    with transaction.atomic():
        agents = list(Agent.objects.select_for_update().filter(host_name=host, disabled=False))
        for agent in agents:
            Agent.objects.filter(pk=agent.pk).update(disabled=True)
            happened = Happened(
                action="agent.revoked",
                subject=f"{agent.role} agent of {host}",
                host=host,
                old={"disabled": False},
                new={"disabled": True},
            )
            record(by=by, happened=happened)
    return len(agents)


def find_agent(host: str, role: Role) -> Agent:
    found = Agent.objects.filter(host_name=host, role=role.value, disabled=False).first()
    if found is None:
        raise NoSuchAgent(host, role)
    return found
