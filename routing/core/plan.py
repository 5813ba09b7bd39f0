"""The plan: the ordered difference live → proposed, per key, and what makes it dangerous."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any, NamedTuple

from routing.core.bundle import Bundle
from routing.core.edits import Op
from routing.core.intent import DEFAULT_KEY
from routing.core.mailers import is_reserved
from routing.core.table import Table
from routing.core.table_lines import TableLines

PRIMARY_TABLE = "mailertable"
FALLBACK_TABLE = "mailertable-fallback"
TABLES = frozenset({PRIMARY_TABLE, FALLBACK_TABLE})
MANY_LOOKED_UP = 1000
MANY_KEYS = 10
MANY_CHANGED_PERCENT = 30
OPS_IN_ORDER = (Op.DELETE, Op.UPDATE, Op.CREATE)


@dataclass(frozen=True, slots=True)
class Change:
    """What happens to one key.

    `before` and `after` are values that route it: its own, or, when `before_by` or `after_by`
    names one, those of another key (`.` or `.fr`). Empty means by MX. `fallback_before` and
    `fallback_after` are the same for the fallback, whoever decides there.
    """

    op: Op
    key: str
    before: str
    after: str
    before_by: str
    after_by: str
    fallback_before: str = ""
    fallback_after: str = ""
    to_relay: bool = False
    """Whether a relay target is before or after it: its line is not in a fallback table."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Every change of one host, deletes first, each group in key order.

    `other_files` are the names of changed files beside the two tables, `mailers` those of our own
    mailers that changed. `first` is true when the host has no release yet, and `left_out` counts
    the saved lines that its first release would not hold.
    """

    changes: tuple[Change, ...]
    keys_before: int
    keys_after: int
    other_files: tuple[str, ...] = ()
    mailers: tuple[str, ...] = ()
    first: bool = False
    left_out: int = 0

    @property
    def keys(self) -> frozenset[str]:
        """The keys that change."""
        return frozenset(change.key for change in self.changes)

    def count(self, op: Op) -> int:
        """How many changes of one kind."""
        return sum(change.op is op for change in self.changes)


@dataclass(frozen=True, slots=True)
class Guard:
    """Something in a plan that needs a reason: what it is, and what to look at."""

    code: str
    text: str
    advice: str


@dataclass(frozen=True, slots=True)
class _Side:
    primary: Table
    fallback: Table
    lines: tuple[TableLines, TableLines]

    @classmethod
    def of(cls, primary: TableLines, fallback: TableLines) -> _Side:
        return cls(Table(primary), Table(fallback), (primary, fallback))

    def whole(self) -> _Side:
        """The same, quicker to ask."""
        primary, fallback = (Table(lines.whole()) for lines in self.lines)
        return _Side(primary, fallback, self.lines)


def _sides(live: Bundle | None, proposed: Bundle) -> tuple[_Side, _Side, frozenset[str]]:
    """Both, and the keys that are in a primary table and differ in either."""
    old: Mapping[str, str] = {} if live is None else live.files
    primary = TableLines.of(old.get(PRIMARY_TABLE, ""))
    fallback = TableLines.of(old.get(FALLBACK_TABLE, ""))
    new_primary, keys = primary.changed_to(proposed.files.get(PRIMARY_TABLE, ""))
    new_fallback, more = fallback.changed_to(proposed.files.get(FALLBACK_TABLE, ""))
    keys |= {key for key in more if key in primary or key in new_primary}
    return _Side.of(primary, fallback), _Side.of(new_primary, new_fallback), keys


def make_plan(live: Bundle | None, proposed: Bundle, *, left_out: int = 0) -> Plan:
    """Compare the tables of two bundles of one host. `live` is None before its first release;
    `left_out` is how many saved lines that one would not hold."""
    before, after, keys = _sides(live, proposed)
    if len(keys) > MANY_LOOKED_UP:
        before, after = before.whole(), after.whole()
    changes = [_change(key, before, after) for key in keys]
    changes.sort(key=lambda change: (OPS_IN_ORDER.index(change.op), change.key))
    return Plan(
        changes=tuple(changes),
        keys_before=len(before.primary.values),
        keys_after=len(after.primary.values),
        other_files=_other_files(live, proposed),
        mailers=_changed_mailers(live, proposed),
        first=live is None,
        left_out=left_out,
    )


class _Way(NamedTuple):
    """The value that routes a key, the other key that it is of, and whether it is the key's own."""

    value: str
    by: str
    is_own: bool


def _change(key: str, before: _Side, after: _Side) -> Change:
    old, new = _way(before.primary, key), _way(after.primary, key)
    old_fallback, new_fallback = _way(before.fallback, key), _way(after.fallback, key)
    kept = Op.UPDATE if old.is_own else Op.CREATE
    return Change(
        op=kept if new.is_own else Op.DELETE,
        key=key,
        before=old.value,
        after=new.value,
        before_by=old.by,
        after_by=new.by,
        fallback_before=old_fallback.value,
        fallback_after=new_fallback.value,
        to_relay=(old.is_own and not old_fallback.is_own)
        or (new.is_own and not new_fallback.is_own),
    )


