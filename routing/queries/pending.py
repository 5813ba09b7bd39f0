"""What is saved and not live: edits by object, and the open pushes that hold them. Cheap to ask.

Every write has an event that names its object. So what was found at one event is carried on to the
next by reading again only what the events between name; where the trail cannot tell (the first
question, another database, thousands of events) everything is read. `pending_edits` is the simple
form of the same answer.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from uuid import UUID

from mailadmin.audit.models import AuditEvent, AuditHead
from routing.core.edits import Edit
from routing.core.intent import ObjectKind
from routing.core.intent import RoutingObject as Item
from routing.queries.edits import HostEdits
from routing.queries.held import Held, held_after, held_now
from routing.queries.server_edits import Server, servers_after, servers_now

MOST_EVENTS = 2000
"""More than these, and more than a twentieth of the rows, and reading everything is quicker."""


class EditsById(Mapping[UUID, Edit]):
    """The edits of all servers as one mapping, looked up where they are: there may be thousands."""

    def __init__(self, servers: tuple[Server, ...]) -> None:
        self._servers = servers

    def __getitem__(self, identity: UUID) -> Edit:
        for server in reversed(self._servers):
            found = server.objects.get(identity) or server.relays.get(identity)
            if found is not None:
                return found
        raise KeyError(identity)

    def __iter__(self) -> Iterator[UUID]:
        for server in self._servers:
            yield from server.objects
        yield from self._relays()

    def __len__(self) -> int:
        return sum(len(server.objects) for server in self._servers) + len(self._relays())

    def _relays(self) -> set[UUID]:
        """A relay target may be an edit of several servers, any other object of one alone."""
        return {identity for server in self._servers for identity in server.relays}


@dataclass(frozen=True)
class Standing:
    """What waits at one event of the audit trail."""

    number: int
    hash: str
    servers: tuple[Server, ...]
    by_push: Held

    @cached_property
    def hosts(self) -> tuple[HostEdits, ...]:
        """Every list server that has edits, with them in order."""
        return tuple(server.in_order() for server in self.servers if server.count)

    @property
    def edits(self) -> Mapping[UUID, Edit]:
        """By object; a relay target's is that of the last server where it is one."""
        return EditsById(self.servers)

    @property
    def held(self) -> Mapping[UUID, int]:
        """The number of the open push that holds an edit as it is now."""
        return self.by_push.push

    @cached_property
    def loose(self) -> frozenset[UUID]:
        """Objects with an edit that no open push holds."""
        return frozenset(identity for identity in self.edits if identity not in self.held)

    @cached_property
    def settled(self) -> frozenset[UUID]:
        """All other objects that may have rows: live without an edit, or held by an open push."""
        live = (
            identity
            for server in self.servers
            for identity in server.live.objects
            if identity not in server.objects
        )
        return frozenset((*live, *self.held))

    @cached_property
    def settled_count(self) -> int:
        """How many `settled` has, or a few more; counted without looking at each."""
        return len(self.held) + sum(
            len(server.live.objects) - sum(found in server.live.objects for found in server.objects)
            for server in self.servers
        )

    @cached_property
    def loose_count(self) -> int:
        """How many `loose` has; counted without looking at each."""
        return len(self.edits) - sum(identity in self.edits for identity in self.held)

    @property
    def relays(self) -> frozenset[UUID]:
        """Relay targets with an edit on any server."""
        return frozenset(identity for server in self.servers for identity in server.relays)

    @property
    def edited(self) -> tuple[UUID, ...]:
        """The list servers that have edits."""
        return tuple(server.host.pk for server in self.servers if server.count)

    @cached_property
    def loose_rows(self) -> Mapping[str, int]:
        """How many rows of each kind have an edit that no open push holds."""
        counts = Counter[str]()
        for server in self.servers:
            counts.update(server.tally.edited)
        for identity in self.held:
            edit = self.edits.get(identity)
            if edit is not None and edit.after is not None:
                counts[edit.subject] -= 1
        return counts

    def removed(self, kind: ObjectKind) -> tuple[tuple[str, Item], ...]:
        """Objects of a kind that are live and have no row any more, with their server."""
        return tuple(
            (server.host.name, before)
            for server in self.servers
            for before in server.removed
            if before.kind is kind
        )


_kept: list[Standing] = []
"""The last answer of this process, replaced as a whole."""
_reading = threading.Lock()
"""Of a million rows the first answer takes seconds: the threads of a process find it once."""


def standing() -> Standing:
    """What waits now."""
    with _reading:
        return _standing()


def _standing() -> Standing:
    head = AuditHead.objects.filter(pk=1).values_list("number", "hash").first()
    if head is None:
        return _read(0, "")
    before = next(iter(_kept), None)
    if before is not None and (before.number, before.hash) == head:
        return before
    found = (before and _carried(before, *head)) or _read(*head)
    _kept[:] = [found]
    return found


def _touched(before: Standing, number: int) -> Collection[UUID] | None:
    """What was written since; None where this trail is not the one that was read before."""
    rows_before = sum(server.tally.kinds.total() for server in before.servers)
    if not 0 <= number - before.number <= max(MOST_EVENTS, rows_before // 20):
        return None
    events = AuditEvent.objects.filter(number__gte=before.number, number__lte=number)
    rows = list(events.order_by("number").values_list("number", "hash", "object_id"))
    if len(rows) != number - before.number + 1 or rows[0][:2] != (before.number, before.hash):
        return None
    return {identity for _, _, identity in rows[1:] if identity is not None}


def _read(number: int, digest: str) -> Standing:
    return Standing(number, digest, servers_now(), held_now())


def _carried(before: Standing, number: int, digest: str) -> Standing | None:
    touched = _touched(before, number)
    if touched is None:
        return None
    servers = servers_after(before.servers, touched)
    return Standing(number, digest, servers, held_after(before.by_push, touched))
