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

    def __init__(self, host: str, role: Role) -> None:
        super().__init__(
            f"the {role} agent of {host} is registered with another public key;"
            " add --replace if its old key is gone for good"
        )


def register_agent(
    *, host: str, role: Role, public_key: str, by: Actor, replace: bool = False
) -> Agent:
    """Idempotent. Raises ValueError for a bad name or key, AgentConflict for another key."""
    if not HOST_NAME.fullmatch(host):
        raise ValueError(
            f"{host!r} is no name of a mail host; use small letters, digits and hyphens"
        )
    public_from_text(public_key)
    with transaction.atomic():
        agent, made = Agent.objects.get_or_create(
            host_name=host, role=role.value, defaults={"public_key": public_key}
        )
        if not made and agent.public_key == public_key:
            return agent
        if not made and not replace:
            raise AgentConflict(host, role)
        old = None if made else {"public_key": agent.public_key}
        Agent.objects.filter(pk=agent.pk).update(public_key=public_key)
        happened = Happened(
            action="agent.registered",
            subject=f"{role} agent of {host}",
            host=host,
            old=old,
            new={"public_key": public_key},
        )
        record(by=by, happened=happened)
    agent.public_key = public_key
    return agent


def find_agent(host: str, role: Role) -> Agent:
    found = Agent.objects.filter(host_name=host, role=role.value, disabled=False).first()
    if found is None:
        raise NoSuchAgent(host, role)
    return found
