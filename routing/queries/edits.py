"""Edits that are not live, computed from rows and the live intent."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

from django.db.models import QuerySet

from routing.core.edits import Edit, compute_edits
from routing.core.facts import HostKind
from routing.core.intent import Intent, ObjectKind, RoutingObject, make_intent
from routing.core.intent import RelayTarget as RelayTargetValue
from routing.models import MailHost, RelayTarget, Revision
from routing.models import RoutingObject as RoutingObjectRow
from routing.queries.revisions import intent_of, live_revision

COLUMNS = ("id", "kind", "key", "enabled", "relay_target_id", "mailer", "next_hop")
"""The columns of a row, in the order of the fields of its value."""
KINDS = {kind.value: kind for kind in ObjectKind}


@dataclass(frozen=True, slots=True)
class HostEdits:
    """What differs on one list server between what is live and the rows."""

    host: MailHost
    base: Revision | None
    edits: tuple[Edit, ...]


def rows_intent(host: MailHost) -> Intent:
    """The rows of one list server as values; a table may have thousands."""
    rows = RoutingObjectRow.objects.filter(server=host)
    objects = {item.id: item for item in row_values(rows)}
    return make_intent(host.name, objects, relay_values())


def row_values(rows: QuerySet[RoutingObjectRow]) -> Iterator[RoutingObject]:
    """Rows as values, in no order; read as tuples."""
    for row in rows.order_by().values_list(*COLUMNS).iterator():
        yield RoutingObject(row[0], KINDS[row[1]], *row[2:])


def object_value(row: RoutingObjectRow) -> RoutingObject:
    """One row as a value."""
    return RoutingObject(
        id=row.pk,
        kind=ObjectKind(row.kind),
        key=row.key,
        enabled=row.enabled,
        relay_target=row.relay_target_id,
        mailer=row.mailer,
        next_hop=row.next_hop,
    )


def relay_values() -> dict[UUID, RelayTargetValue]:
    """All relay targets as values."""
    return {row.pk: relay_value(row) for row in RelayTarget.objects.all()}


def relay_value(row: RelayTarget) -> RelayTargetValue:
    """One relay target as a value."""
    return RelayTargetValue(id=row.pk, name=row.name, hosts=tuple(row.hosts), port=row.port)


def host_edits(host: MailHost) -> HostEdits:
    """The edits of one list server that are not live there."""
    base = live_revision(host)
    live = intent_of(base) if base else None
    return HostEdits(host, base, compute_edits(live, rows_intent(host)))


def pending_edits() -> tuple[HostEdits, ...]:
    """Those of every list server that has any, in order of activation."""
    servers = MailHost.in_service.filter(kind=HostKind.LIST_SERVER)
    return tuple(found for host in servers if (found := host_edits(host)).edits)
