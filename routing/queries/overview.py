"""The whole site for its first page, in a fixed number of queries however many hosts or keys."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Count, Exists, Min, OuterRef, Q, Subquery
from django.utils import timezone

from mailadmin.people.models import Person
from mailadmin.wire.core.states import OPEN_STATES
from mailadmin.wire.models import Attempt
from routing.core.intent import DEFAULT_KEY
from routing.core.states import OPEN_PUSH, PushState, TargetState
from routing.models import ConfigPush, MailHost, PushTarget, RelayTarget, RoutingObject
from routing.queries.agents import AgentLine, agents_by_host
from routing.queries.hosts import state_of
from routing.queries.pending import Standing, standing
from routing.queries.push_list import waiting_for
from routing.queries.retirement import Retiring, due


@dataclass(frozen=True, slots=True)
class HostSight:
    """One mail host. `recorded` is the digest that our last push left, "" before the first;
    `live` what was seen, None before the first look; `drift` how many files differ.
    `switching`: an open push has switched it or may do so, and has not confirmed it."""

    name: str
    is_list_server: bool
    recorded: str
    live: str | None
    switching: bool
    drift: int
    seen_at: datetime | None
    kept: int | None
    kept_at: datetime | None
    agents: tuple[AgentLine, ...]

    @property
    def differs(self) -> bool:
        """Whether its files are not those that were approved."""
        return self.drift > 0 or self.moved

    @property
    def moved(self) -> bool:
        """Whether it runs another release than ours, and no push of ours did that."""
        known = self.live is not None and bool(self.recorded) and not self.switching
        return known and self.live != self.recorded

    @property
    def was_heard(self) -> bool:
        """Whether any agent of it has ever spoken."""
        return self.live is not None or any(agent.seen_at for agent in self.agents)


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
    """`pushes` are open; `failed` ones leave edits that nothing else brings to their hosts.
    `overdue` orders were made before the last but one look and have no answer yet. Of the
    retirements in `due` the day has come that somebody chose for the next step."""

    hosts: tuple[HostSight, ...]
    pushes: tuple[ConfigPush, ...]
    failed: tuple[ConfigPush, ...]
    mine: frozenset[int]
    unpushed: int
    overdue: int
    overdue_since: datetime | None
    ways: Ways
    due: tuple[Retiring, ...] = ()

    @property
    def works(self) -> bool:
        """Whether any push has ever been live: before that the site is being set up."""
        return any(host.recorded for host in self.hosts)


def site_sight(person: Person, *, one_postmaster: bool, now: datetime, period: timedelta) -> Site:
    """What is known of the site now, for this person where it depends on one."""
    open_orders = Attempt.objects.filter(
        state__in=[state.value for state in OPEN_STATES], created_at__lt=now - 4 * period
    )
    late = open_orders.aggregate(count=Count("pk"), since=Min("created_at"))
    waits = standing()
    return Site(
        hosts=_hosts(now, period),
        pushes=tuple(
            ConfigPush.objects.filter(state__in=OPEN_PUSH).only("title", "state", "state_at")
        ),
        failed=failed_pushes(waits.edited),
        mine=waiting_for(person, one_postmaster=one_postmaster),
        unpushed=waits.loose_count,
        overdue=late["count"],
        overdue_since=late["since"],
        ways=_ways(waits),
        due=due(timezone.localdate(now)),
    )


def failed_pushes(edited: Collection[UUID]) -> tuple[ConfigPush, ...]:
    """Failed pushes that somebody still has to look at: a host of theirs has got no newer push, and
    something is left to propose there. `edited` are the hosts with edits; a restore wants no edit.
    """
    newer = PushTarget.objects.filter(host=OuterRef("host"), push__gt=OuterRef("push"))
    left = PushTarget.objects.filter(push__state=PushState.FAILED, host__retired_at=None)
    left = left.filter(Q(host__in=edited) | Q(push__restores__isnull=False)).exclude(Exists(newer))
    found = ConfigPush.objects.filter(pk__in=left.values("push")).order_by("pk")
    return tuple(found.only("title", "state", "state_at"))


def _hosts(now: datetime, period: timedelta) -> tuple[HostSight, ...]:
    agents = agents_by_host(now=now, period=period)
    confirmed = PushTarget.objects.filter(host=OuterRef("pk"), state=TargetState.CONFIRMED)
    newest = confirmed.order_by("-state_at", "-pk").values("revision__digest")[:1]
    targets = PushTarget.objects.filter(host=OuterRef("pk"))
    runs = targets.filter(
        holds_host=True,
        push__state=PushState.STOPPED,
        revision__digest=OuterRef("state__live"),
    )
    deploys = targets.filter(push__state=PushState.DEPLOYING)
    rows = MailHost.in_service.select_related("state").annotate(
        recorded=Subquery(newest), switching=Exists(runs) | Exists(deploys)
    )
    rows = rows.defer("site_m4", "state__facts", "state__releases", "state__kept")
    return tuple(
        _host(row, row.recorded or "", row.switching, agents.get(row.name, ())) for row in rows
    )


def _host(
    row: MailHost, recorded: str, switching: bool, agents: tuple[AgentLine, ...]
) -> HostSight:
    state = state_of(row)
    return HostSight(
        name=row.name,
        is_list_server=row.is_list_server,
        recorded=recorded,
        live=state.live if state else None,
        switching=switching,
        drift=len(state.drift) if state else 0,
        seen_at=state.deploy_at if state else None,
        kept=state.kept_total if state else None,
        kept_at=state.spool_at if state else None,
        agents=agents,
    )


def _ways(now: Standing) -> Ways:
    counted = (
        Way(server.host.name, kind, relay, mailer, keys)
        for server in now.servers
        for (kind, relay, mailer), keys in server.tally.ways.items()
    )
    servers = [server.host.pk for server in now.servers]
    everything = RoutingObject.objects.filter(server__in=servers, key=DEFAULT_KEY, enabled=True)
    return Ways(
        ways=tuple(sorted(counted, key=lambda way: (way.server, way.kind, way.mailer))),
        relays=dict(RelayTarget.objects.values_list("pk", "name")),
        fallen=dict(everything.order_by().values_list("server__name", "relay_target_id")),
    )
