"""The relay breaks, 200 messages wait, and that is told within one scan; it mends, and none do."""

from __future__ import annotations

import urllib.request

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.e2e.desk import SignIn
from tests.e2e.test_demonstration import (
    arrived,
    last_batch,
    mended,
    run_queue,
    set_to,
    submit,
    waiting,
)
from tests.fixtures.sandbox import RunningSandbox, wait_until

__all__ = ["mended"]

pytestmark = pytest.mark.timeout(600)
COUNT, TO_RELAY = 200, 160
"""Of five domains in turn one is the list server's own."""
SCAN_S = 30.0
AT_MOST_S = SCAN_S + 15.0
"""A scan each half minute, its order, its report, on a machine that does much else."""


def figures(running: RunningSandbox) -> dict[str, float]:
    """What Prometheus reads: name and sorted labels → figure."""
    with urllib.request.urlopen(f"{running.address}metrics", timeout=10) as answer:
        text = answer.read().decode()
    return {
        " ".join([sample.name, *(f"{k}={v}" for k, v in sorted(sample.labels.items()))]): float(
            sample.value
        )
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def depth(running: RunningSandbox) -> float | None:
    """How many messages wait by the last scan, None before the first."""
    found = figures(running)
    depths = [
        v
        for name, v in found.items()
        if name.startswith("mailadmin_spool_messages host=listes")
        and name.endswith("state=waiting")
    ]
    return sum(depths) if depths else None


def oldest(running: RunningSandbox) -> float:
    found = figures(running)
    return max(v for name, v in found.items() if name.startswith("mailadmin_spool_oldest_seconds"))


def test_what_waits_is_told_within_one_scan_and_ends_where_it_began(
    sign_in: SignIn, mended: RunningSandbox
) -> None:
    desk, before = sign_in("odile"), waiting(mended)
    wait_until(lambda: depth(mended) == len(before), "a first scan", seconds=AT_MOST_S)

    set_to(desk, "relay", "refuses connections")
    submit(desk, COUNT)
    token = last_batch(desk, COUNT)
    assert len(waiting(mended)) == len(before) + TO_RELAY
    wait_until(
        lambda: depth(mended) == len(before) + TO_RELAY, "the depth is told", seconds=AT_MOST_S
    )
    assert oldest(mended) > 0

    set_to(desk, "relay", "takes everything")
    run_queue(mended)
    wait_until(lambda: depth(mended) == len(before), "it is told as gone", seconds=AT_MOST_S)
    assert waiting(mended) == before
    record = mended.sandbox.record
    assert arrived(record("relay"), token) == TO_RELAY
    assert arrived(record("mta"), token) == COUNT - TO_RELAY
