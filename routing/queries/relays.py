"""Relay targets as their pages show them."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Count

from routing.core.edits import Op
from routing.core.mailertable import relay_value
from routing.models import RelayTarget, RoutingObject
from routing.queries.edits import relay_value as as_value
from routing.queries.pending import standing


@dataclass(frozen=True, slots=True)
class RelayRow:
    """One line of the list; `value` is what its routes say in the table."""

    row: RelayTarget
    value: str
    routes: int
    state: str


@dataclass(frozen=True, slots=True)
class RouteBy:
    """One route that names the relay target."""

    key: str
    server: str
    enabled: bool


def list_relays() -> tuple[RelayRow, ...]:
    """Every relay target by name."""
    edits = standing().edits
    rows = RelayTarget.objects.annotate(named=Count("routes")).order_by("name")
    return tuple(
        RelayRow(
            row=row,
            value=relay_value(as_value(row)),
            routes=row.named,
            state=_state(edits[row.pk].op) if row.pk in edits else _quiet(row.named),
        )
        for row in rows
    )


def routes_by(row: RelayTarget) -> tuple[RouteBy, ...]:
    """The routes that name it, by server and key."""
    found = RoutingObject.objects.filter(relay_target=row).select_related("server")
    return tuple(
        RouteBy(item.key, item.server.name, item.enabled)
        for item in found.order_by("server__position", "key")
    )


def _state(op: Op) -> str:
    return "new" if op is Op.CREATE else "edited"


def _quiet(routes: int) -> str:
    """Without an edit: live where a route names it, else nobody's."""
    return "live" if routes else "disabled"
