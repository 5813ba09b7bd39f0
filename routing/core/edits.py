"""Edits are computed, never stored: the live intent against the rows, matched by UUID."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from routing.core.intent import Intent, RelayTarget, RoutingObject, make_intent

RELAY_TARGET = "relay_target"

Value = RoutingObject | RelayTarget


class Op(StrEnum):
    """What happens to one object or key."""

    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"


@dataclass(frozen=True, slots=True)
class Edit:
    """The difference of one object between the live intent and its row now.

    `subject` is the value of an ObjectKind or "relay_target"; `name` is the key or the relay's
    name, as it is now, or as it was when the object is gone.
    """

    object_id: UUID
    subject: str
    op: Op
    name: str
    before: Value | None
    after: Value | None


def compute_edits(live: Intent | None, rows: Intent) -> tuple[Edit, ...]:
    """Every edit, relay targets first, then in order of name. `live` is None before the first
    release. Raises ValueError when the two are of different servers."""
    base = _base(live, rows)
    relays = _differences(_relays(base), _relays(rows))
    objects = _differences(_objects(base), _objects(rows))
    return (*in_order(relays), *in_order(objects))


def _base(live: Intent | None, rows: Intent) -> Intent:
    base = Intent(server=rows.server) if live is None else live
    if base.server != rows.server:
        raise ValueError(f"live intent of {base.server} against rows of {rows.server}")
    return base


def _objects(intent: Intent) -> dict[UUID, Value]:
    return {item.id: item for item in intent.objects}


def _relays(intent: Intent) -> dict[UUID, Value]:
    return {relay.id: relay for relay in intent.relay_targets}


def _differences(live: Mapping[UUID, Value], rows: Mapping[UUID, Value]) -> Iterator[Edit]:
    for identity in live.keys() | rows.keys():
        before, after = live.get(identity), rows.get(identity)
        if before != after:
            yield edit_between(before, after)


def edit_between(before: Value | None, after: Value | None) -> Edit:
    """The edit that makes one value of an object of the other; not both are None."""
    shown = after or before
    assert shown is not None
    identity = shown.id
    changed = Op.UPDATE if after is not None else Op.DELETE
    op = Op.CREATE if before is None else changed
    if isinstance(shown, RelayTarget):
        return Edit(identity, RELAY_TARGET, op, shown.name, before, after)
    return Edit(identity, shown.kind.value, op, shown.key, before, after)


def in_order(edits: Iterable[Edit]) -> list[Edit]:
    """By name."""
    return sorted(edits, key=lambda edit: (edit.name, str(edit.object_id)))


def pull_in(edits: Iterable[Edit], picked: frozenset[UUID]) -> frozenset[UUID]:
    """`picked` and every edit that one of them cannot be live without.

    A route pulls in the new or changed relay target that it names; a name that moved from one
    object to another joins the two; a relay target that goes pulls in the routes that left it. Ids
    that are no edit are dropped.
    """
    by_id = {edit.object_id: edit for edit in edits}
    needs = _needs(by_id)
    wanted: set[UUID] = set()
    waiting = [identity for identity in picked if identity in by_id]
    while waiting:
        identity = waiting.pop()
        if identity not in wanted:
            wanted.add(identity)
            waiting += needs(by_id[identity])
    return frozenset(wanted)


def _needs(by_id: Mapping[UUID, Edit]) -> Callable[[Edit], Iterable[UUID]]:
    left_name, took_name = _names(by_id.values())
    left_relay = _leavers(by_id.values())

    def needs(edit: Edit) -> set[UUID]:
        found = left_name[_name(edit.after)] | took_name[_name(edit.before)]
        target = edit.after.relay_target if isinstance(edit.after, RoutingObject) else None
        if target is not None and target in by_id:
            found.add(target)
        if edit.after is None:
            found |= left_relay[edit.object_id]
        return found

    return needs


Name = tuple[bool, str] | None
"""What no two of one kind may share: whether it is a relay target, and its name or key."""


def _name(value: Value | None) -> Name:
    if value is None:
        return None
    return (True, value.name) if isinstance(value, RelayTarget) else (False, value.key)


def _names(edits: Iterable[Edit]) -> tuple[dict[Name, set[UUID]], dict[Name, set[UUID]]]:
    """Which edits gave a name up, and which ones took it."""
    left: dict[Name, set[UUID]] = defaultdict(set)
    took: dict[Name, set[UUID]] = defaultdict(set)
    for edit in edits:
        before, after = _name(edit.before), _name(edit.after)
        if before != after and before is not None:
            left[before].add(edit.object_id)
        if before != after and after is not None:
            took[after].add(edit.object_id)
    return left, took


def _leavers(edits: Iterable[Edit]) -> dict[UUID, set[UUID]]:
    leavers: dict[UUID, set[UUID]] = defaultdict(set)
    for edit in edits:
        if isinstance(edit.before, RoutingObject) and edit.before.relay_target is not None:
            leavers[edit.before.relay_target].add(edit.object_id)
    return leavers


def apply_edits(live: Intent | None, rows: Intent, picked: frozenset[UUID]) -> Intent:
    """The live intent with the picked edits, and those they pull in, put on it.

    All edits give the rows; none gives the live intent.
    """
    edits = compute_edits(live, rows)
    wanted = pull_in(edits, picked)
    return with_edits(live, rows, (edit for edit in edits if edit.object_id in wanted))


def with_edits(live: Intent | None, rows: Intent, edits: Iterable[Edit]) -> Intent:
    """The live intent with exactly these edits, as `compute_edits` gave them, put on it."""
    base = _base(live, rows)
    objects = {item.id: item for item in base.objects}
    relays = {relay.id: relay for relay in base.relay_targets}
    for edit in edits:
        _put(edit, objects, relays)
    return make_intent(rows.server, objects, relays)


def _put(edit: Edit, objects: dict[UUID, RoutingObject], relays: dict[UUID, RelayTarget]) -> None:
    if isinstance(edit.after, RelayTarget):
        relays[edit.object_id] = edit.after
    elif isinstance(edit.after, RoutingObject):
        objects[edit.object_id] = edit.after
    else:
        objects.pop(edit.object_id, None)
        relays.pop(edit.object_id, None)
