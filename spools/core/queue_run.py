"""The last run of the normal queue runner of a list server, as its own record says it.

It crosses the wire: times are whole seconds since the epoch by the agent's clock.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from enum import StrEnum
from typing import Any, Self

from routing.core.findings import Finding
from routing.core.machine import error, warning

UNIT = "mailadmin-queue-run.timer"
LATE_S = 30 * 60
"""The timer runs every five minutes, after the end of the last run; six are missing by then."""
MOST_SAID = 2000


class MalformedRun(ValueError):
    """What should be a record of a run is none; the text says where."""


class RunWord(StrEnum):
    """How it is with the runner: LATE has not begun a run for LATE_S, KILLED did not end its
    last one."""

    RUNNING = "running"
    RAN = "ran"
    KILLED = "killed"
    LATE = "late"
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class QueueRun:
    """One run. `release` is the digest that was live as it began ("" is none of ours).

    `exit_code` is sendmail's, minus the signal that killed it, None until it ends: it says nothing
    of whether mail went. `queued_before` and `queued_after` do, they count queue files. `stopped`
    is why we ended it ("": it ended by itself), `said` the end of what sendmail printed.
    """

    began: int
    ended: int | None = None
    running: bool = False
    exit_code: int | None = None
    release: str = ""
    stopped: str = ""
    said: str = ""
    queued_before: int | None = None
    queued_after: int | None = None

    def to_json(self) -> dict[str, Any]:
        """What `from_json` reads."""
        return asdict(self)

    @classmethod
    def from_json(cls, raw: object) -> Self:
        """Raises MalformedRun. What a newer agent says more is left out."""
        if not isinstance(raw, Mapping):
            raise MalformedRun("The record of the last queue run is no object.")
        known = {item.name: raw[item.name] for item in fields(cls) if item.name in raw}
        wrong = [name for name, value in known.items() if not _fits(name, value)]
        if wrong or "began" not in known:
            what = ", ".join(wrong) or "began"
            raise MalformedRun(f"The record of the last queue run is spoiled: {what}.")
        return cls(**known)

    def how(self, now: int) -> RunWord:
        """What to call it. `now` is the agent's clock."""
        if self.running:
            return RunWord.RUNNING
        if now - self.began > LATE_S:
            return RunWord.LATE
        return RunWord.KILLED if self.ended is None else RunWord.RAN


_TEXTS = frozenset({"release", "stopped", "said"})


def _fits(name: str, value: object) -> bool:
    if name in _TEXTS:
        return isinstance(value, str)
    if name == "running":
        return isinstance(value, bool)
    if value is None:
        return name != "began"
    return isinstance(value, int) and not isinstance(value, bool)


def judge_runs(run: QueueRun | None, *, now: int, has_release: bool) -> list[Finding]:
    """What `mailadmin-agent check` says of the runner. Before the first release it has no turn."""
    how = RunWord.NEVER if run is None else run.how(now)
    advice = "systemctl enable --now mailadmin-queue-run.timer; journalctl -u mailadmin-queue-run"
    if how is RunWord.NEVER and has_release:
        text = "Nothing runs through the spool: no run was ever recorded. What waits there stays."
        return [error("queue_run", UNIT, text, advice)]
    if how is RunWord.LATE and run is not None:
        text = f"The last run through the spool began {(now - run.began) // 60} minutes ago."
        return [error("queue_run", UNIT, text, advice)]
    if how is RunWord.KILLED:
        text = "The last run through the spool was killed before its end."
        return [warning("queue_run", UNIT, text, "The next one goes on where it was.")]
    return []
