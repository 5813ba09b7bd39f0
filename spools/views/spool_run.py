"""What a spool's page says of runs through it: the normal runner's last one, and the fallback's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest
from django.urls import reverse

from mailadmin.people.access import person_may
from mailadmin.people.roles import Permission
from mailadmin.ui.words import number
from spools.core.flush import QUEUE_ID
from spools.core.queue_run import QueueRun, RunWord
from spools.core.summary import State
from spools.models import Spool, SpooledMessage
from spools.queries.runner import Runner, runner_of
from spools.queries.runs import is_own, runs_of

SHOWN = 3
MINUTE_S = 60
NOT_YOURS = "An operator may begin a run."
WORDS: Mapping[RunWord | None, tuple[str, str]] = {
    None: ("unk", "What the runner does is not known."),
    RunWord.NEVER: ("bad", "Nothing ever ran through it: what waits stays."),
    RunWord.LATE: ("bad", "No run began for half an hour."),
    RunWord.KILLED: ("warn", "The last run was killed before its end."),
    RunWord.RUNNING: ("work", "A run goes on."),
    RunWord.RAN: ("ok", "It runs."),
}


def runs_context(request: HttpRequest, row: Spool) -> dict[str, Any]:
    """For the spool that Sympa submits into; of other spools nothing runs here."""
    if not is_own(row):
        return {}
    runner = runner_of(row.host)
    may = person_may(request, Permission.OPERATE)
    return {
        "flush_href": reverse("flush-start", args=[row.host.name]),
        "retry_href": reverse("retry-start", args=[row.host.name]),
        "flush_reason": "" if may else NOT_YOURS,
        "may_tick": may,
        "runner": runner,
        "runner_words": WORDS[runner.how],
        "runner_facts": _facts(runner),
        "runs": runs_of(row.host, SHOWN),
    }


def message_flush(request: HttpRequest, row: Spool, message: SpooledMessage) -> dict[str, Any]:
    """How a run of this message alone is begun, where one can be."""
    if not is_own(row) or not tick_of(message):
        return {}
    name, alone = row.host.name, urlencode({"id": message.queue_id})
    may = person_may(request, Permission.OPERATE)
    return {
        "flush_href": f"{reverse('flush-start', args=[name])}?{alone}",
        "retry_href": f"{reverse('retry-start', args=[name])}?{alone}",
        "flush_reason": "" if may else NOT_YOURS,
    }


def tick_of(message: SpooledMessage) -> str:
    """What names a message to a run, "" for one that no run touches."""
    fits = message.state == State.WAITING and QUEUE_ID.fullmatch(message.queue_id)
    return message.queue_id if fits else ""


def _facts(runner: Runner) -> list[dict[str, Any]]:
    run = runner.run
    if run is None:
        return []
    release = run.release[:8] or "of the install"
    return [
        {"label": "Began", "at": runner.began_at},
        {"label": "Took", "value": _took(run), "missing": "It has not ended"},
        {"label": "Before, after", "value": _counts(run), "missing": "Not counted"},
        {"label": "Release", "value": release, "mono": True},
        *([{"label": "Ended", "value": run.stopped}] if run.stopped else []),
        *([{"label": "sendmail said", "value": run.said[-200:]}] if run.said else []),
    ]


def _took(run: QueueRun) -> str:
    seconds = None if run.ended is None else run.ended - run.began
    if seconds is None:
        return ""
    return f"{seconds} s" if seconds < 2 * MINUTE_S else f"{seconds // MINUTE_S} min"


def _counts(run: QueueRun) -> str:
    if run.queued_before is None:
        return ""
    return f"{number(run.queued_before)}, {number(run.queued_after)}"
