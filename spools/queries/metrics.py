"""What spools tell Prometheus: depth by state, ages, and when each was looked through."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from prometheus_client.core import Metric

from mailadmin.health.families import gauge, histogram
from spools.core.summary import AGE_EDGES_MIN, QUEUED, State, Summary
from spools.models import Spool

AGES_S = tuple(60 * edge for edge in AGE_EDGES_MIN)
NAMED = ("host", "spool")


def families(now: datetime) -> Iterator[Metric]:
    """All of spools. Figures are those of the last scan, whose moment is told beside them."""
    del now
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


def _labels(spool: Spool) -> dict[str, str]:
    return {"host": spool.host.name, "spool": spool.name}


def _oldest(found: Summary) -> int | None:
    """By the agent's clock alone, so its skew does not count; None where no message has a time."""
    if not any(found.states.get(state, 0) for state in QUEUED):
        return 0
    return None if found.oldest is None else max(0, found.at - found.oldest)
