"""What is on a mail host that somebody would retire or remove, and what speaks against it."""

from __future__ import annotations

from dataclasses import dataclass

from mailadmin.wire.models import Agent
from routing.core.states import PushState
from routing.models import HostState, MailHost, PushTarget, Revision, RoutingObject
from routing.queries.edits import host_edits

GIVEN_UP_FROM = frozenset({PushState.DEPLOYING, PushState.STOPPED})
GIVE_UP = "Let it end, or an approver gives it up for this host on the page of the push."


@dataclass(frozen=True, slots=True)
class HostLoad:
    """`live` is the digest of the release that runs there, as last observed: None is not known."""

    keys: int
    edits: int
    revisions: int
    live: str | None
    kept: int
    agents: int
    open_pushes: tuple[int, ...]

    @property
    def removable(self) -> bool:
        """Nothing was ever proposed for it and no key is its own: nobody's history is lost."""
        return not (self.keys or self.revisions or self.open_pushes)


def host_load(host: MailHost) -> HostLoad:
    """What is on a mail host now."""
    state = HostState.objects.filter(host=host).first()
    return HostLoad(
        keys=RoutingObject.objects.filter(server=host).count(),
        edits=len(host_edits(host).edits) if host.is_list_server else 0,
        revisions=Revision.objects.filter(host=host).count(),
        live=state.live if state else None,
        kept=(state.kept_total or 0) if state else 0,
        agents=Agent.objects.filter(host_name=host.name, disabled=False).count(),
        open_pushes=open_pushes(host),
    )


def open_pushes(host: MailHost) -> tuple[int, ...]:
    """The numbers of the pushes that hold it."""
    held = PushTarget.objects.filter(host=host, holds_host=True).order_by("push")
    return tuple(held.values_list("push", flat=True))


def why_not_retire(host: MailHost) -> tuple[str, ...]:
    """Every reason against it now; none means that it may be retired."""
    if host.retired_at is not None:
        return (f"{host.name} is retired already.",)
    return _held(host)


def why_not_reinstate(host: MailHost) -> tuple[str, ...]:
    """Only a retired one comes back."""
    return () if host.retired_at is not None else (f"{host.name} is in service.",)


def _held(host: MailHost) -> tuple[str, ...]:
    held = PushTarget.objects.filter(host=host, holds_host=True).order_by("push")
    return tuple(
        f"Push #{number} is {state} on {host.name}. {GIVE_UP}"
        if state in GIVEN_UP_FROM
        else f"Push #{number} is open on {host.name}. Refuse it or let it end first."
        for number, state in held.values_list("push", "push__state")
    )


def why_not_remove(host: MailHost) -> tuple[str, ...]:
    """Every reason against it now; none means that nothing is lost with its row."""
    keys = RoutingObject.objects.filter(server=host).count()
    reasons = list(_held(host))
    if keys:
        reasons.append(f"{_count(keys, 'key')} of {host.name} would be lost.")
    if Revision.objects.filter(host=host).exists():
        reasons.append(f"Revisions and pushes tell what {host.name} ran. Retire it instead.")
    return tuple(reasons)


def _count(number: int, noun: str) -> str:
    return f"1 {noun}" if number == 1 else f"{number} {noun}s"
