"""Runs through spools as pages show them, and what speaks against starting one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Count, Max, Q, QuerySet
from django.utils import timezone

from mailadmin.wire.core.messages import Role
from mailadmin.wire.models import Agent
from routing.core.facts import HostKind
from routing.models import HostState, MailHost
from routing.queries.revisions import live_revision
from spools.core.flush import Way
from spools.core.health import RelayState
from spools.core.receipts import Fate
from spools.core.run_kind import RunKind
from spools.core.run_states import OPEN_RUN
from spools.core.scope import Scope
from spools.core.summary import State
from spools.models import (
    FlushDestination,
    FlushReceipt,
    FlushRun,
    RelayHealth,
    Spool,
    SpooledMessage,
)

SEEN_LATELY = timedelta(minutes=15)
FRESH_SCANS = 4
"""Figures older than so many periods of scans decide nothing."""
MOST_DESTINATIONS = 100
RECEIPTS_PAGE = 25
LEAST_PACE_S = 10
SAMPLES = 5


def reasons_against(server: MailHost) -> list[str]:
    """Sentences that speak against a run on this list server now."""
    reasons = []
    if server.retired_at is not None or server.kind != HostKind.LIST_SERVER:
        reasons.append(f"{server.name} is no list server in service.")
    agents = Agent.objects.filter(host_name=server.name, role=Role.SPOOL, disabled=False)
    if not agents.exists():
        reasons.append(f"{server.name} has no spool agent.")
    if run := open_run(server):
        reasons.append(f"Run {run.number} is {run.state}: one at a time.")
    return [*reasons, *release_reasons(server, release_to_use(server))]


def release_to_use(server: MailHost) -> str:
    """The release that is live by our record, "" where there is none."""
    revision = live_revision(server)
    return revision.digest if revision else ""


def release_reasons(server: MailHost, release: str) -> list[str]:
    """Why this release may not be used: it must be live, confirmed, and as it was built."""
    if not release:
        return [f"{server.name} has no release that was ever confirmed."]
    state = HostState.objects.filter(host=server).first()
    if state is None or state.deploy_at is None or state.live is None:
        return [f"It is not known what {server.name} runs: its deploy agent was not heard."]
    if timezone.now() - state.deploy_at > SEEN_LATELY:
        return [f"What {server.name} runs was last seen {state.deploy_at:%H:%M} UTC, too long ago."]
    reasons = []
    if state.live != release or release_to_use(server) != release:
        now = state.live[:8] or "no release"
        reasons.append(f"{server.name} runs {now}, and the run was to use {release[:8]}.")
    elif state.last_good != release:
        reasons.append(f"{release[:8]} was not confirmed on {server.name}.")
    if state.drift:
        reasons.append(f"The live release of {server.name} is not as it was built: see Drift.")
    return reasons


def default_state(server: MailHost) -> RelayState | None:
    """How the relay is that takes what has no route of its own; None where there is none."""
    default = RelayHealth.objects.filter(server=server, named=True, is_default=True).first()
    return None if default is None else RelayState(default.state)


def relay_is_well(server: MailHost) -> bool:
    """Whether what has no route of its own could go by its relay again."""
    return default_state(server) is RelayState.HEALTHY


def open_run(server: MailHost) -> FlushRun | None:
    """The run that goes on, if any."""
    return FlushRun.objects.filter(server=server, state__in=OPEN_RUN).first()


def runs_of(server: MailHost, most: int = 20) -> Sequence[FlushRun]:
    """The last runs, newest first."""
    found = FlushRun.objects.filter(server=server).select_related("server")
    return list(found.order_by("-number")[:most])


def last_proven(server: MailHost) -> datetime | None:
    """When a receiver last took a message that the fallback sent from there, by the report that
    said so; None where none ever did."""
    runs = FlushRun.objects.filter(server=server, kind=RunKind.FALLBACK, sent__gt=0)
    run = runs.order_by("-number").first()
    if run is None:
        return None
    sent = FlushReceipt.objects.filter(run=run, fate=Fate.SENT)
    found: datetime | None = sent.aggregate(at=Max("at"))["at"]
    return found


@dataclass(frozen=True, slots=True)
class Preview:
    """What a scope would take, by the last scan at `at` (None: there was none). `waiting` is the
    depth of the whole spool, `listed` how many of its oldest messages, which alone are listed, are
    in the scope; `samples` the first of them."""

    at: datetime | None
    waiting: int | None
    listed: int
    samples: tuple[SpooledMessage, ...]


def preview_of(server: MailHost, scope: Scope) -> Preview:
    """Read from what the last scan told."""
    spool = own_spool(server)
    if spool is None:
        return Preview(None, None, 0, ())
    listed = SpooledMessage.objects.filter(spool=spool, state=State.WAITING)
    # Here and not in the database: a scope may name thousands, and no more than that are listed.
    inside = [
        message
        for message in listed.order_by("created", "pk")
        if scope.holds(message.queue_id, message.domains.split())
    ]
    return Preview(spool.at, spool.waiting, len(inside), tuple(inside[:SAMPLES]))


def own_spool(server: MailHost) -> Spool | None:
    """The spool that Sympa submits into, which alone a run goes through."""
    state = HostState.objects.filter(host=server).first()
    facts = state.host_facts if state else None
    return Spool.objects.filter(host=server, path=facts.spool).first() if facts else None


def scanned_spool(server: MailHost, now: datetime) -> Spool | None:
    """The same where its last scan is young enough to act on, None where it is not."""
    row, fresh = own_spool(server), now - timedelta(seconds=settings.SCAN_SECONDS * FRESH_SCANS)
    young = row is not None and row.listed and row.at is not None and row.at >= fresh
    return row if young else None


def is_own(spool: Spool) -> bool:
    """Whether runs go through this one."""
    own = own_spool(spool.host)
    return own is not None and own.pk == spool.pk


@dataclass(frozen=True, slots=True)
class DestinationRow:
    """One destination of a run. `shut` is CLOSED or UNREACHABLE, None where it is open."""

    domain: str
    shut: Way | None
    text: str
    sent: int
    deferred: int
    bounced: int
    untouched: int
    unknown: int


def destinations_of(run: FlushRun) -> tuple[list[DestinationRow], int]:
    """The first of them, shut ones before the others, those by how many recipients they have; and
    how many there are."""
    counted = (
        FlushReceipt.objects.filter(run=run)
        .values("domain")
        .annotate(**{f"n_{fate}": Count("pk", filter=Q(fate=fate)) for fate in Fate}, n=Count("pk"))
        .order_by("-n", "domain")
    )
    ways = {row.domain: row for row in FlushDestination.objects.filter(run=run)}
    shut = {name: row for name, row in ways.items() if row.way in (Way.CLOSED, Way.UNREACHABLE)}
    by_domain = {row["domain"]: row for row in counted}
    order = [*sorted(shut), *(name for name in by_domain if name not in shut)]
    shown = order[:MOST_DESTINATIONS]
    return [_destination(name, by_domain.get(name), shut.get(name)) for name in shown], len(order)


def _destination(
    domain: str, counts: Mapping[str, Any] | None, shut: FlushDestination | None
) -> DestinationRow:
    numbers = {fate.value: (counts or {}).get(f"n_{fate}", 0) for fate in Fate}
    return DestinationRow(
        domain=domain,
        shut=Way(shut.way) if shut else None,
        text=shut.text if shut else "",
        **numbers,
    )


def receipts_of(
    run: FlushRun, *, fate: str = "", domain: str = "", text: str = "", after: int = 0
) -> tuple[list[FlushReceipt], bool]:
    """A page of receipts in the order in which they came, and whether there are more. `text` is
    looked for in recipient and queue ID."""
    found: QuerySet[FlushReceipt] = FlushReceipt.objects.filter(run=run, pk__gt=after)
    if fate in set(Fate):
        found = found.filter(fate=fate)
    if domain:
        found = found.filter(domain=domain.lower())
    if text:
        found = found.filter(Q(recipient__icontains=text) | Q(queue_id__icontains=text))
    rows = list(found.order_by("pk")[: RECEIPTS_PAGE + 1])
    return rows[:RECEIPTS_PAGE], len(rows) > RECEIPTS_PAGE


def per_minute(run: FlushRun, now: datetime) -> float | None:
    """Messages that were tried a minute, None in the first seconds: one second is no minute."""
    until = run.ended_at or run.heard_at or now
    seconds = (until - run.started_at).total_seconds()
    return None if seconds < LEAST_PACE_S or not run.slices else run.messages * 60 / seconds
