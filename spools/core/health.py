"""How well a relay is, from its last probes: one state with hysteresis, so that nothing acts on one
failed connection and nothing flaps. Pure; `docs/relay-health.md` is drawn from this table.

Times are seconds since the epoch by one clock, which may jump; what is too old decides nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import reduce
from typing import Self

from spools.core.probe import Verdict


class RelayState(StrEnum):
    """What is known of a relay from one list server."""

    UNKNOWN = "unknown"
    HEALTHY = "healthy"
    SUSPECT = "suspect"
    OVERLOADED = "overloaded"
    DOWN = "down"
    RECOVERING = "recovering"
    MAINTENANCE = "maintenance"


ILL = (RelayState.DOWN, RelayState.OVERLOADED)
"""What has to be got over: a relay comes out of it by way of RECOVERING alone."""


@dataclass(frozen=True, slots=True)
class Thresholds:
    """When a state changes; counts are of probes. Each field is a word of the table below."""

    down_after: int = 3
    down_s: int = 45
    overloaded_after: int = 3
    window: int = 10
    window_bad: int = 5
    window_answers: int = 4
    calm_bad: int = 1
    turn_after: int = 2
    clear_after: int = 5
    clear_most: int = 20
    relapse_s: int = 1800
    slow_ms: int = 8000
    deferred_permille: int = 500
    deferred_least: int = 20
    stale_s: int = 300

    @classmethod
    def every(cls, seconds: float) -> Self:
        """For a probe each so many seconds: what is counted in time holds some of them."""
        least = cls()
        down_s, stale_s = round(seconds * 1.5), round(seconds * 5)
        return cls(down_s=max(least.down_s, down_s), stale_s=max(least.stale_s, stale_s))


DEFAULT = Thresholds()
_S = RelayState
TABLE: Mapping[RelayState, Mapping[RelayState, str]] = {
    _S.UNKNOWN: {
        _S.HEALTHY: "the first probe is good",
        _S.SUSPECT: "the first probe is not",
        _S.MAINTENANCE: "a person sets it",
    },
    _S.HEALTHY: {
        _S.SUSPECT: "one probe is not good",
        _S.UNKNOWN: "no probe for {stale_s} s",
        _S.MAINTENANCE: "a person sets it",
    },
    _S.SUSPECT: {
        _S.HEALTHY: "{turn_after} good ones in a row, at most {calm_bad} bad of the last {window}",
        _S.OVERLOADED: "{overloaded_after} in a row are not good and one of them is busy,"
        " or {window_bad} of the last {window} are not good",
        _S.DOWN: "{down_after} failures in a row over {down_s} s",
        _S.UNKNOWN: "no probe for {stale_s} s",
        _S.MAINTENANCE: "a person sets it",
    },
    _S.OVERLOADED: {
        _S.DOWN: "{down_after} failures in a row over {down_s} s",
        _S.RECOVERING: "{turn_after} good ones in a row",
        _S.UNKNOWN: "no probe for {stale_s} s",
        _S.MAINTENANCE: "a person sets it",
    },
    _S.DOWN: {
        _S.OVERLOADED: "{window_answers} of the last {window} are answered",
        _S.RECOVERING: "{turn_after} good ones in a row",
        _S.UNKNOWN: "no probe for {stale_s} s",
        _S.MAINTENANCE: "a person sets it",
    },
    _S.RECOVERING: {
        _S.HEALTHY: "{clear_after} good ones in a row; after a relapse twice as many, at most"
        " {clear_most}",
        _S.OVERLOADED: "{overloaded_after} in a row are not good and one of them is busy,"
        " or {window_bad} of the last {window} are not good",
        _S.DOWN: "{down_after} failures in a row over {down_s} s",
        _S.UNKNOWN: "no probe for {stale_s} s",
        _S.MAINTENANCE: "a person sets it",
    },
    _S.MAINTENANCE: {_S.UNKNOWN: "a person ends it; the next probe decides"},
}


class Mark(StrEnum):
    """One probe as it counts, a letter each."""

    GOOD = "g"
    BUSY = "b"
    FAILED = "f"


@dataclass(frozen=True, slots=True)
class Deferrals:
    """What the spool shows: of so many messages for this relay, so many were put off by it."""

    deferred: int
    of: int


@dataclass(frozen=True, slots=True)
class Look:
    """One probe of a relay target at a moment. `why` is what it said against it, in words."""

    at: int
    verdict: Verdict
    ms: int = 0
    why: str = ""
    deferrals: Deferrals | None = None


@dataclass(frozen=True, slots=True)
class Health:
    """A state and all that the next probe needs. `marks` are the last probes, the newest at the
    end; `run` is how many of the newest are alike, good or not; `failing_since` is the first of the
    failures at the end; `well_at` when it was last got over; `relapses` how often it was not.
    """

    state: RelayState = RelayState.UNKNOWN
    since: int | None = None
    why: str = ""
    marks: str = ""
    run: int = 0
    failing_since: int | None = None
    seen_at: int | None = None
    well_at: int | None = None
    relapses: int = 0

    @property
    def good(self) -> int:
        """Good probes in a row up to now."""
        return self.run if self.marks.endswith(Mark.GOOD) else 0

    @property
    def bad(self) -> int:
        """Probes in a row up to now that were not good."""
        return 0 if self.good else self.run

    @property
    def failed(self) -> int:
        """Failures in a row up to now, as far as they are remembered."""
        return len(self.marks) - len(self.marks.rstrip(Mark.FAILED))


def judged(looks: Iterable[Look], rules: Thresholds = DEFAULT, health: Health = Health()) -> Health:
    """What probes say together, in the order in which they came."""
    return reduce(lambda before, look: after(before, look, rules), looks, health)


def after(before: Health, look: Look, rules: Thresholds = DEFAULT) -> Health:
    """The health after one more probe. One that tells nothing of the relay changes nothing."""
    if before.state is RelayState.MAINTENANCE:
        return before
    before = aged(before, look.at, rules)
    if look.verdict is Verdict.UNTOLD:
        unknown = before.state is RelayState.UNKNOWN and look.why
        return replace(before, why=look.why) if unknown else before
    now = _marked(before, look, rules)
    state = _next(before.state, now, look.at, rules)
    if state is before.state:
        return now
    return _entered(now, before.state, state, look.at, rules)


def aged(health: Health, now: int, rules: Thresholds = DEFAULT) -> Health:
    """The health at a moment: what was probed too long ago, or in the future, is not known any
    more. Maintenance stays until a person ends it.
    """
    if health.state in (RelayState.MAINTENANCE, RelayState.UNKNOWN):
        return health
    if health.seen_at is not None and abs(now - health.seen_at) <= rules.stale_s:
        return health
    why = f"no probe for {rules.stale_s} s"
    # How often it fell ill again is no claim about now, so it outlives a gap.
    return Health(since=now, why=why, well_at=health.well_at, relapses=health.relapses)


def maintained(now: int, why: str) -> Health:
    """As a person sets it; probes count for nothing until it ends."""
    return Health(state=RelayState.MAINTENANCE, since=now, why=why)


def released(now: int) -> Health:
    """After maintenance: the next probe decides."""
    return Health(since=now, why="maintenance ended, no probe yet")


def needed(health: Health, rules: Thresholds = DEFAULT) -> int:
    """Good probes in a row that make a recovering relay healthy."""
    # A shift of more would only be cut.
    return min(rules.clear_after << min(health.relapses, 8), rules.clear_most)


def rule_of(health: Health, rules: Thresholds = DEFAULT) -> str:
    """What moves it next and how far that is, in words."""
    failed, good = health.failed, health.good
    match health.state:
        case RelayState.RECOVERING:
            return f"clears after {needed(health, rules)} good probes, {good} so far"
        case RelayState.SUSPECT:
            if failed:
                words = f"down after {rules.down_after} failures in a row over {rules.down_s} s"
                return f"{words}, {failed} so far"
            return _clears(health, rules)
        case RelayState.DOWN | RelayState.OVERLOADED:
            return f"recovering after {rules.turn_after} good probes in a row, {good} so far"
        case RelayState.HEALTHY:
            return "suspect after one probe that is not good"
        case RelayState.MAINTENANCE:
            return "until a person ends it"
        case RelayState.UNKNOWN:
            return "the next probe decides"


def words_of(rule: str, rules: Thresholds = DEFAULT) -> str:
    """A rule of TABLE with its figures."""
    return rule.format(**{name: getattr(rules, name) for name in Thresholds.__slots__})


def mark_of(look: Look, rules: Thresholds = DEFAULT) -> Mark:
    """How a probe counts. A relay that takes a recipient and is slow, or puts off most of what
    waits for it, is busy: a probe ends before DATA, where some refuse.
    """
    if look.verdict is Verdict.BUSY:
        return Mark.BUSY
    if look.verdict is not Verdict.TAKES:
        return Mark.FAILED
    return Mark.BUSY if look.ms > rules.slow_ms or _puts_off(look, rules) else Mark.GOOD


def why_of(look: Look, rules: Thresholds = DEFAULT) -> str:
    """What a probe says against the relay, "" where nothing."""
    if look.verdict is not Verdict.TAKES:
        return look.why
    if look.ms > rules.slow_ms:
        return f"it took {look.ms / 1000:.1f} s to take a recipient"
    if look.deferrals is not None and _puts_off(look, rules):
        return f"{look.deferrals.deferred} of {look.deferrals.of} messages for it were deferred"
    return ""


def _clears(health: Health, rules: Thresholds) -> str:
    """Of a suspect one whose last probe was no failure."""
    if health.good < rules.turn_after:
        return f"clears after {rules.turn_after} good probes in a row, {health.good} so far"
    now = f"now {_not_good(health, rules)}"
    return f"clears when at most {rules.calm_bad} of the last {rules.window} is not good, {now}"


def _puts_off(look: Look, rules: Thresholds) -> bool:
    spool = look.deferrals
    if spool is None or spool.deferred < rules.deferred_least:
        return False
    return spool.deferred * 1000 >= spool.of * rules.deferred_permille


def _marked(before: Health, look: Look, rules: Thresholds) -> Health:
    """With one more probe, in the state before it."""
    mark = mark_of(look, rules)
    alike = bool(before.marks) and (before.marks[-1] == Mark.GOOD) == (mark is Mark.GOOD)
    failing = None
    if mark is Mark.FAILED:
        failing = look.at if before.failing_since is None else min(before.failing_since, look.at)
    return replace(
        before,
        why=why_of(look, rules) or ("" if before.state is RelayState.HEALTHY else before.why),
        marks=(before.marks + mark)[-max(rules.window, rules.clear_most) :],
        run=before.run + 1 if alike else 1,
        failing_since=failing,
        seen_at=look.at,
        # A clock that was put back: nothing began after now.
        since=None if before.since is None else min(before.since, look.at),
        well_at=None if before.well_at is None else min(before.well_at, look.at),
    )


def _next(state: RelayState, now: Health, at: int, rules: Thresholds) -> RelayState:
    """The state that the marks lead to."""
    if state is RelayState.UNKNOWN:
        return RelayState.HEALTHY if now.good else RelayState.SUSPECT
    if state is RelayState.HEALTHY:
        return RelayState.HEALTHY if now.good else RelayState.SUSPECT
    if state in ILL and now.good >= rules.turn_after:
        return RelayState.RECOVERING
    if state is RelayState.DOWN:
        return RelayState.OVERLOADED if _answers(now, rules) else RelayState.DOWN
    if _is_down(now, at, rules):
        return RelayState.DOWN
    if state is RelayState.OVERLOADED or _is_overloaded(now, rules):
        return RelayState.OVERLOADED
    return RelayState.HEALTHY if _is_well(state, now, rules) else state


def _is_well(state: RelayState, now: Health, rules: Thresholds) -> bool:
    if state is RelayState.RECOVERING:
        return now.good >= needed(now, rules)
    return now.good >= rules.turn_after and _not_good(now, rules) <= rules.calm_bad


def _is_down(now: Health, at: int, rules: Thresholds) -> bool:
    if now.failing_since is None or now.failed < rules.down_after:
        return False
    return at - now.failing_since >= rules.down_s


def _is_overloaded(now: Health, rules: Thresholds) -> bool:
    mixed = now.bad >= rules.overloaded_after and now.failed < now.bad
    full = len(now.marks) >= rules.window
    return mixed or (full and not now.good and _not_good(now, rules) >= rules.window_bad)


def _not_good(now: Health, rules: Thresholds) -> int:
    recent = now.marks[-rules.window :]
    return len(recent) - recent.count(Mark.GOOD)


def _answers(now: Health, rules: Thresholds) -> bool:
    recent = now.marks[-rules.window :]
    answered = len(recent) - recent.count(Mark.FAILED)
    return not now.marks.endswith(Mark.FAILED) and answered >= rules.window_answers


def _entered(
    now: Health, left: RelayState, state: RelayState, at: int, rules: Thresholds
) -> Health:
    """In a new state. A recovery and an outage begin with a clean sheet; a relapse makes the next
    recovery longer.
    """
    now = replace(now, state=state, since=at)
    if state is RelayState.RECOVERING:
        return replace(now, marks=Mark.GOOD * now.good)
    if state is RelayState.HEALTHY:
        over = left is RelayState.RECOVERING
        return replace(now, why="", well_at=at if over else now.well_at)
    if state is RelayState.DOWN:
        now = replace(now, marks=Mark.FAILED * now.failed)
    if state in ILL and now.well_at is not None:
        again = at - now.well_at < rules.relapse_s
        return replace(now, well_at=None, relapses=now.relapses + 1 if again else 0)
    return now
