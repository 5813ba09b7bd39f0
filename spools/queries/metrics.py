"""What spools tell Prometheus: depth by state, ages, relays; and when each was looked at."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from prometheus_client.core import Metric

from mailadmin.health.families import gauge, histogram
from routing.core.facts import HostKind
from routing.models import MailHost
from spools.core.health import ILL, RelayState
from spools.core.reason_class import deferred_by_class
from spools.core.run_kind import RunKind
from spools.core.run_states import OPEN_RUN
from spools.core.summary import AGE_EDGES_MIN, QUEUED, State, Summary
from spools.models import FlushRun, RelayHealth, Spool
from spools.queries.runner import runner_of
from spools.queries.runs import last_proven

AGES_S = tuple(60 * edge for edge in AGE_EDGES_MIN)
NAMED = ("host", "spool")
NOT_JUDGED = (RelayState.UNKNOWN, RelayState.MAINTENANCE)


def families(now: datetime) -> Iterator[Metric]:
    """All of spools. Figures are those of the last scan, whose moment is told beside them."""
    del now
    yield from _spools()
    yield from _relays()
    servers = list(MailHost.in_service.filter(kind=HostKind.LIST_SERVER))
    began = [({"host": server.name}, runner_of(server).began_at) for server in servers]
    yield gauge(
        "mailadmin_queue_run_timestamp_seconds",
        "When the last normal queue run of a list server began",
        [(labels, at.timestamp()) for labels, at in began if at],
    )
    yield from _fallback(servers)


def _fallback(servers: Sequence[MailHost]) -> Iterator[Metric]:
    going = FlushRun.objects.filter(state__in=OPEN_RUN, kind=RunKind.FALLBACK)
    flushed = {*going.values_list("server_id", flat=True)}
    yield gauge(
        "mailadmin_fallback_active",
        "1 while a run of the fallback is open on a list server",
        [({"host": server.name}, float(server.pk in flushed)) for server in servers],
    )
    proven = [({"host": server.name}, last_proven(server)) for server in servers]
    yield gauge(
        "mailadmin_fallback_last_proven_timestamp_seconds",
        "When a receiver last took a message that a run of the fallback sent from a list server",
        [(labels, at.timestamp()) for labels, at in proven if at],
    )


def _spools() -> Iterator[Metric]:
    in_service = Spool.objects.filter(listed=True, host__retired_at=None)
    spools = [(_labels(spool), spool) for spool in in_service.select_related("host")]
    known = [(labels, found) for labels, spool in spools if (found := spool.figures)]
    yield gauge(
        "mailadmin_spool_messages",
        "Messages in a spool by their state",
        [
            ({**labels, "state": state.value}, found.states.get(state, 0))
            for labels, found in known
            for state in State
        ],
    )
    yield gauge(
        "mailadmin_spool_deferred",
        "Messages in a spool that were tried and put off, by what kind of reason",
        [
            ({**labels, "reason_class": kind.value}, count)
            for labels, found in known
            for kind, count in deferred_by_class(found).items()
        ],
    )
    yield gauge(
        "mailadmin_spool_bytes",
        "Size of a spool's files",
        [(labels, found.queue_bytes + found.data_bytes) for labels, found in known],
    )
    yield gauge(
        "mailadmin_spool_oldest_seconds",
        "Age of the oldest message that waits or is held, 0 where none does",
        [(labels, age) for labels, found in known if (age := _oldest(found)) is not None],
    )
    yield histogram(
        "mailadmin_spool_age_seconds",
        "Ages of the messages that wait or are held",
        AGES_S,
        NAMED,
        [([labels[name] for name in NAMED], found.ages) for labels, found in known],
    )
    yield gauge(
        "mailadmin_spool_poll_timestamp_seconds",
        "When the figures of a spool came",
        [(labels, spool.at.timestamp()) for labels, spool in spools if spool.at],
    )
    yield gauge(
        "mailadmin_spool_readable",
        "1 if the last scan could read a spool, 0 if it has a problem",
        [(labels, float(not spool.problem)) for labels, spool in spools],
    )


def _relays() -> Iterator[Metric]:
    """Each relay target that a live table names, as each list server sees it."""
    named = RelayHealth.objects.filter(named=True, server__retired_at=None)
    relays = [
        ({"host": relay.server.name, "relay": relay.name}, relay)
        for relay in named.select_related("server")
    ]
    yield gauge(
        "mailadmin_relay_up",
        "1 if a relay takes mail, 0 if it is down or overloaded; none while that is not judged",
        [
            (labels, float(relay.state not in ILL))
            for labels, relay in relays
            if relay.state not in NOT_JUDGED
        ],
    )
    yield gauge(
        "mailadmin_relay_state",
        "1 for the state that a relay is in",
        [
            ({**labels, "state": state.value}, float(relay.state == state))
            for labels, relay in relays
            for state in RelayState
        ],
    )
    yield gauge(
        "mailadmin_relay_probe_timestamp_seconds",
        "When a relay was last probed",
        [(labels, relay.seen_at.timestamp()) for labels, relay in relays if relay.seen_at],
    )


def _labels(spool: Spool) -> dict[str, str]:
    return {"host": spool.host.name, "spool": spool.name}


def _oldest(found: Summary) -> int | None:
    """By the agent's clock alone, so its skew does not count; None where no message has a time."""
    if not any(found.states.get(state, 0) for state in QUEUED):
        return 0
    return None if found.oldest is None else max(0, found.at - found.oldest)
