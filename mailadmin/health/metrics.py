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

from mailadmin.audit.watch import last_whole_pass
from mailadmin.health.families import NO_LABELS, Family, gauge, text_of
from mailadmin.health.models import last_sweep

Provider = Callable[[datetime], Iterable[Family]]


def exposition(now: datetime) -> str:
    """The text of all families."""
    return text_of(family for name in settings.METRICS for family in _provider(name)(now))


def own_families(now: datetime) -> Iterator[Family]:
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


def _moment(name: str, text: str, at: datetime | None) -> Family:
    samples = [(NO_LABELS, at.timestamp())] if at else []
    return gauge(f"{name}_timestamp_seconds", text, samples)


def _provider(name: str) -> Provider:
    provider: Provider = import_string(name)
    return provider
