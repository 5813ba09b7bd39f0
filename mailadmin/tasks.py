"""The control plane's tasks. Each carries no authority: what may happen is decided from rows."""

from __future__ import annotations

import time

from django.conf import settings

from mailadmin.celery import app
from mailadmin.nudge import TICK
from mailadmin.tick import take_in
from mailadmin.tick import tick as run_tick
from mailadmin.wire.broker import drop_builtin_tasks
from mailadmin.wire.names import RECORD_REPORT


class _Last:
    """When this process last finished a tick."""

    ended = float("-inf")


_last = _Last()


@app.task(name=TICK)
def tick() -> None:
    """Called by beat, and as a nudge when somebody did something.

    Ticks pile up while no worker runs; of those that a worker then finds, one is enough.
    """
    if time.monotonic() - _last.ended > settings.TICK_SECONDS / 10:
        run_tick()
        _last.ended = time.monotonic()


@app.task(name=RECORD_REPORT)
def record_report(envelope: str) -> None:
    """Called by agents."""
    take_in(envelope)


# An agent may write to the reports queue, and so could call them.
drop_builtin_tasks(app)
