"""The plan as the card "Changes" shows it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from mailadmin.ui.push_page import ChangeGroup, ChangeRow, Changes, Guard
from routing.core.edits import Op
from routing.core.intent import DEFAULT_KEY
from routing.core.plan import Change, Plan
from routing.core.plan import Guard as PlanGuard
from routing.core.plan import guards as plan_guards
from routing.queries.pushes import PushRecord

MOST_ROWS = 200
FIRST_ROWS = 50
NOT_OURS = "none of ours yet"


@dataclass(frozen=True, slots=True)
class Wrote:
    """Who edited a key last, and when."""

    name: str
    at: datetime | None


def changes(record: PushRecord, *, show_all: bool) -> Changes:
    """All hosts' plans; a large one is folded unless all of it is asked for."""
    wrote, plans = writers(record), [target.plan for target in record.targets]
    through = by_relay(wrote, plans)
    otherwise = through if through.name else Wrote(record.push.proposed_by, None)
    groups = tuple(
        group(target.row.host.name, target.plan, wrote, otherwise, show_all=show_all)
        for target in record.targets
    )
    return summed(groups, plans, "?all=1#changes-title")


def by_relay(wrote: Mapping[str, Wrote], plans: Iterable[Plan]) -> Wrote:
    """Who changed the keys that nobody edited by name: they changed with their relay target."""
    keys = {change.key for plan in plans for change in plan.changes}
    relays = [item for name, item in wrote.items() if name not in keys]
    names = sorted({item.name for item in relays})
    return relays[0] if len(relays) == 1 else Wrote(" or ".join(names), None)


def summed(groups: tuple[ChangeGroup, ...], plans: list[Plan], show_all_href: str) -> Changes:
    """The groups with the figures of their plans."""
    return Changes(
        groups,
        created=sum(plan.count(Op.CREATE) for plan in plans),
        updated=sum(plan.count(Op.UPDATE) for plan in plans),
        deleted=sum(plan.count(Op.DELETE) for plan in plans),
        keys=sum(plan.keys_after for plan in plans),
        show_all_href=show_all_href,
    )


def group(
    host: str,
    plan: Plan,
    wrote: Mapping[str, Wrote],
    otherwise: Wrote,
    *,
    show_all: bool = False,
) -> ChangeGroup:
    """One host's changes. A key that nobody edited by name changed through its relay target."""
    limit = len(plan.changes) if show_all or len(plan.changes) <= MOST_ROWS else FIRST_ROWS
    rows = tuple(
        _row(change, wrote.get(change.key, otherwise), first=plan.first)
        for change in plan.changes[:limit]
    )
    return ChangeGroup(host, rows, hidden=len(plan.changes) - limit)


def writers(record: PushRecord) -> dict[str, Wrote]:
    """The last editor of each object, by the name that the object has in the plan."""
    return {editor.subject: Wrote(editor.name, editor.at) for editor in record.editors}


def guards(record: PushRecord) -> tuple[Guard, ...]:
    """What is unusual, with the reason that came with the proposal."""
    push = record.push
    several = len(record.targets) > 1
    return tuple(
        Guard(
            f"{target.row.host.name}: {guard.text}" if several else guard.text,
            push.proposed_by if push.guard_reason else "",
            push.guard_reason,
            push.proposed_at,
        )
        for target in record.targets
        for guard in plan_guards(target.plan)
    )


def open_guards(found: Iterable[PlanGuard]) -> tuple[Guard, ...]:
    """Guards of a push that nobody has proposed yet."""
    return tuple(Guard(f"{guard.text} {guard.advice}") for guard in found)


def _row(change: Change, wrote: Wrote, *, first: bool) -> ChangeRow:
    """Before the first release the way is that of a configuration that is not ours."""
    before_note = _inherited(change.before, change.before_by)
    return ChangeRow(
        op=change.op,
        key=change.key,
        before="" if change.before_by else change.before,
        before_note=NOT_OURS if first else before_note,
        after="" if change.after_by else change.after,
        after_note=_inherited(change.after, change.after_by),
        by=wrote.name,
        at=wrote.at,
    )


def _inherited(value: str, by: str) -> str:
    """In words, where a key has no value of its own."""
    if not by:
        return "" if value else "by MX"
    if by == DEFAULT_KEY:
        return "relay, by the . key"
    return f"{value}, by the {by} key"
