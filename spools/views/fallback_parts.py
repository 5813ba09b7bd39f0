"""What the fallback pages show, as values."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from mailadmin.ui.parts import Requirement
from mailadmin.ui.words import counted, number
from routing.models import MailHost
from spools.core.health import RelayState
from spools.core.policy import Act, Condition, Decision, Mode, Policy, Sight, decide
from spools.core.run_kind import RunKind
from spools.models import FallbackPolicy, FallbackQuestion, FlushRun
from spools.queries.fallback import default_relay, open_question, sight_of
from spools.queries.relays import RelaySight
from spools.queries.runs import open_run
from spools.queries.thresholds import rules
from spools.views.relay_words import sentence

RAIL = (RelayState.HEALTHY, RelayState.SUSPECT, RelayState.DOWN, RelayState.RECOVERING)
STATUS = {
    RelayState.HEALTHY: "done",
    RelayState.SUSPECT: "waits",
    RelayState.OVERLOADED: "waits",
    RelayState.DOWN: "failed",
    RelayState.RECOVERING: "waits",
}
MODE_WORDS = {Mode.OFF: "Off", Mode.ASK: "Ask", Mode.AUTOMATIC: "Automatic"}


@dataclass(frozen=True, slots=True)
class Rung:
    """One step of the rail."""

    label: str
    status: str


@dataclass(frozen=True, slots=True)
class ServerSight:
    """One list server, for both fallback pages."""

    server: MailHost
    relay: RelaySight | None
    sight: Sight
    decision: Decision
    policy: Policy
    row: FallbackPolicy | None
    question: FallbackQuestion | None
    run: FlushRun | None = None

    @property
    def waits(self) -> int | None:
        """Messages that wait, as scanned last, else as they were when it was asked."""
        if self.sight.waiting is None and self.question:
            return self.question.messages
        return self.sight.waiting

    @property
    def words(self) -> str:
        """One sentence: what is so, and what follows."""
        if self.relay is None:
            return "No relay of ours takes what has no route, so there is nothing to go past."
        if self.run:
            how = "by MX" if self.run.kind == RunKind.FALLBACK else "by the table"
            return f"Mail goes {how} in run {self.run.number}. {sentence(self.relay)}."
        if self.question:
            what = counted(self.waits or 0, "message waits", "messages wait")
            return f"{sentence(self.relay)}. {what}: shall they go past it, straight to each MX?"
        if self.policy.mode is Mode.OFF:
            return f"{sentence(self.relay)}. The policy is off: mail waits for it."
        if self.sight.state in self.policy.fires and self.decision.act is Act.NOTHING:
            return f"{sentence(self.relay)}. {self._until(self.decision.missing[0])}"
        return f"{sentence(self.relay)}. Nothing goes past it."

    def _until(self, first: Condition) -> str:
        begins = "is begun" if self.policy.mode is Mode.AUTOMATIC else "is asked"
        statement = f"{first.statement[:1].lower()}{first.statement[1:]}"
        return f"Nothing {begins} until {statement}: now {first.now}, wanted {first.limit}."

    @property
    def mode_word(self) -> str:
        """The mode in a word."""
        return MODE_WORDS[self.policy.mode]


def server_sight(server: MailHost, now: datetime) -> ServerSight:
    """Everything that is known of one list server's fallback."""
    row = FallbackPolicy.objects.filter(server=server).first()
    policy, sight = row.policy if row else Policy(), sight_of(server, now, rules())
    return ServerSight(
        server=server,
        relay=default_relay(server, now, rules()),
        sight=sight,
        decision=decide(policy, sight),
        policy=policy,
        row=row,
        question=open_question(server),
        run=open_run(server),
    )


def rail(found: ServerSight) -> tuple[Rung, ...]:
    """Healthy · Suspect · Down · Recovering, the one that holds marked; none while unknown."""
    state = found.sight.state
    return tuple(_rung(step, state) for step in RAIL)


def _rung(step: RelayState, state: RelayState) -> Rung:
    # Overloaded is a way of being ill, and stands where Down does.
    here = RelayState.DOWN if state is RelayState.OVERLOADED else state
    shown = state if step is here else step
    return Rung(shown.value.capitalize(), STATUS[state] if step is here else "todo")


def requirements(decision: Decision) -> tuple[Requirement, ...]:
    """The conditions as a list; what is not so by now is waited for, not wrong."""
    return tuple(
        Requirement(
            status="met" if item.met else "failed" if item.name == "release" else "waits",
            statement=item.statement,
            note=f"now {item.now}; wanted: {item.limit}",
        )
        for item in decision.conditions
    )


def policy_facts(policy: Policy) -> tuple[dict[str, object], ...]:
    """The policy as rows of the facts table."""
    fires = ", ".join(state.value for state in RelayState if state in policy.fires)
    excluded = ", ".join(policy.excluded[:5])
    more = f" and {number(len(policy.excluded) - 5)} more" if len(policy.excluded) > 5 else ""
    return (
        {"label": "Mode", "value": MODE_WORDS[policy.mode]},
        {"label": "Fires when", "value": f"the relay is {fires}" if fires else "never"},
        {"label": "Oldest at least", "value": f"{policy.age_s // 60} min"},
        {"label": "Waiting at least", "value": number(policy.depth)},
        {"label": "Left out", "value": f"{excluded}{more}" or "no domain"},
        {"label": "Between two runs", "value": f"{policy.pause_s // 60} min"},
        {"label": "Runs in 24 h", "value": f"at most {policy.most_runs}"},
    )
