"""The control plane's tasks. Each carries no authority: what may happen is decided from rows."""

from __future__ import annotations

from mailadmin.celery import app
from mailadmin.nudge import TICK
from mailadmin.tick import take_in
from mailadmin.tick import tick as run_tick
from mailadmin.wire.broker import drop_builtin_tasks
from mailadmin.wire.names import RECORD_REPORT


@app.task(name=TICK)
def tick() -> None:
    """Called by beat, and as a nudge when somebody did something."""
    run_tick()


@app.task(name=RECORD_REPORT)
def record_report(envelope: str) -> None:
    """Called by agents."""
    take_in(envelope)


# An agent may write to the reports queue, and so could call them.
drop_builtin_tasks(app)
