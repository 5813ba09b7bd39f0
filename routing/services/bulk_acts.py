"""One act on many objects, each as it was when it was shown: disable, note, tag, undo and so on."""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping
from copy import copy
from dataclasses import dataclass, field, replace
from functools import partial
from uuid import UUID

from django.db import transaction

from mailadmin.audit.services import Actor
from mailadmin.people.models import Person
from mailadmin.people.services import acting
from routing.core.facts import HostFacts
from routing.core.findings import Severity
from routing.core.intent import ObjectKind
from routing.core.intent import RoutingObject as Item
from routing.core.validate import validate_object
from routing.models import HostState, RelayTarget, RoutingObject
from routing.queries.edits import object_value
from routing.queries.pending import Standing, standing
from routing.services.acts import (
    Act,
    ActPlan,
    Left,
    LeftAlone,
    Rows,
    done_once,
    last_values,
    name_in_trail,
    noted,
    plan_each,
    tagged,
    touched_since,
    untagged,
)
from routing.services.locks import lock_servers
from routing.services.objects import object_values
from routing.services.writing import rows_by_id, write_all

ObjectPlan = ActPlan[RoutingObject]


@dataclass(slots=True)
class _Now:
    """What the rows are compared with, read once."""

    rows: dict[UUID, RoutingObject]
    facts: dict[UUID, HostFacts | None]
    now: Standing | None = None
    relays: Mapping[str, RelayTarget] = field(default_factory=dict)


def plan_act(
    *,
    act: Act,
    chosen: Mapping[UUID, int],
    text: str = "",
    touched: Container[UUID] = (),
) -> ObjectPlan:
    """What would be done to the chosen objects: ids with the versions that a page showed, 0 for one
    that has no row any more. `text` is the note, the tags, or the name of the relay target. What is
    `touched` is left alone.

    Call it in a transaction: the rows are locked.
    """
    facts = {state.host_id: state.host_facts for state in HostState.objects.all()}
    now = _Now(rows_by_id(chosen), facts, standing() if act is Act.UNDO else None)
    if act is Act.SEND:
        now.relays = {relay.name: relay for relay in RelayTarget.objects.all()}

    def after(identity: UUID, row: RoutingObject | None) -> RoutingObject | None:
        if row is not None and row.server.retired_at is not None:
            raise LeftAlone(f"{row.server.name} is retired.")
        return ACTS[act](now, identity, row, text)

    rows = Rows(now.rows, lambda row: row.key, object_values, partial(_key_of, now))
    return _leave_taken(plan_each(chosen, rows, after, touched=touched))


def do_act(
    *,
    act: Act,
    chosen: Mapping[UUID, int],
    token: UUID,
    text: str = "",
    since: int | None = None,
    by: Person | Actor,
) -> ObjectPlan:
    """Do it, one event for each object. What somebody else changed meanwhile is left alone and said
    so; `since` as in `touched_since`. Sent twice with one token it is done once.
    """
    with transaction.atomic():
        lock_servers()
        said = "edit undone" if act is Act.UNDO else ""
        return done_once(
            token=token,
            act=act,
            plan=lambda: plan_act(act=act, chosen=chosen, text=text, touched=touched_since(since)),
            write=lambda plan, happened: write_all(
                plan.writes, by=acting(by), note=said, also=[happened]
            ),
        )


def _switched(now: _Now, row: RoutingObject | None, *, enabled: bool) -> RoutingObject:
    after = _copied(row)
    if after.kind == ObjectKind.FOREIGN_LINE:
        raise LeftAlone("A foreign line is kept as it is. Turn it into a route first.")
    after.enabled = enabled
    return _checked(now, after)


def _disabled(
    now: _Now, identity: UUID, row: RoutingObject | None, text: str
) -> RoutingObject | None:
    del identity, text
    return _switched(now, row, enabled=False)


def _enabled(
    now: _Now, identity: UUID, row: RoutingObject | None, text: str
) -> RoutingObject | None:
    del identity, text
    return _switched(now, row, enabled=True)


def _deleted(
    now: _Now, identity: UUID, row: RoutingObject | None, text: str
) -> RoutingObject | None:
    del now, identity, text
    _there(row)
    return None


def _noted(now: _Now, identity: UUID, row: RoutingObject | None, text: str) -> RoutingObject | None:
    del now, identity
    return noted(_there(row), text)


