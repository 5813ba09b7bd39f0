"""One act on many relay targets: note, tag, another host, another port, delete, undo."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Container, Iterable, Mapping
from copy import copy
from dataclasses import dataclass, replace
from uuid import UUID

from django.db import transaction

from mailadmin.audit.services import Actor
from mailadmin.people.models import Person
from mailadmin.people.services import acting
from routing.core.facts import HostFacts
from routing.core.findings import Severity
from routing.core.intent import RelayTarget as RelayValue
from routing.core.names import normalise_name
from routing.core.tags import with_tags
from routing.models import RelayTarget, RoutingObject
from routing.queries.pending import Standing, standing
from routing.services.acts import (
    Act,
    ActPlan,
    Left,
    LeftAlone,
    NotMeant,
    Rows,
    done_once,
    last_values,
    name_in_trail,
    noted,
    plan_each,
    touched_since,
    untagged,
)
from routing.services.locks import lock_servers
from routing.services.relays import facts_of_servers, relay_findings
from routing.services.writing_relays import relay_values, write_relays

RelayActPlan = ActPlan[RelayTarget]


@dataclass(slots=True)
class _Now:
    """What the rows are compared with, read once, and what the act is told."""

    facts: tuple[HostFacts, ...]
    routes: Mapping[UUID, int]
    text: str
    to: str
    now: Standing | None = None

    def named_by(self, identity: UUID) -> str:
        """ "3 routes name it", "" where none does."""
        count = self.routes.get(identity, 0)
        return f"{count} {'routes name' if count > 1 else 'route names'} it" if count else ""


def plan_relay_act(
    *,
    act: Act,
    chosen: Mapping[UUID, int],
    text: str = "",
    to: str = "",
    touched: Container[UUID] = (),
) -> RelayActPlan:
    """What would be done to the chosen relay targets: ids with the versions that a page showed, 0
    for one that has no row any more. `text` is the note, the tags, the port, or the host that is
    swapped for the host `to`, "" to take it out. What is `touched` is left alone.

    Call it in a transaction: the rows are locked.
    """
    found = RelayTarget.objects.select_for_update().filter(pk__in=list(chosen))
    undone = standing() if act is Act.UNDO else None
    now = _Now(facts_of_servers(), _routes(chosen), text, to, undone)

    def after(identity: UUID, row: RelayTarget | None) -> RelayTarget | None:
        return _undone(now, identity, row) if act is Act.UNDO else ACTS[act](now, _there(row))

    rows = Rows({row.pk: row for row in found}, str, relay_values, name_in_trail)
    return _leave_taken(plan_each(chosen, rows, after, touched=touched))


def do_relay_act(
    *,
    act: Act,
    chosen: Mapping[UUID, int],
    token: UUID,
    text: str = "",
    to: str = "",
    since: int | None = None,
    by: Person | Actor,
) -> RelayActPlan:
    """Do it, one event for each. What somebody else changed meanwhile is left alone and said so;
    `since` as in `touched_since`. Sent twice with one token it is done once."""
    with transaction.atomic():
        lock_servers()
        said = "edit undone" if act is Act.UNDO else ""
        return done_once(
            token=token,
            act=act,
            plan=lambda: plan_relay_act(
                act=act, chosen=chosen, text=text, to=to, touched=touched_since(since)
            ),
            write=lambda plan, happened: write_relays(
                plan.writes, by=acting(by), note=said, also=[happened]
            ),
        )


def _routes(chosen: Iterable[UUID]) -> Mapping[UUID, int]:
    """How many routes name each, disabled ones too."""
    naming = RoutingObject.objects.filter(relay_target__in=list(chosen)).order_by()
    return Counter(naming.values_list("relay_target", flat=True))


def _there(row: RelayTarget | None) -> RelayTarget:
    if row is None:
        raise LeftAlone("It is deleted already.")
    return row


def _noted(now: _Now, row: RelayTarget) -> RelayTarget | None:
    return noted(row, now.text)


def _tagged(now: _Now, row: RelayTarget) -> RelayTarget | None:
    after = copy(row)
    after.tags = with_tags(after.tags, now.text)
    return _checked(now, after)


def _untagged(now: _Now, row: RelayTarget) -> RelayTarget | None:
    return untagged(row, now.text)


def _swapped(now: _Now, row: RelayTarget) -> RelayTarget | None:
    """With another host in the place of one; one that is there already stands once."""
    old, new, after = normalise_name(now.text), normalise_name(now.to), copy(row)
    if old not in row.hosts:
        raise NotMeant
    hosts = [new if host == old else host for host in row.hosts]
    after.hosts = [host for host in dict.fromkeys(hosts) if host]
    return _checked(now, after)


def _on_port(now: _Now, row: RelayTarget) -> RelayTarget | None:
    after = copy(row)
    after.port = int(now.text) if now.text else row.port
    return _checked(now, after)


def _deleted(now: _Now, row: RelayTarget) -> RelayTarget | None:
    if named := now.named_by(row.pk):
        raise LeftAlone(f"{named}: no mail may go by it when it is deleted.")
    return None


def _undone(now: _Now, identity: UUID, row: RelayTarget | None) -> RelayTarget | None:
    """As it is live; None where nothing of it is."""
    assert now.now is not None
    if (push := now.now.held.get(identity)) is not None:
        raise LeftAlone(f"It is in push #{push}. Refuse that push first.")
    edits = [server.relays[identity] for server in now.now.servers if identity in server.relays]
    if not edits:
        return row
    befores = {edit.before for edit in edits}
    if len(befores) > 1:
        raise LeftAlone("It is live in more than one form. Change it on its page.")
    before = befores.pop()
    if isinstance(before, RelayValue):
        return _checked(now, _as_live(before, row or _gone(identity)))
    if named := now.named_by(identity):
        raise LeftAlone(f"It is live nowhere, and {named}. Undo that first.")
    return None


def _gone(identity: UUID) -> RelayTarget:
    """The row that a deleted one had, with what its last event alone keeps."""
    old = last_values(identity)
    words = {name: str(old.get(name, "")) for name in ("note", "tags")}
    return RelayTarget(id=identity, **words)


def _as_live(live: RelayValue, row: RelayTarget) -> RelayTarget:
    after = copy(row)
    after.name, after.hosts, after.port = live.name, list(live.hosts), live.port
    return after


def _checked(now: _Now, row: RelayTarget) -> RelayTarget:
    found = relay_findings(row, now.facts)
    if errors := [str(item) for item in found if item.severity is Severity.ERROR]:
        raise LeftAlone(" ".join(errors))
    return row


def _leave_taken(plan: RelayActPlan) -> RelayActPlan:
    """A name that another one has by now is not taken from it."""
    writes = plan.writes
    moving = [after for before, after in writes.changed if before.name != after.name]
    wanted = {row.pk: row for row in (*writes.created, *moving)}
    there = RelayTarget.objects.filter(name__in=[row.name for row in wanted.values()])
    taken = set(there.exclude(pk__in=list(wanted)).values_list("name", flat=True))
    clashing = {row.pk: row for row in wanted.values() if row.name in taken}
    left = [Left(row.name, "Another one has this name.") for row in clashing.values()]
    writes.created = [row for row in writes.created if row.pk not in clashing]
    writes.changed = [pair for pair in writes.changed if pair[1].pk not in clashing]
    return replace(plan, left=(*plan.left, *left))


ACTS: Mapping[Act, Callable[[_Now, RelayTarget], RelayTarget | None]] = {
    Act.NOTE: _noted,
    Act.TAG: _tagged,
    Act.UNTAG: _untagged,
    Act.SWAP: _swapped,
    Act.PORT: _on_port,
    Act.DELETE: _deleted,
}
