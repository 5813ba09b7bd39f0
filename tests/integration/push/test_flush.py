"""A run of the fallback on the whole site: ordered, signed, carried out, reported, and ended."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.sandbox.outside import OPEN
from mailadmin.wire.core.messages import Verb
from mailadmin.wire.models import Attempt
from spools.core.run_states import RunState
from spools.core.scope import Scope
from spools.models import FlushReceipt, FlushRun
from spools.queries.runs import reasons_against
from spools.services.flushes import cancel_run, start_run
from tests.fixtures.sandbox import wait_until
from tests.integration.push.site import LIVENESS_S, SPOOL, Site


@pytest.fixture
def outage(site: Site) -> Iterator[Site]:
    """The relay refuses everybody; the world outside takes everything."""
    if "outside" not in site.stack.processes:
        pytest.skip("port 25 of the sandbox's outside is root's")
    relay = site.sandbox.behaviour("relay")
    relay.write_text("refuses")
    wait_until(lambda: refuses(site), "the relay refuses", LIVENESS_S)
    for file in site.tree.spool.glob("*"):
        file.unlink()
    wait_until(lambda: not reasons_against(site.host), "a run may begin", LIVENESS_S)
    yield site
    relay.unlink()
    for run in FlushRun.objects.filter(ended_at=None):
        cancel_run(run=run, by=site.people["paul"])
    wait_until(lambda: not FlushRun.objects.filter(ended_at=None).exists(), "no run", LIVENESS_S)
    for file in site.tree.spool.glob("*"):
        file.unlink()


def refuses(site: Site) -> bool:
    """Whether the relay has heard that it is to."""
    try:
        socket.create_connection(("127.0.0.1", site.sandbox.ports.relay), timeout=300).close()
    except ConnectionRefusedError:
        return True
    return False


def submit(site: Site, word: str, count: int) -> list[str]:
    names = [f"{word}{at}@{OPEN[at % len(OPEN)]}" for at in range(count)]
    for name in names:
        assert site.submit(name) == 0
    return sorted(names)


def start(site: Site) -> FlushRun:
    """One that goes to its end: the probes may not have seen yet that the relay refuses."""
    return start_run(
        server=site.host,
        scope=Scope(),
        by=site.people["paul"],
        reason="smtp1 is down",
        stop_when_well=False,
    )


def until(run: FlushRun, *states: RunState) -> FlushRun:
    def there() -> bool:
        run.refresh_from_db()
        return run.state in states

    wait_until(there, f"{run} {states}", LIVENESS_S)
    return run


def arrived(site: Site, word: str) -> list[str]:
    lines = site.sandbox.record("outside").read_text().splitlines()
    found = [name for line in lines for name in json.loads(line)["recipients"]]
    return sorted(name for name in found if name.startswith(word))


def all_wait(site: Site, names: list[str]) -> None:
    """The queue runner renames control files: one look may miss what stands there all the time."""
    wait_until(lambda: len(waiting(site)) == len(names), f"{len(names)} wait", LIVENESS_S)


def waiting(site: Site) -> list[Path]:
    return list(site.tree.spool.glob("qf*"))


def test_all_that_waits_goes_out_and_each_has_its_receipt(outage: Site) -> None:
    names = submit(outage, "story", 12)
    all_wait(outage, names)

    run = until(start(outage), RunState.FINISHED)

    assert arrived(outage, "story") == names
    assert sorted(FlushReceipt.objects.filter(run=run).values_list("recipient", "fate")) == [
        (name, "sent") for name in names
    ]
    assert (run.sent, run.messages, waiting(outage)) == (12, 12, [])


def test_an_agent_killed_in_the_middle_goes_on_and_nothing_comes_twice(outage: Site) -> None:
    names = submit(outage, "killed", 12)
    run = start(outage)
    sent = Attempt.objects.filter(verb=Verb.FLUSH, flush_runs=run, state="sent")
    wait_until(lambda: sent.exists(), "a slice is out", LIVENESS_S)
    outage.stack.kill(SPOOL)
    outage.stack.start_ready(SPOOL)

    run = until(run, RunState.FINISHED)

    assert arrived(outage, "killed") == names
    assert sorted(FlushReceipt.objects.filter(run=run).values_list("recipient", flat=True)) == names


def test_another_release_ends_it(outage: Site) -> None:
    submit(outage, "moved", 2)
    outage.pause("control")
    run = start(outage)
    FlushRun.objects.filter(pk=run.pk).update(release="c" * 64)
    outage.resume("control")
    run = until(run, RunState.STOPPED)
    assert "was to use cccccccc" in run.why
    assert arrived(outage, "moved") == []


def test_cancelled_before_the_agent_takes_it(outage: Site) -> None:
    names = submit(outage, "cancelled", 2)
    outage.pause("control")
    run = start(outage)
    cancel_run(run=run, by=outage.people["paul"])
    outage.resume("control")
    run = until(run, RunState.CANCELLED)
    assert arrived(outage, "cancelled") == []
    all_wait(outage, names)
