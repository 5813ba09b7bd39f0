"""Edits that could be proposed, who wrote them, and which open push holds them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from uuid import UUID

from routing.core.edits import Edit, pull_in
from routing.models import RelayTarget
from routing.queries.editors import Editor, editors_of
from routing.queries.edits import HostEdits
from routing.queries.pending import Standing, standing


@dataclass(frozen=True, slots=True)
class OpenEdit:
    """One edit that is not live."""

    edit: Edit
    by: str
    username: str
    at: datetime | None
    push: int | None


@dataclass(frozen=True)
class Proposable:
    """Everything that is saved and not live, by list server in order of activation."""

    hosts: tuple[HostEdits, ...]
    now: Standing
    relays: Mapping[UUID, str]

    @cached_property
    def by_id(self) -> Mapping[UUID, Edit]:
        """Each object once; a relay target's is that of the last server where it is one."""
        return {edit.object_id: edit for part in self.hosts for edit in part.edits}

    @property
    def lines(self) -> int:
        """How many rows the servers have that anything would go to."""
        edited = {part.host.pk for part in self.hosts}
        servers = (server for server in self.now.servers if server.host.pk in edited)
        return sum(server.tally.kinds.total() for server in servers)

    def opened(self, identities: Collection[UUID]) -> dict[UUID, OpenEdit]:
        """These edits with who wrote them."""
        wrote = self._wrote(identities)
        known = (self.by_id[identity] for identity in identities if identity in self.by_id)
        return {edit.object_id: self._open(edit, wrote.get(edit.object_id)) for edit in known}

    def with_pulled(self, picked: frozenset[UUID]) -> frozenset[UUID]:
        """The picked edits and those that they cannot be live without."""
        parts = (pull_in(part.edits, picked) for part in self.hosts)
        return frozenset(identity for part in parts for identity in part)

    def picked_at_first(self, username: str) -> frozenset[UUID]:
        """What is ticked before anybody chose: what an open push holds, because a new one takes its
        place, and one's own edits; all of them when there is neither. A colleague's half-done edit
        stays out."""
        wrote = self._wrote(self.by_id.keys())
        own = {identity for identity, editor in wrote.items() if editor.username == username}
        held = {identity for identity in self.now.held if identity in self.by_id}
        return frozenset(own | held or self.by_id)

    def _wrote(self, identities: Collection[UUID]) -> dict[UUID, Editor]:
        """Who wrote them last."""
        wrote: dict[UUID, Editor] = {}
        for part in self.hosts:
            here = [edit.object_id for edit in part.edits if edit.object_id in identities]
            for editor in sorted(editors_of(here, part.base), key=lambda editor: editor.at):
                wrote[editor.object_id] = editor
        return wrote

    def _open(self, edit: Edit, editor: Editor | None) -> OpenEdit:
        return OpenEdit(
            edit=edit,
            by=editor.name if editor else "import",
            username=editor.username if editor else "",
            at=editor.at if editor else None,
            push=self.now.held.get(edit.object_id),
        )


def proposable() -> Proposable:
    """What a push could be made of now."""
    now = standing()
    return Proposable(now.hosts, now, dict(RelayTarget.objects.values_list("pk", "name")))
