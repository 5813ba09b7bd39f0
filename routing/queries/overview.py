"""The whole site for its first page, in a fixed number of queries however many hosts or keys."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from uuid import UUID

from django.db.models import Count, Min, OuterRef, Subquery

from mailadmin.audit.models import AuditHead
from mailadmin.people.models import Person
from mailadmin.wire.core.states import OPEN_STATES
from mailadmin.wire.models import Attempt
from routing.core.states import OPEN_PUSH, TargetState
from routing.models import ConfigPush, MailHost, PushTarget, RelayTarget, RoutingObject
from routing.queries.hosts import AgentLine, agents_by_host, state_of
from routing.queries.pending import standing
from routing.queries.pushes import waiting_for


@dataclass(frozen=True, slots=True)
class HostSight:
    """One mail host. `recorded` is the digest that our last push left, "" before the first;
    `live` what was seen, None before the first look; `drift` how many files differ."""

    name: str
    is_list_server: bool
    recorded: str
    live: str | None
    drift: int
    seen_at: datetime | None
    kept: int | None
    kept_at: datetime | None
    agents: tuple[AgentLine, ...]

    @property
    def differs(self) -> bool:
        """Whether its files are not those that were approved."""
        moved = self.live is not None and bool(self.recorded) and self.live != self.recorded
        return self.drift > 0 or moved


@dataclass(frozen=True, slots=True)
class Way:
    """How many enabled keys of one server have one kind, one relay target and one mailer."""

    server: str
    kind: str
    relay: UUID | None
    mailer: str
    keys: int


@dataclass(frozen=True, slots=True)
class Ways:
    """The saved tables in brief; `fallen` are the servers whose key "." is on."""

    ways: tuple[Way, ...]
    relays: Mapping[UUID, str]
    fallen: Mapping[str, UUID | None]


@dataclass(frozen=True, slots=True)
class Site:
    """`overdue` orders were made before the last but one look and have no answer yet."""

    hosts: tuple[HostSight, ...]
    pushes: tuple[ConfigPush, ...]
    mine: frozenset[int]
    unpushed: int
    overdue: int
    overdue_since: datetime | None
    ways: Ways


def site_sight(person: Person, *, one_postmaster: bool, now: datetime, period: timedelta) -> Site:
    """What is known of the site now, for this person where it depends on one."""
    open_orders = Attempt.objects.filter(
        state__in=[state.value for state in OPEN_STATES], created_at__lt=now - 4 * period
    )
    late = open_orders.aggregate(count=Count("pk"), since=Min("created_at"))
    return Site(
        hosts=_hosts(now, period),
        pushes=tuple(
            ConfigPush.objects.filter(state__in=OPEN_PUSH).only("title", "state", "state_at")
        ),
        mine=waiting_for(person, one_postmaster=one_postmaster),
        unpushed=len(standing().loose),
        overdue=late["count"],
        overdue_since=late["since"],
        ways=_ways(AuditHead.objects.filter(pk=1).values_list("hash", flat=True).first() or ""),
    )


def _hosts(now: datetime, period: timedelta) -> tuple[HostSight, ...]:
    agents = agents_by_host(now=now, period=period)
    confirmed = PushTarget.objects.filter(host=OuterRef("pk"), state=TargetState.CONFIRMED)
    newest = confirmed.order_by("-state_at", "-pk").values("revision__digest")[:1]
    rows = MailHost.objects.select_related("state").annotate(recorded=Subquery(newest))
    rows = rows.defer("site_m4", "state__facts", "state__releases", "state__kept")
    return tuple(_host(row, row.recorded or "", agents.get(row.name, ())) for row in rows)


def _host(row: MailHost, recorded: str, agents: tuple[AgentLine, ...]) -> HostSight:
    state = state_of(row)
    return HostSight(
        name=row.name,
        is_list_server=row.is_list_server,
        recorded=recorded,
        live=state.live if state else None,
        drift=len(state.drift) if state else 0,
        seen_at=state.deploy_at if state else None,
        kept=state.kept_total if state else None,
        kept_at=state.spool_at if state else None,
        agents=agents,
    )


@lru_cache(maxsize=2)
def _ways(head: str) -> Ways:
    """Counted again only after something was written: every write has an event."""
    del head
    enabled = RoutingObject.objects.filter(enabled=True).order_by()
    rows = enabled.values_list("server__name", "kind", "relay_target_id", "mailer")
    counted = rows.annotate(keys=Count("pk")).order_by("server__name", "kind", "mailer")
    everything = enabled.filter(key=".").values_list("server__name", "relay_target_id")
    return Ways(
        ways=tuple(Way(*row) for row in counted),
        relays=dict(RelayTarget.objects.values_list("pk", "name")),
        fallen=dict(everything),
    )
