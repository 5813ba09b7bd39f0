"""The normal queue runner of a list server, as its spool agent saw it last."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from routing.models import HostState, MailHost
from spools.core.queue_run import MalformedRun, QueueRun, RunWord


@dataclass(frozen=True, slots=True)
class Runner:
    """`run` is the last run, None where none is known; `how` what to call it, None where nothing
    is: the agent was never heard, or is one from before. `seen_at` is when the agent said so,
    None when never; the age of the run itself is by the agent's clock."""

    run: QueueRun | None
    how: RunWord | None
    seen_at: datetime | None

    @property
    def began_at(self) -> datetime | None:
        """When the last run began."""
        return None if self.run is None else moment(self.run.began)


def runner_of(server: MailHost) -> Runner:
    """What the page of a spool says of the runner. One query."""
    state = HostState.objects.filter(host=server).first()
    if state is None or state.spool_at is None or state.runner is None:
        return Runner(None, None, state.spool_at if state else None)
    try:
        run = QueueRun.from_json(state.runner) if state.runner else None
    except MalformedRun:
        return Runner(None, None, state.spool_at)
    # Judged as of the word: a silent agent does not make a runner late.
    how = RunWord.NEVER if run is None else run.how(int(state.spool_at.timestamp()))
    return Runner(run, how, state.spool_at)


def moment(epoch: int) -> datetime:
    """Seconds since the epoch as a time."""
    return datetime.fromtimestamp(epoch, tz=UTC)