def _way(table: Table, key: str) -> _Way:
    own = table.values.get(key)
    if own is not None:
        return _Way(own, "", True)
    by = table.inherited_key(key)
    return _Way(table.values.get(by, ""), by, False)


def _other_files(live: Bundle | None, proposed: Bundle) -> tuple[str, ...]:
    old: Mapping[str, str] = {} if live is None else live.files
    names = (old.keys() | proposed.files.keys()) - TABLES
    return tuple(sorted(name for name in names if old.get(name) != proposed.files.get(name)))


def _changed_mailers(live: Bundle | None, proposed: Bundle) -> tuple[str, ...]:
    old, new = _mailers(live), _mailers(proposed)
    names = old.keys() | new.keys()
    return tuple(sorted(name for name in names if old.get(name) != new.get(name)))


def _mailers(bundle: Bundle | None) -> dict[str, str]:
    """Our own mailers as they stand in sympa.mc: name → definition with its continuation."""
    text = "" if bundle is None else bundle.files.get("sympa.mc", "")
    lines = text.split("\n")
    pairs = zip(lines, [*lines[1:], ""], strict=True)
    found = ((line[1:].partition(",")[0], line + after) for line, after in pairs if line[:1] == "M")
    return {name: definition for name, definition in found if is_reserved(name)}


def guards(plan: Plan) -> tuple[Guard, ...]:
    """What in this plan needs a reason before it may go on. A first release replaces nothing that
    we know, but what it leaves out was routed on that host until now."""
    found = [_left_out(plan)] if plan.first else [_many(plan), _default(plan), _relay(plan)]
    return tuple(guard for guard in (*found, _empty(plan)) if guard is not None)


def _many(plan: Plan) -> Guard | None:
    touched = plan.count(Op.UPDATE) + plan.count(Op.DELETE)
    if plan.keys_before < MANY_KEYS or touched * 100 <= MANY_CHANGED_PERCENT * plan.keys_before:
        return None
    percent = touched * 100 // plan.keys_before
    text = f"{touched} of {plan.keys_before} keys are changed or deleted ({percent} %)."
    return Guard("many_keys", text, "Look at each of them: is this really one change?")


def _left_out(plan: Plan) -> Guard | None:
    if not plan.left_out:
        return None
    lines = "1 saved line is" if plan.left_out == 1 else f"{plan.left_out} saved lines are"
    text = f"{lines} not in the first release of this host: their mail goes by the . key or by MX."
    return Guard("left_out", text, "Pick them too, unless that is what you want.")


def _default(plan: Plan) -> Guard | None:
    change = next((change for change in plan.changes if change.key == DEFAULT_KEY), None)
    if change is None:
        return None
    before, after = change.before or "by MX", change.after or "by MX"
    text = f"The . key changes: all other mail goes {after} instead of {before}."
    return Guard("default_key", text, "Make sure that the new way out takes mail from this host.")


def _relay(plan: Plan) -> Guard | None:
    keys = [change.key for change in plan.changes if change.to_relay and _is_known(change)]
    if not keys and not plan.mailers:
        return None
    what = ", ".join([*plan.mailers, *(f"the route of {key}" for key in keys[:3])])
    more = f" and {len(keys) - 3} more" if len(keys) > 3 else ""
    text = f"A way out through a relay target changes: {what}{more}."
    return Guard("relay_target", text, "Make sure that the relay answers there before it is live.")


def _is_known(change: Change) -> bool:
    """A new or deleted route is seen by its own line; `.` has its own guard."""
    return change.op is Op.UPDATE and change.key != DEFAULT_KEY


def _empty(plan: Plan) -> Guard | None:
    if plan.keys_after:
        return None
    text = "The table would be empty: all mail goes by MX."
    return Guard("empty_table", text, "Refuse it unless this host is being taken out of service.")


CHANGED = tuple(field.name for field in fields(Change))


def plan_to_json(plan: Plan) -> dict[str, Any]:
    """The stored form; `plan_from_json` gives the same plan back."""
    return {
        "changes": [
            {name: getattr(change, name) for name in CHANGED} | {"op": change.op.value}
            for change in plan.changes
        ],
        "keys_before": plan.keys_before,
        "keys_after": plan.keys_after,
        "other_files": list(plan.other_files),
        "mailers": list(plan.mailers),
        "first": plan.first,
        "left_out": plan.left_out,
    }


def plan_from_json(data: Mapping[str, Any]) -> Plan:
    """The reverse of `plan_to_json`. Raises KeyError or ValueError on another shape."""
    return Plan(
        changes=tuple(_change_from_json(change) for change in data["changes"]),
        keys_before=data["keys_before"],
        keys_after=data["keys_after"],
        other_files=_names(data["other_files"]),
        mailers=_names(data["mailers"]),
        first=data["first"],
        left_out=data.get("left_out", 0),
    )


def _change_from_json(data: Mapping[str, Any]) -> Change:
    return Change(**{**data, "op": Op(data["op"])})


def _names(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(values)
