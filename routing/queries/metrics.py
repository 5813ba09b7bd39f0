"""What routing tells Prometheus: agents, drift, kept messages, what waits, the ends of pushes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from django.db.models import Count
from prometheus_client.core import Metric

from mailadmin.audit.models import AuditEvent
from mailadmin.health.families import NO_LABELS, counter, gauge
from mailadmin.wire.models import Agent
from routing.core.states import OPEN_PUSH, PushState, TargetState
from routing.models import ConfigPush, HostState, MailHost
from routing.queries.hosts import turned_link
from routing.queries.pending import standing

MOST_FILES = 20
"""Of one host: a host where somebody put a thousand files must not become a thousand series."""
RESULTS = tuple(
    state for state in TargetState if state not in (TargetState.PENDING, TargetState.STAGED)
)
"""What a host can have come to, each as often as it came to it."""


def families(now: datetime) -> Iterator[Metric]:
    """All of routing's."""
    del now
    yield from _agents()
    yield from _hosts()
    yield from _changes()


def _agents() -> Iterator[Metric]:
    agents = list(Agent.objects.filter(disabled=False).order_by("host_name", "role"))
    named = [({"host": agent.host_name, "role": agent.role}, agent) for agent in agents]
    yield gauge(
        "mailadmin_agent_seen_timestamp_seconds",
        "When an agent was last heard",
        [(labels, a.last_seen_at.timestamp()) for labels, a in named if a.last_seen_at],
    )
    yield gauge(
        "mailadmin_agent_clock_skew_seconds",
        "The clock of an agent minus ours, at its last report",
        [(labels, a.clock_skew_ms / 1000) for labels, a in named if a.clock_skew_ms is not None],
    )


def _hosts() -> Iterator[Metric]:
    hosts = list(MailHost.in_service.select_related("state"))
    known = [(host, host.state) for host in hosts if hasattr(host, "state")]
    looked = [(host, state) for host, state in known if state.deploy_at and state.live is not None]
    yield gauge(
        "mailadmin_drift_files",
        "Files of a host that are not as they were activated",
        [({"host": host.name}, len(_drifted(host, state))) for host, state in looked],
    )
    yield gauge(
        "mailadmin_drift",
        f"1 for each such file by its name, the first {MOST_FILES} of a host",
        [
            ({"host": host.name, "file": file}, 1)
            for host, state in looked
            for file in _drifted(host, state)[:MOST_FILES]
        ],
    )
    yield gauge(
        "mailadmin_observed_timestamp_seconds",
        "When the deploy agent of a host last said what it runs",
        [({"host": host.name}, s.deploy_at.timestamp()) for host, s in known if s.deploy_at],
    )
    yield gauge(
        "mailadmin_kept_messages",
        "Messages that sendmail neither took nor refused for good",
        [({"host": h.name}, s.kept_total) for h, s in known if s.kept_total is not None],
    )


def _drifted(host: MailHost, state: HostState) -> list[str]:
    """The names of what differs; the link `current`, where it leads elsewhere."""
    files = {str(item["file"]) for item in state.drift}
    return sorted(files | ({"current"} if turned_link(host) else set()))


def _changes() -> Iterator[Metric]:
    waits = standing()
    yield gauge(
        "mailadmin_change_pending",
        "Edits that were saved and are not live, in a push or in none",
        [(NO_LABELS, len(waits.edits))],
    )
    counted = ConfigPush.objects.filter(state__in=OPEN_PUSH).values_list("state")
    found = dict(counted.annotate(Count("pk")).order_by())
    yield gauge(
        "mailadmin_push_open",
        "Pushes that hold their hosts, by state",
        [
            ({"state": state.value}, found.get(state, 0))
            for state in PushState
            if state in OPEN_PUSH
        ],
    )
    yield counter(
        "mailadmin_deploy_total",
        "What became of pushes on a host, from the audit trail",
        _deploys(),
    )


def _deploys() -> list[tuple[dict[str, str], int]]:
    """A target that failed and is tried again counts twice: the rows alone would forget it."""
    actions = {f"target.{state.value}": state.value for state in RESULTS}
    events = AuditEvent.objects.filter(push__isnull=False, action__in=actions)
    counted = events.order_by().values_list("host", "action").annotate(total=Count("number"))
    found = {(host, action): total for host, action, total in counted}
    hosts = sorted({*MailHost.in_service.values_list("name", flat=True), *(h for h, _ in found)})
    return [
        ({"host": host, "result": result}, found.get((host, action), 0))
        for host in hosts
        for action, result in actions.items()
    ]
