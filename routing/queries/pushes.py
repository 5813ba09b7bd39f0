"""One config push with everything that its page tells of."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet

from mailadmin.audit.queries import EventRow, push_history
from routing.core.plan import Plan, plan_from_json
from routing.core.states import PushState, TargetState
from routing.models import (
    Approval,
    ConfigPush,
    HostState,
    PushEditor,
    PushTarget,
    Revision,
)

AFTER_APPROVAL = frozenset({PushState.APPROVED, PushState.DEPLOYING, PushState.STOPPED})
"""States in which an approval must still count; later it is history."""


@dataclass(frozen=True, slots=True)
class TargetRecord:
    """One mail host's part, with its plan read; `files` come later, they are large."""

    row: PushTarget
    plan: Plan
    live: bool


@dataclass(frozen=True, slots=True)
class PushRecord:
    """One push and all rows that its page tells of."""

    push: ConfigPush
    targets: tuple[TargetRecord, ...]
    editors: tuple[PushEditor, ...]
    verdicts: tuple[Approval, ...]
    events: tuple[EventRow, ...]

    @property
    def state(self) -> PushState:
        """The state as its word."""
        return PushState(self.push.state)

    @property
    def host_names(self) -> tuple[str, ...]:
        """The mail hosts in order of activation."""
        return tuple(target.row.host.name for target in self.targets)

    @property
    def approval(self) -> Approval | None:
        """The verdict that holds: an approval, or the refusal that ended it."""
        return next((verdict for verdict in self.verdicts if verdict.voided_at is None), None)

    @property
    def closed_approver(self) -> str:
        """Who approved it with an account that is closed now, so that it counts for nothing; ""
        when nobody did or nothing waits for it any more."""
        given = self.approval
        if given is None or self.state not in AFTER_APPROVAL or given.person.is_active:
            return ""
        return given.person.full_name


def push_record(number: int) -> PushRecord | None:
    """One push with its rows, in a fixed number of queries."""
    push = ConfigPush.objects.filter(pk=number)
    found = push.select_related("proposed_by_person", "restores__host", "superseded_by").first()
    if found is None:
        return None
    live = live_revisions()
    rows = (
        PushTarget.objects.filter(push=found)
        .select_related("host__state", "revision", "base_revision", "attempt__agent")
        .defer("answers", "revision__intent", "base_revision__intent")
        .order_by("position")
    )
    return PushRecord(
        push=found,
        targets=tuple(
            TargetRecord(row, plan_from_json(row.plan), row.revision_id in live) for row in rows
        ),
        editors=tuple(found.editors.order_by("at")),
        verdicts=tuple(found.approvals.select_related("person").order_by("at")),
        events=push_history(found.pk),
    )


def live_revisions() -> frozenset[int]:
    """The revision that each mail host runs by our record."""
    confirmed = PushTarget.objects.filter(state=TargetState.CONFIRMED)
    newest: dict[object, int] = {}
    for host, revision in confirmed.order_by("state_at", "pk").values_list("host", "revision"):
        newest[host] = revision
    return frozenset(newest.values())


def push_version(number: int, *, heard_since: datetime) -> tuple[str, PushState] | None:
    """What a poll asks: whether anything is new, and whether anything more will come."""
    push = ConfigPush.objects.filter(pk=number).only("version", "state").first()
    if push is None:
        return None
    rows = PushTarget.objects.filter(push=push).select_related("host__state", "attempt__agent")
    rows = rows.only(
        "push", "host__state__drift", "host__state__live", "attempt__agent__last_seen_at"
    )
    return shown_version(push, rows.order_by("position"), heard_since), PushState(push.state)


def shown_version(push: ConfigPush, rows: Iterable[PushTarget], heard_since: datetime) -> str:
    """Moves with what a page says of a push: its own writes, an agent that falls silent while an
    order waits for it, what was seen on its hosts, and an approver's account that is closed."""
    closed = of_closed_accounts().filter(push=push).exists()
    parts = [f"{push.version}{'c' if closed else ''}"]
    for row in rows:
        state: HostState | None = getattr(row.host, "state", None)
        seen = f"{(state.live or '')[:8]}{'d' if state.drift else ''}" if state else ""
        parts.append(f"{seen}{'s' if is_silent(row, heard_since) else ''}")
    return ".".join(parts)


def is_silent(row: PushTarget, heard_since: datetime) -> bool:
    """Whether an order waits for an agent that said nothing since that moment."""
    if row.attempt is None:
        return False
    seen = row.attempt.agent.last_seen_at
    return seen is None or seen < heard_since


def of_closed_accounts() -> QuerySet[Approval]:
    """Approvals that nobody took back and that count for nothing, because of who gave them."""
    return Approval.objects.filter(verdict="approved", voided_at=None, person__is_active=False)


def find_revision(identity: int) -> Revision | None:
    """One revision with its host."""
    return Revision.objects.filter(pk=identity).select_related("host").first()