def _tagged(
    now: _Now, identity: UUID, row: RoutingObject | None, text: str
) -> RoutingObject | None:
    del now, identity
    found = _there(row)
    return tagged(found, text, found.key)


def _untagged(
    now: _Now, identity: UUID, row: RoutingObject | None, text: str
) -> RoutingObject | None:
    del now, identity
    return untagged(_there(row), text)


def _sent(now: _Now, identity: UUID, row: RoutingObject | None, text: str) -> RoutingObject | None:
    del identity
    after = _copied(row)
    if after.kind != ObjectKind.ROUTE:
        raise LeftAlone("Only a route names a relay target.")
    if not text:
        return after
    relay = now.relays.get(text)
    if relay is None:
        raise LeftAlone(f"There is no relay target {text} any more.")
    after.relay_target, after.mailer, after.next_hop = relay, "", ""
    return _checked(now, after)


def _undone(
    now: _Now, identity: UUID, row: RoutingObject | None, text: str
) -> RoutingObject | None:
    """As it is live; None where nothing of it is."""
    del text
    assert now.now is not None
    if (push := now.now.held.get(identity)) is not None:
        raise LeftAlone(f"It is in push #{push}. Refuse that push first.")
    edit = now.now.edits.get(identity)
    if edit is None:
        return row
    if edit.before is None:
        return None
    if not isinstance(edit.before, Item):
        raise LeftAlone("It is no routing object.")
    return _checked(now, _as_live(edit.before, row or _gone(now.now, identity)))


def _gone(now: Standing, identity: UUID) -> RoutingObject:
    """The row that a deleted object had: its server, with what its last event alone keeps."""
    server = next(s.host for s in now.servers if identity in s.live.objects)
    old = last_values(identity)
    words = {name: str(old.get(name, "")) for name in ("note", "tags")}
    return RoutingObject(id=identity, server=server, **words)


def _as_live(live: Item, row: RoutingObject) -> RoutingObject:
    after = copy(row)
    relay = RelayTarget.objects.filter(pk=live.relay_target).first() if live.relay_target else None
    if live.relay_target and relay is None:
        raise LeftAlone("The relay target that it names live is deleted. Undo that first.")
    after.kind, after.key, after.enabled = live.kind, live.key, live.enabled
    after.mailer, after.next_hop, after.relay_target = live.mailer, live.next_hop, relay
    return after


def _checked(now: _Now, row: RoutingObject) -> RoutingObject:
    found = validate_object(object_value(row), facts=now.facts.get(row.server_id))
    errors = [str(item) for item in found if item.severity is Severity.ERROR]
    if errors:
        raise LeftAlone(" ".join(errors))
    return row


def _there(row: RoutingObject | None) -> RoutingObject:
    if row is None:
        raise LeftAlone("It is deleted already.")
    return row


def _copied(row: RoutingObject | None) -> RoutingObject:
    return copy(_there(row))


def _leave_taken(plan: ObjectPlan) -> ObjectPlan:
    """A key that another row has by now is not taken from it."""
    writes = plan.writes
    gone = {row.pk for row in writes.deleted}
    moving = [after for before, after in writes.changed if before.key != after.key]
    wanted = [*writes.created, *moving]
    keys = {row.key for row in wanted}
    there = RoutingObject.objects.filter(key__in=keys).exclude(pk__in=gone) if keys else ()
    taken = {(row.server_id, row.key): row.pk for row in there}
    clashing = {row.pk for row in wanted if taken.get((row.server_id, row.key), row.pk) != row.pk}
    left = [Left(row.key, "Another object has this key.") for row in wanted if row.pk in clashing]
    writes.created = [row for row in writes.created if row.pk not in clashing]
    writes.changed = [pair for pair in writes.changed if pair[1].pk not in clashing]
    return replace(plan, left=(*plan.left, *left))


def _key_of(now: _Now, identity: UUID) -> str:
    edit = now.now.edits.get(identity) if now.now else None
    return edit.name if edit is not None else name_in_trail(identity)


ACTS: Mapping[Act, Callable[[_Now, UUID, RoutingObject | None, str], RoutingObject | None]] = {
    Act.DISABLE: _disabled,
    Act.ENABLE: _enabled,
    Act.DELETE: _deleted,
    Act.NOTE: _noted,
    Act.TAG: _tagged,
    Act.UNTAG: _untagged,
    Act.SEND: _sent,
    Act.UNDO: _undone,
}
