"""The plan: the ordered difference live to proposed, key by key, and the guards on it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from routing.core.bundle import Bundle
from routing.core.edits import Op
from routing.core.intent import DEFAULT_KEY
from routing.core.mailertable import parse_mailertable

TABLE = "mailertable"
MANY_KEYS = 10
LARGE_SHARE = 0.30


@dataclass(frozen=True, slots=True)
class Change:
    """One key. `before` and `after` are its values, "" where it has none of its own.

    Then `before_by` or `after_by` names the broader key that routes it (".fr", "."), "" if none.
    """

    op: Op
    key: str
    before: str
    after: str
    before_by: str
    after_by: str


@dataclass(frozen=True, slots=True)
class Plan:
    """All changes in key order; `other_files` are files that differ beside the table."""

    changes: tuple[Change, ...]
    keys_before: int
    keys_after: int
    other_files: tuple[str, ...]

    def count(self, op: Op) -> int:
        """How many keys are created, updated or deleted."""
        return sum(change.op == op for change in self.changes)


@dataclass(frozen=True, slots=True)
class Guard:
    """Something about a plan that wants a reason before it is proposed."""

    code: str
    text: str
    advice: str


def make_plan(live: Bundle | None, proposed: Bundle) -> Plan:
    """Compare two bundles of one host; no live bundle is an empty table."""
    before, after = _table(live), _table(proposed)
    changed = sorted(
        key for key in before.keys() | after.keys() if before.get(key) != after.get(key)
    )
    return Plan(
        changes=tuple(_change(key, before, after) for key in changed),
        keys_before=len(before),
        keys_after=len(after),
        other_files=_other_files(live, proposed),
    )


def guards(plan: Plan, *, changed_relays: Sequence[str] = ()) -> tuple[Guard, ...]:
    """What asks for an acknowledgement with a reason. A first release asks for none.

    `changed_relays` are the names of relay targets that were live before and change.
    """
    if plan.keys_before == 0:
        return ()
    found = [_share_guard(plan), _default_guard(plan), _empty_guard(plan)]
    return (*(guard for guard in found if guard is not None), *_relay_guards(changed_relays))


def broader_key(key: str, table: Mapping[str, str]) -> str:
    """The key that routes `key` when it has no line of its own: `.parent`, then `.`, or ""."""
    labels = key.lstrip(".").split(".")
    for start in range(1, len(labels)):
        parent = "." + ".".join(labels[start:])
        if parent in table and parent != key:
            return parent
    return DEFAULT_KEY if DEFAULT_KEY in table and key != DEFAULT_KEY else ""


def plan_to_json(plan: Plan) -> dict[str, Any]:
    """The stored form."""
    return asdict(plan) | {
        "changes": [asdict(change) | {"op": change.op.value} for change in plan.changes],
        "other_files": list(plan.other_files),
    }


def plan_from_json(data: Mapping[str, Any]) -> Plan:
    """The reverse of `plan_to_json`."""
    return Plan(
        changes=tuple(Change(**{**change, "op": Op(change["op"])}) for change in data["changes"]),
        keys_before=data["keys_before"],
        keys_after=data["keys_after"],
        other_files=tuple(data["other_files"]),
    )


def _table(bundle: Bundle | None) -> dict[str, str]:
    if bundle is None:
        return {}
    lines = parse_mailertable(bundle.files[TABLE]).lines
    return {line.key: f"{line.mailer}:{line.next_hop}" for line in lines}


def _change(key: str, before: Mapping[str, str], after: Mapping[str, str]) -> Change:
    op = Op.CREATE if key not in before else Op.DELETE if key not in after else Op.UPDATE
    return Change(
        op=op,
        key=key,
        before=before.get(key, ""),
        after=after.get(key, ""),
        before_by="" if key in before else broader_key(key, before),
        after_by="" if key in after else broader_key(key, after),
    )


def _other_files(live: Bundle | None, proposed: Bundle) -> tuple[str, ...]:
    before = live.files if live else {}
    names = sorted((before.keys() | proposed.files.keys()) - {TABLE})
    return tuple(name for name in names if before.get(name) != proposed.files.get(name))


def _share_guard(plan: Plan) -> Guard | None:
    touched = plan.count(Op.UPDATE) + plan.count(Op.DELETE)
    if plan.keys_before < MANY_KEYS or touched <= LARGE_SHARE * plan.keys_before:
        return None
    text = f"{touched} of {plan.keys_before} keys are changed or removed."
    return Guard("large_share", text, "Check that so many routes are meant to change.")


def _default_guard(plan: Plan) -> Guard | None:
    if all(change.key != DEFAULT_KEY for change in plan.changes):
        return None
    text = "The . key changes: it routes all mail that no other key names."
    return Guard("default_key", text, "Check that the new way out is meant for everything else.")


def _relay_guards(relays: Sequence[str]) -> list[Guard]:
    text = "The relay target {} changes, and with it every route that names it."
    advice = "Check that the relay accepts mail from this list server."
    return [Guard("relay_target", text.format(name), advice) for name in relays]


def _empty_guard(plan: Plan) -> Guard | None:
    if plan.keys_after:
        return None
    return Guard(
        "empty", "No key is left in the table.", "Check that nothing is to be routed here."
    )
