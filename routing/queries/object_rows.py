"""One routing object as lists and pages show it: its state, value and findings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from routing.core.edits import Op
from routing.core.facts import HostFacts
from routing.core.findings import Finding
from routing.core.intent import Intent
from routing.core.mailertable import relay_value, value_of
from routing.core.names import display_name
from routing.core.validate import validate_object
from routing.models import HostState, RoutingObject
from routing.queries.edits import object_value
from routing.queries.edits import relay_value as relay_as_value
from routing.queries.pending import Standing


class Shown(StrEnum):
    """What the list says of a row: the words of the badge."""

    LIVE = "live"
    EDITED = "edited"
    NEW = "new"
    IN_PUSH = "in_push"
    DISABLED = "disabled"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class ObjectRow:
    """One line of a list. `value` is its mailertable value, "" where the host is not known yet."""

    id: UUID
    key: str
    unicode: str
    server: str
    value: str
    relay: str
    state: Shown
    push: int | None
    enabled: bool
    note: str
    tags: tuple[str, ...]
    version: int
    changed_by: str
    changed_at: datetime | None
    findings: tuple[Finding, ...] = ()


def object_row(
    row: RoutingObject, facts: Mapping[str, HostFacts | None], now: Standing
) -> ObjectRow:
    """A row with its state; `facts` by the server's name."""
    state, push = shown_state(row, now)
    return ObjectRow(
        id=row.pk,
        key=row.key,
        unicode=unicode_of(row.key),
        server=row.server.name,
        value=row_value(row, facts.get(row.server.name)),
        relay=row.relay_target.name if row.relay_target else "",
        state=state,
        push=push,
        enabled=row.enabled,
        note=row.note,
        tags=tuple(row.tags.split()),
        version=row.version,
        changed_by=row.changed_by,
        changed_at=row.changed_at,
        findings=validate_object(object_value(row), facts=facts.get(row.server.name)),
    )


def shown_state(row: RoutingObject, now: Standing) -> tuple[Shown, int | None]:
    """The state of a row, and the open push that it is in."""
    push = now.held.get(row.pk)
    if push is not None:
        return Shown.IN_PUSH, push
    edit = now.edits.get(row.pk)
    if edit is not None:
        return (Shown.NEW if edit.op is Op.CREATE else Shown.EDITED), None
    return (Shown.LIVE if row.enabled else Shown.DISABLED), None


def row_value(row: RoutingObject, facts: HostFacts | None) -> str:
    """The right side of the row's line, "" while no agent has said what the host is like."""
    if row.relay_target is not None:
        return relay_value(relay_as_value(row.relay_target))
    if facts is None:
        return ""
    return value_of(object_value(row), Intent(row.server.name), facts)


def facts_by_server() -> dict[str, HostFacts | None]:
    """The facts of every list server that has been observed, by name."""
    states = HostState.objects.select_related("host").filter(
        host__kind="list_server", host__retired_at=None
    )
    return {state.host.name: state.host_facts for state in states}


def unicode_of(key: str) -> str:
    """The name as people write it, only where it differs."""
    shown = display_name(key)
    return "" if shown == key else shown
