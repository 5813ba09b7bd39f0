"""Mail hosts as a list and as a file: search, states, orders, tags."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from django.db.models import Q, QuerySet

from mailadmin.asked import Asked
from mailadmin.paging import Order, Page, Turn, page_of
from routing.core.facts import HostKind
from routing.models import MailHost
from routing.queries.agents import agents_by_host, silent_hosts
from routing.queries.hosts import HostSummary, summary_of
from routing.queries.tags import tagged, words_of_rows

ORDERS: Mapping[str, Order] = {
    f"{sign}{name}": Order(field, down=bool(sign))
    for name, field in (("order", "position"), ("key", "name"), ("kind", "kind"))
    for sign in ("", "-")
}


COLUMNS = ("name", "kind", "position", "site_m4", "note", "tags") + (
    "agents",
    "live",
    "revision",
    "drift",
    "kept",
    "observed_at",
    "changed_by",
    "changed_at",
    "retired_at",
)
"""Of the list as a file: what a mail host is, and what is told of it."""


class HostsShown(StrEnum):
    """What the list can be narrowed to. A silent one has an agent that is late or away."""

    LIST_SERVERS = "list_servers"
    RELAYS = "relays"
    SILENT = "silent"
    RETIRED = "retired"


@dataclass(frozen=True, slots=True)
class HostList:
    """A page of mail hosts; `counts` has how many there are in each state."""

    rows: tuple[HostSummary, ...]
    total: int
    turn: Turn
    counts: Mapping[HostsShown, int]
    words: tuple[str, ...]


def list_hosts(asked: Asked, *, now: datetime, period: timedelta) -> HostList:
    """One page of mail hosts; `period` is how often agents are asked to look.

    Retired ones are in a state of their own and in no other. An unknown order or state is the
    plain list.
    """
    agents = agents_by_host(now=now, period=period)
    silent = [name for name, _ in silent_hosts(agents)]
    matching = _matching(asked, silent)
    order = ORDERS.get(asked.sort, ORDERS["order"])
    page: Page[MailHost] = page_of(
        matching.select_related("state"), order=order, cursor=asked.cursor
    )
    counts = {
        state: MailHost.objects.filter(_in_state(state, silent)).count() for state in HostsShown
    }
    return HostList(
        rows=tuple(summary_of(host, agents.get(host.name, ())) for host in page.rows),
        total=MailHost.in_service.count() + counts[HostsShown.RETIRED],
        turn=page.turn,
        counts=counts,
        words=words_of_rows(MailHost.objects.all()),
    )


def matching_hosts(
    asked: Asked, *, limit: int, now: datetime, period: timedelta
) -> dict[UUID, int]:
    """All rows of the list that an address asks for, with their versions. Of more than `limit` that
    many and one more."""
    silent = [name for name, _ in silent_hosts(agents_by_host(now=now, period=period))]
    matching = _matching(asked, silent).order_by("name")
    return dict(matching.values_list("pk", "version")[: limit + 1])


def host_words_among(identities: Iterable[UUID]) -> tuple[str, ...]:
    """The tags that these mail hosts have."""
    return words_of_rows(MailHost.objects.filter(pk__in=list(identities)))


def exported_hosts(asked: Asked, *, now: datetime, period: timedelta) -> Iterator[dict[str, str]]:
    """All mail hosts that an address asks for, in its order, as cells of `COLUMNS`."""
    agents = agents_by_host(now=now, period=period)
    silent = [name for name, _ in silent_hosts(agents)]
    order = ORDERS.get(asked.sort, ORDERS["order"])
    for host in _matching(asked, silent).select_related("state").order_by(*order.columns):
        yield _cells(summary_of(host, agents.get(host.name, ())))


def _cells(line: HostSummary) -> dict[str, str]:
    host = line.host
    return {
        "name": host.name,
        "kind": host.kind,
        "position": str(host.position),
        "site_m4": host.site_m4,
        "note": host.note,
        "tags": host.tags,
        "agents": " ".join(f"{agent.role}:{agent.state}" for agent in line.agents),
        "live": line.live or "",
        "revision": str(line.revision or ""),
        "drift": line.drift,
        "kept": "" if line.kept_total is None else str(line.kept_total),
        "observed_at": line.observed_at.isoformat() if line.observed_at else "",
        "changed_by": host.changed_by,
        "changed_at": host.changed_at.isoformat(),
        "retired_at": host.retired_at.isoformat() if host.retired_at else "",
    }


def _matching(asked: Asked, silent: Iterable[str]) -> QuerySet[MailHost]:
    wanted = _says(asked.text) & tagged(asked.also.get("tag", ""))
    return MailHost.objects.filter(wanted & _in_state(asked.state, silent))


def _says(text: str) -> Q:
    return Q(name__icontains=text) | Q(note__icontains=text) if text else Q()


def _in_state(state: str, silent: Iterable[str]) -> Q:
    in_service = Q(retired_at=None)
    match state:
        case HostsShown.LIST_SERVERS:
            return in_service & Q(kind=HostKind.LIST_SERVER)
        case HostsShown.RELAYS:
            return in_service & Q(kind=HostKind.OUTGOING_RELAY)
        case HostsShown.SILENT:
            return in_service & Q(name__in=list(silent))
        case HostsShown.RETIRED:
            return ~in_service
        case _:
            return in_service
