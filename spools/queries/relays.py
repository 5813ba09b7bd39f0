"""Relays as the list servers see them now, with what was probed last."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import OuterRef, Subquery

from routing.models import MailHost
from spools.core.band import DAY_S, Stretch, band
from spools.core.health import Health, RelayState, Thresholds, aged, rule_of
from spools.models import ProbedServer, RelayHealth, RelayMaintenance, RelayProbe, RelayTurn
from spools.queries import thresholds


@dataclass(frozen=True, slots=True)
class RelaySight:
    """One relay target from one list server. `health` is judged at this moment: what is too old is
    unknown, whatever the row says. `last` is the newest probe, None before the first.
    """

    row: RelayHealth
    health: Health
    rule: str
    last: RelayProbe | None

    @property
    def state(self) -> RelayState:
        """The state that holds now."""
        return self.health.state

    @property
    def server(self) -> MailHost:
        """Who looks."""
        return self.row.server


def sights(
    now: datetime, rules: Thresholds, *, relay: UUID | None = None, server: MailHost | None = None
) -> tuple[RelaySight, ...]:
    """Every relay that a live table names, from each list server in service that names it."""
    rows = RelayHealth.objects.filter(named=True, server__retired_at=None).select_related("server")
    if relay is not None:
        rows = rows.filter(relay=relay)
    if server is not None:
        rows = rows.filter(server=server)
    newest = RelayProbe.objects.filter(relay=OuterRef("pk")).order_by("-at", "-pk")
    rows = rows.annotate(newest=Subquery(newest.values("pk")[:1]))
    found = list(rows.order_by("server__position", "server__name", "-is_default", "name"))
    probes = RelayProbe.objects.in_bulk([pk for row in found if (pk := _newest(row)) is not None])
    return tuple(_sight(row, probes.get(_newest(row) or 0), now, rules) for row in found)


def servers_with_a_relay_down(now: datetime) -> frozenset[UUID]:
    """Ids of the list servers that see a relay down now of those that their live tables name."""
    rules, at = thresholds.rules(), int(now.timestamp())
    rows = RelayHealth.objects.filter(named=True, state=RelayState.DOWN)
    return frozenset(
        row.server_id for row in rows if aged(row.health, at, rules).state is RelayState.DOWN
    )


def _newest(row: RelayHealth) -> int | None:
    newest: int | None = row.newest  # type: ignore[attr-defined]  # annotated
    return newest


def _sight(
    row: RelayHealth, last: RelayProbe | None, now: datetime, rules: Thresholds
) -> RelaySight:
    health = aged(row.health, int(now.timestamp()), rules)
    return RelaySight(row, health, rule_of(health, rules), last)


def worst(found: Sequence[RelaySight]) -> RelaySight | None:
    """The one that needs a person most, None where there is none."""
    return min(found, key=lambda sight: WORST.index(sight.state), default=None)


WORST = (
    RelayState.DOWN,
    RelayState.OVERLOADED,
    RelayState.SUSPECT,
    RelayState.UNKNOWN,
    RelayState.RECOVERING,
    RelayState.MAINTENANCE,
    RelayState.HEALTHY,
)


def day_of(row: RelayHealth, now: datetime) -> tuple[Stretch, ...]:
    """Its states in the last 24 hours."""
    turns = RelayTurn.objects.filter(relay=row).order_by("at", "pk")
    begin = now - timedelta(seconds=DAY_S)
    before = turns.filter(at__lt=begin).last()
    listed = [*([before] if before else []), *turns.filter(at__gte=begin)]
    told = [(int(turn.at.timestamp()), RelayState(turn.state), turn.why) for turn in listed]
    return band(told, int(now.timestamp()))


def turns_of(row: RelayHealth, *, most: int) -> tuple[RelayTurn, ...]:
    """The newest changes of its state, the newest first."""
    return tuple(RelayTurn.objects.filter(relay=row).order_by("-at", "-pk")[:most])


def maintenance_of(relay: UUID) -> RelayMaintenance | None:
    """What a person said is being worked on, None where nothing is."""
    return RelayMaintenance.objects.filter(relay=relay, ended_at=None).first()


def probed_server(server: MailHost) -> ProbedServer | None:
    """Whether and when its agent was asked, None before the first sweep."""
    return ProbedServer.objects.filter(host=server).first()
