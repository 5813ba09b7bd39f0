"""Edits: computed from the live intent and the rows, never stored.

Objects are matched by id, so that a renamed key is one edit and not a delete and a create.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from routing.core.intent import Intent, RelayTarget, RoutingObject, make_intent

RELAY_TARGET = "relay_target"

Subject = RoutingObject | RelayTarget


class Op(StrEnum):
    """What happened to an object, or to a key."""

    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"


@dataclass(frozen=True, slots=True)
class Edit:
    """The difference of one object between the live intent (`before`) and its row (`after`).

    `subject` is an object kind's value or "relay_target"; `name` the key or the relay's name, as it
    is now or was last.
    """

    object_id: UUID
    subject: str
    op: Op
    name: str
    before: Subject | None
    after: Subject | None


def compute_edits(live: Intent | None, rows: Intent) -> tuple[Edit, ...]:
    """Every object that differs, relay targets first, then by name.

    `rows` holds the relay targets that a row names; one that only the live intent names is a delete
    as far as this list server goes.
    """
    before, after = _subjects(live), _subjects(rows)
    edits = [
        _edit(identity, before.get(identity), after.get(identity))
        for identity in before.keys() | after.keys()
        if before.get(identity) != after.get(identity)
    ]
    return tuple(sorted(edits, key=lambda edit: (edit.subject != RELAY_TARGET, edit.name)))


def pull_in(
    edits: tuple[Edit, ...], picked: frozenset[UUID], live: Intent | None, rows: Intent
) -> frozenset[UUID]:
    """The picked edits and those that they refer to, until nothing more is referred to.

    A route pulls in the relay target that it names and that is new or changed; a key that two
    objects exchange pulls in the other; a relay target that goes pulls in the routes that leave it.
    """
    pending = {edit.object_id: edit for edit in edits}
    wanted = set(picked & pending.keys())
    queue = list(wanted)
    releases, leaves = _key_releases(edits), _relay_leaves(edits)
    while queue:
        edit = pending[queue.pop()]
        referred = _refers_to(edit, pending, releases, leaves) - wanted
        wanted |= referred
        queue.extend(referred)
    return frozenset(wanted)


def apply_edits(live: Intent | None, rows: Intent, picked: frozenset[UUID]) -> Intent:
    """The live intent with the picked objects as they are in the rows."""
    before, after = _subjects(live), _subjects(rows)
    chosen = {
        identity: (after if identity in picked else before).get(identity)
        for identity in before.keys() | after.keys()
    }
    objects = {i: item for i, item in chosen.items() if isinstance(item, RoutingObject)}
    relays = {i: item for i, item in chosen.items() if isinstance(item, RelayTarget)}
    missing = {item.relay_target for item in objects.values() if item.relay_target} - relays.keys()
    for identity in missing:
        kept = after.get(identity) or before.get(identity)
        if isinstance(kept, RelayTarget):
            relays[identity] = kept
    return make_intent(rows.server, objects, relays)


def _subjects(intent: Intent | None) -> dict[UUID, Subject]:
    if intent is None:
        return {}
    subjects: dict[UUID, Subject] = {item.id: item for item in intent.objects}
    return subjects | {relay.id: relay for relay in intent.relay_targets}


def _edit(identity: UUID, before: Subject | None, after: Subject | None) -> Edit:
    shown = after or before
    if shown is None:
        raise ValueError(f"object {identity} is in neither intent")
    op = Op.CREATE if before is None else Op.DELETE if after is None else Op.UPDATE
    if isinstance(shown, RelayTarget):
        return Edit(identity, RELAY_TARGET, op, shown.name, before, after)
    return Edit(identity, shown.kind.value, op, shown.key, before, after)


def _key_releases(edits: tuple[Edit, ...]) -> Mapping[str, UUID]:
    """Which edit gives a key up: by deleting its object or by renaming it."""
    return {
        edit.before.key: edit.object_id
        for edit in edits
        if isinstance(edit.before, RoutingObject)
        and (not isinstance(edit.after, RoutingObject) or edit.after.key != edit.before.key)
    }


def _relay_leaves(edits: tuple[Edit, ...]) -> Mapping[UUID, frozenset[UUID]]:
    """For each relay target, the edits of routes that stop naming it."""
    leaving: dict[UUID, set[UUID]] = {}
    for edit in edits:
        was = edit.before.relay_target if isinstance(edit.before, RoutingObject) else None
        now = edit.after.relay_target if isinstance(edit.after, RoutingObject) else None
        if was is not None and was != now:
            leaving.setdefault(was, set()).add(edit.object_id)
    return {relay: frozenset(routes) for relay, routes in leaving.items()}


def _refers_to(
    edit: Edit,
    pending: Mapping[UUID, Edit],
    releases: Mapping[str, UUID],
    leaves: Mapping[UUID, frozenset[UUID]],
) -> set[UUID]:
    referred: set[UUID] = set()
    if isinstance(edit.after, RoutingObject):
        if edit.after.relay_target in pending:
            referred.add(edit.after.relay_target)
        if (giver := releases.get(edit.after.key)) is not None and giver != edit.object_id:
            referred.add(giver)
    if edit.subject == RELAY_TARGET and edit.op == Op.DELETE:
        referred |= leaves.get(edit.object_id, frozenset())
    return referred
