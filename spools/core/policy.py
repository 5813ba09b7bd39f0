"""When a list server may send past its relay: the policy, what it looks at, what it decides. Pure.

Times are seconds. What nobody knows meets no condition.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from spools.core.health import RelayState


class Mode(StrEnum):
    """OFF: never. ASK: a person confirms each run. AUTOMATIC: a run starts by itself."""

    OFF = "off"
    ASK = "ask"
    AUTOMATIC = "automatic"


MAY_FIRE = (RelayState.DOWN, RelayState.OVERLOADED)
"""Of a suspect relay too little is known, and one in maintenance is in somebody's hands."""


@dataclass(frozen=True, slots=True)
class Policy:
    """Of one list server. `fires` are the states of its relay that fire it; `age_s` and `depth` the
    least that has to wait; `excluded` the domains that never go past the relay; `pause_s` the least
    time between two runs, `most_runs` how many there may be in 24 hours.
    """

    mode: Mode = Mode.ASK
    fires: frozenset[RelayState] = frozenset({RelayState.DOWN})
    age_s: int = 1800
    depth: int = 1
    excluded: tuple[str, ...] = ()
    pause_s: int = 900
    most_runs: int = 6


class Act(StrEnum):
    """What is to be done now."""

    NOTHING = "nothing"
    ASK = "ask"
    START = "start"
    STOP = "stop"


@dataclass(frozen=True, slots=True)
class Sight:
    """What is known of a list server; None where nobody knows.

    `relay` is the relay that everything without a route goes by, "" where there is none. `waiting`
    and `oldest_s` are of a scan that is young enough to act on. `verified`: the live release is the
    one that was confirmed, and nothing in it differs.
    """

    relay: str = ""
    state: RelayState = RelayState.UNKNOWN
    waiting: int | None = None
    oldest_s: int | None = None
    verified: bool | None = None
    deploying: bool = False
    agent_heard: bool | None = None
    running: bool = False
    last_run_s: int | None = None
    runs_today: int = 0


@dataclass(frozen=True, slots=True)
class Condition:
    """One thing that has to hold. `met` is None where nobody knows; `now` and `limit` in words."""

    name: str
    met: bool | None
    statement: str
    now: str
    limit: str


@dataclass(frozen=True, slots=True)
class Decision:
    """What follows, and every condition in its order."""

    act: Act
    conditions: tuple[Condition, ...]

    @property
    def missing(self) -> tuple[Condition, ...]:
        """Those that are not met."""
        return tuple(item for item in self.conditions if not item.met)


def decide(policy: Policy, sight: Sight) -> Decision:
    """A run that goes on is stopped when the relay is well; else all conditions must be met."""
    conditions = tuple(_conditions(policy, sight))
    if sight.running:
        well = sight.state is RelayState.HEALTHY
        return Decision(Act.STOP if well else Act.NOTHING, conditions)
    if not all(item.met for item in conditions):
        return Decision(Act.NOTHING, conditions)
    return Decision(Act.START if policy.mode is Mode.AUTOMATIC else Act.ASK, conditions)


def _conditions(policy: Policy, sight: Sight) -> Iterator[Condition]:
    wanted = " or ".join(state for state in RelayState if state in policy.fires) or "no state"
    yield Condition(
        "mode", policy.mode is not Mode.OFF, "The policy is on", policy.mode, "ask or automatic"
    )
    known = bool(sight.relay) and sight.state is not RelayState.UNKNOWN
    yield Condition(
        "relay",
        sight.state in policy.fires and sight.state in MAY_FIRE if known else None,
        f"{sight.relay} is {wanted}" if sight.relay else "A relay takes what has no route",
        sight.state if sight.relay else "none",
        wanted,
    )
    yield Condition(
        "depth",
        None if sight.waiting is None else sight.waiting >= policy.depth,
        "Enough mail waits",
        _count(sight.waiting),
        _count(policy.depth),
    )
    # Where nothing waits nothing is old.
    oldest = 0 if sight.waiting == 0 else sight.oldest_s
    yield Condition(
        "age",
        None if oldest is None else oldest >= policy.age_s,
        "It has waited long enough",
        _age(oldest),
        _minutes(policy.age_s),
    )
    yield Condition(
        "release",
        sight.verified,
        "The fallback of the live release is verified",
        _known(sight.verified, "as confirmed", "differs from what was confirmed"),
        "as confirmed",
    )
    yield Condition(
        "deploy",
        not sight.deploying,
        "No push is being put on the host",
        "one is" if sight.deploying else "none",
        "none",
    )
    yield Condition(
        "agent",
        sight.agent_heard,
        "Its spool agent answers",
        _known(sight.agent_heard, "heard", "not heard"),
        "heard",
    )
    yield Condition(
        "running",
        not sight.running,
        "No run goes on",
        "one does" if sight.running else "none",
        "none",
    )
    yield Condition(
        "pause",
        sight.last_run_s is None or sight.last_run_s >= policy.pause_s,
        "The last run is long enough ago",
        "no run yet" if sight.last_run_s is None else _age(sight.last_run_s),
        _minutes(policy.pause_s),
    )
    yield Condition(
        "runs",
        sight.runs_today < policy.most_runs,
        "There were not too many runs in 24 h",
        str(sight.runs_today),
        f"fewer than {policy.most_runs}",
    )


def _known(value: bool | None, yes: str, no: str) -> str:
    return "not known" if value is None else yes if value else no


def _count(value: int | None) -> str:
    if value is None:
        return "not known"
    return "1 message" if value == 1 else f"{value} messages"


def _minutes(seconds: int) -> str:
    hours, minutes = divmod(seconds // 60, 60)
    if hours < 2:
        return f"{seconds // 60} min"
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"


def _age(seconds: int | None) -> str:
    if seconds is None:
        return "not known"
    # In words that stay for a minute: a page that polls is not drawn anew each second.
    return _minutes(seconds) if seconds >= 60 else "less than 1 min"
