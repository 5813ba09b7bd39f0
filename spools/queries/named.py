"""The relay targets that mail of a list server goes by, as its live table names them."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from routing.core.intent import DEFAULT_KEY, Intent
from routing.models import Revision
from routing.queries.revisions import intent_of


@dataclass(frozen=True, slots=True)
class NamedRelay:
    """One relay target of a table; `is_default` where everything without a route goes by it."""

    relay: UUID
    name: str
    hosts: tuple[str, ...]
    port: int
    is_default: bool


def relays_named(intent: Intent) -> tuple[NamedRelay, ...]:
    """Those that an enabled object goes by, in name order."""
    enabled = [item for item in intent.objects if item.enabled and item.relay_target is not None]
    named = {item.relay_target for item in enabled}
    default = {item.relay_target for item in enabled if item.key == DEFAULT_KEY}
    return tuple(
        NamedRelay(relay.id, relay.name, relay.hosts, relay.port, relay.id in default)
        for relay in intent.relay_targets
        if relay.id in named
    )


def relays_of(revision: Revision) -> tuple[NamedRelay, ...]:
    """The relay targets of a revision. It reads the whole table: ask once for each revision."""
    return relays_named(intent_of(revision))
