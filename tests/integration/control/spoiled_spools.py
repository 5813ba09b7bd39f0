"""Rows of the spools app that its constraints refuse: by constraint, what breaks it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.utils import timezone

from routing.models import MailHost
from spools.models import Sample, SampleRollup, Spool, SpooledMessage

NOW = timezone.now()


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
    "rollup_grain_is_known": lambda host: rollup(spool(host), grain=7),
}
