"""What Prometheus reads: figures from rows, asked when somebody asks.

Each app that has figures names a function in the setting METRICS: it takes the moment and returns
families. No label is a domain or a person: of those there may be a hundred thousand. What is not
known has no sample: a zero would be a claim.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime

from django.conf import settings
from django.utils.module_loading import import_string
from prometheus_client import CollectorRegistry
from prometheus_client.core import Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from mailadmin.audit.watch import last_whole_pass
from mailadmin.health.families import NO_LABELS, gauge
from mailadmin.health.models import last_sweep

Provider = Callable[[datetime], Iterable[Metric]]


class _Asked(Collector):
    """All families of one moment."""

    def __init__(self, now: datetime) -> None:
        self._now = now

    def collect(self) -> Iterator[Metric]:
        for name in settings.METRICS:
            provider: Provider = import_string(name)
            yield from provider(self._now)


def exposition(*, accept: str, now: datetime) -> tuple[bytes, str]:
    """The text of all families, and its content type by what the reader accepts."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Asked(now))
    encoder, content_type = choose_encoder(accept)
    return encoder(registry), content_type


def own_families(now: datetime) -> Iterator[Metric]:
    """The control plane itself, and its audit trail."""
    del now
    whole = last_whole_pass()
    yield _moment("mailadmin_tick", "When the control worker last ended a tick", last_sweep())
    yield gauge(
        "mailadmin_audit_chain_ok",
        "1 if every audit event was as it was written, 0 if not",
        [(NO_LABELS, float(whole.ok))] if whole else [],
    )
    yield _moment(
        "mailadmin_audit_chain_checked",
        "When the audit trail was last read to its end, or to its first wrong event",
        whole.at if whole else None,
    )


def _moment(name: str, text: str, at: datetime | None) -> Metric:
    samples = [(NO_LABELS, at.timestamp())] if at else []
    return gauge(f"{name}_timestamp_seconds", text, samples)
