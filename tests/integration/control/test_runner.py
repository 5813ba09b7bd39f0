"""What the pages are told of the normal queue runner."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from mailadmin.wire.core.messages import Role
from routing.models import MailHost
from routing.services.hosts import observed
from spools.core.queue_run import LATE_S, QueueRun, RunWord
from spools.queries.runner import Runner, runner_of
from tests.integration.control.test_hosts_service import Save, save

__all__ = ["save"]


def seen(host: MailHost, now: datetime, **more: object) -> Runner:
    body = {"kept": [], "kept_total": 0, **more}
    observed(agent_host=host.name, role=Role.SPOOL, body=body, now=now)
    return runner_of(host)


def test_what_the_agent_says_of_the_last_run_is_kept(save: Save) -> None:
    host, now = save(), timezone.now()
    assert runner_of(host) == Runner(None, None, None)

    assert seen(host, now) == Runner(None, None, now), "an agent from before says nothing of runs"
    assert seen(host, now, runner={}) == Runner(None, RunWord.NEVER, now)
    run = QueueRun(began=int(now.timestamp()) - 5, ended=int(now.timestamp()), exit_code=0)
    runner = seen(host, now, runner=run.to_json())
    assert runner == Runner(run, RunWord.RAN, now)
    assert runner.began_at == (now - timedelta(seconds=5)).replace(microsecond=0)


def test_a_run_is_judged_as_of_the_agents_word(save: Save) -> None:
    """An agent that is silent for an hour does not make its runner late."""
    host, hour_ago = save(), timezone.now() - timedelta(hours=1)
    run = QueueRun(began=int(hour_ago.timestamp()), ended=int(hour_ago.timestamp()))
    assert seen(host, hour_ago, runner=run.to_json()).how is RunWord.RAN
    late = hour_ago + timedelta(seconds=LATE_S + 2)
    assert seen(host, late, runner=run.to_json()).how is RunWord.LATE


@pytest.mark.parametrize("spoiled", [[], "x", {"began": "x"}])
def test_what_is_no_record_is_not_known(save: Save, spoiled: object) -> None:
    host, now = save(), timezone.now()
    found = seen(host, now, runner=spoiled)
    assert (found.run, found.seen_at) == (None, now)
