"""Edits that could be proposed, with who wrote them and which open push holds them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from routing.core.edits import Edit
from routing.models import MailHost, RelayTarget
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


@dataclass(frozen=True, slots=True)
class HostOpenEdits:
    """Those of one list server."""

    host: MailHost
    edits: tuple[OpenEdit, ...]


@dataclass(frozen=True, slots=True)
class Proposable:
    """Everything that is saved and not live, and the names of the relay targets in it."""

    hosts: tuple[HostOpenEdits, ...]
    relays: Mapping[UUID, str]

    @property
    def edits(self) -> tuple[OpenEdit, ...]:
        """All of them, each object once."""
        once = {item.edit.object_id: item for part in self.hosts for item in part.edits}
        return tuple(once.values())


def proposable() -> Proposable:
    """What a push could be made of now."""
    now = standing()
    return Proposable(
        hosts=tuple(HostOpenEdits(part.host, _edits(part, now)) for part in now.hosts),
        relays=dict(RelayTarget.objects.values_list("pk", "name")),
    )


def picked_at_first(found: Proposable, username: str) -> frozenset[UUID]:
    """What is ticked before anybody chose: what an open push holds, because a new one takes its
    place, and one's own edits; all of them when there is neither. A colleague's half-done edit
    stays out."""
    ids = {
        item.edit.object_id
        for item in found.edits
        if item.push is not None or item.username == username
    }
    return frozenset(ids or {item.edit.object_id for item in found.edits})


def _edits(part: HostEdits, now: Standing) -> tuple[OpenEdit, ...]:
    ids = [edit.object_id for edit in part.edits]
    wrote: dict[UUID, Editor] = {}
    for editor in sorted(editors_of(ids, part.base), key=lambda editor: editor.at):
        wrote[editor.object_id] = editor
    return tuple(_open(edit, wrote.get(edit.object_id), now) for edit in part.edits)


def _open(edit: Edit, editor: Editor | None, now: Standing) -> OpenEdit:
    return OpenEdit(
        edit=edit,
        by=editor.name if editor else "import",
        username=editor.username if editor else "",
        at=editor.at if editor else None,
        push=now.held.get(edit.object_id),
    )
