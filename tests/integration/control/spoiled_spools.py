"""Rows of the spools app that its constraints refuse: by constraint, what breaks it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from uuid import uuid4

from django.utils import timezone

from routing.models import MailHost
from spools.models import (
    FallbackPolicy,
    FallbackQuestion,
    FlushDestination,
    FlushReceipt,
    FlushRun,
    RelayHealth,
    RelayMaintenance,
    RelayProbe,
    RelayTurn,
    Sample,
    SampleRollup,
    Spool,
    SpooledMessage,
)

NOW = timezone.now()
RELAY = uuid4()


def spool(host: MailHost, **values: Any) -> Spool:
    return Spool.objects.create(**({"host": host, "name": "main", "seen_at": NOW} | values))


def message(of: Spool, **values: Any) -> SpooledMessage:
    wanted = {"spool": of, "queue_id": "6AMKG9tq013790", "state": "waiting"}
    return SpooledMessage.objects.create(**(wanted | values))


def sample(of: Spool, **values: Any) -> Sample:
    figures = dict.fromkeys(("depth", "held", "broken", "bytes"), 0)
    return Sample.objects.create(**({"spool": of, "at": NOW} | figures | values))


def rollup(of: Spool, **values: Any) -> SampleRollup:
    counts = ("depth_min", "depth_max", "depth_avg", "bytes_min", "bytes_max", "bytes_avg")
    sums = ("held_max", "broken_max", "arrived", "departed", "span_s")
    wanted = {"spool": of, "start": NOW, "grain": 300, "samples": 1}
    return SampleRollup.objects.create(**(wanted | dict.fromkeys(counts + sums, 0) | values))


def relay(host: MailHost, **values: Any) -> RelayHealth:
    wanted = {"server": host, "relay": RELAY, "name": "smtp1", "hosts": ["smtp1"], "port": 25}
    return RelayHealth.objects.create(**(wanted | values))


def probe(host: MailHost, **values: Any) -> None:
    """Two probes of one relay by the same order."""
    wanted = {"attempt": RELAY, "at": NOW, "verdict": "takes", "ms": 1, "recipient": "a@b"}
    of = relay(host)
    for _ in range(2):
        RelayProbe.objects.create(relay=of, **(wanted | values))


def policy(host: MailHost, **values: Any) -> FallbackPolicy:
    figures = dict.fromkeys(("age_s", "depth", "pause_s", "most_runs"), 600)
    wanted = {"server": host, "mode": "ask", "changed_at": NOW, **figures}
    return FallbackPolicy.objects.create(**(wanted | values))


def question(host: MailHost, **values: Any) -> FallbackQuestion:
    wanted = {"server": host, "relay": "smtp1", "state": "down", "messages": 1, "asked_at": NOW}
    return FallbackQuestion.objects.create(**(wanted | values))


def maintenance(**values: Any) -> RelayMaintenance:
    wanted = {"relay": RELAY, "name": "smtp1", "reason": "New disk.", "began_at": NOW}
    return RelayMaintenance.objects.create(**(wanted | values))


def run(host: MailHost, **values: Any) -> FlushRun:
    wanted = {"number": 1, "release": "a" * 64, "reason": "smtp1 is down", "started_at": NOW}
    limits = {"runners": 1, "per_destination": 1, "seconds": 30}
    return FlushRun.objects.create(server=host, **(wanted | limits | values))


def ended_run(host: MailHost, **values: Any) -> FlushRun:
    return run(host, **({"state": "finished", "ended_at": NOW} | values))


def destination(of: FlushRun, **values: Any) -> FlushDestination:
    return FlushDestination.objects.create(
        **({"run": of, "domain": "a.fr", "way": "open"} | values)
    )


def receipt(of: FlushRun, **values: Any) -> FlushReceipt:
    wanted = {"run": of, "slice": 1, "queue_id": "q", "recipient": "x@a.fr", "at": NOW}
    return FlushReceipt.objects.create(**(wanted | {"fate": "sent", "step": "end"} | values))


def _both(of: FlushRun, make: Callable[[FlushRun], object]) -> None:
    make(of)
    make(of)


def _twice(host: MailHost, make: Callable[[Spool], object]) -> None:
    of = spool(host)
    make(of)
    make(of)


SPOIL: Mapping[str, Callable[[MailHost], object]] = {
    "spool_name_once": lambda host: (spool(host), spool(host)),
    "spool_has_both_clocks": lambda host: spool(host, at=NOW),
    "spooled_message_once": lambda host: _twice(host, message),
    "spooled_message_state_is_known": lambda host: message(spool(host), state="eaten"),
    "sample_once": lambda host: _twice(host, sample),
    "sample_flow_has_a_span": lambda host: sample(spool(host), arrived=1, departed=1, span_s=0),
    "rollup_once": lambda host: _twice(host, rollup),
    "fallback_mode_is_known": lambda host: policy(host, mode="odd"),
    "wanted_policy_has_a_person": lambda host: policy(host, wanted={"mode": "ask"}),
    "one_open_question_per_server": lambda host: (question(host), question(host)),
    "answered_question_has_a_time": lambda host: question(host, answer="declined"),
    "relay_once_per_server": lambda host: (relay(host), relay(host)),
    "relay_state_is_known": lambda host: relay(host, state="odd"),
    "relay_probe_once": probe,
    "relay_probe_verdict_is_known": lambda host: probe(host, verdict="odd"),
    "relay_turn_state_is_known": lambda host: RelayTurn.objects.create(
        relay=relay(host), at=NOW, state="odd"
    ),
    "one_maintenance_at_a_time": lambda host: (maintenance(), maintenance()),
    "maintenance_has_a_reason": lambda host: maintenance(reason=""),
    "flushrun.key": lambda host: (ended_run(host, key=RELAY), ended_run(host, number=2, key=RELAY)),
    "flush_number_once": lambda host: (ended_run(host), ended_run(host)),
    "flush_one_open_run": lambda host: (run(host), run(host, number=2, state="running")),
    "flush_kind_is_known": lambda host: ended_run(host, kind="odd"),
    "flush_state_is_known": lambda host: ended_run(host, state="odd"),
    "flush_has_a_reason": lambda host: run(host, reason=""),
    "flush_ends_once": lambda host: run(host, state="finished"),
    "flush_destination_once": lambda host: _both(run(host), destination),
    "flush_way_is_known": lambda host: destination(run(host), way="odd"),
    "flush_receipt_once": lambda host: _both(run(host), receipt),
    "flush_fate_is_known": lambda host: receipt(run(host), fate="eaten"),
    "rollup_grain_is_known": lambda host: rollup(spool(host), grain=7),
}
