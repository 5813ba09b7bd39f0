"""Intent: the routing objects of one list server as values, and nothing of where they are kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from uuid import UUID

DEFAULT_KEY = "."
SMTP_PORT = 25


class ObjectKind(StrEnum):
    """What a mailertable key stands for (the words of the glossary)."""

    VIRTUAL_DOMAIN = "virtual_domain"
    LOCAL_HOST = "local_host"
    ROUTE = "route"
    FOREIGN_LINE = "foreign_line"


@dataclass(frozen=True, slots=True)
class RelayTarget:
    """The way out: `hosts` are tried in this order, all on `port`."""

    id: UUID
    name: str
    hosts: tuple[str, ...]
    port: int = SMTP_PORT


@dataclass(frozen=True, slots=True)
class RoutingObject:
    """One key of one list server's mailertable.

    A virtual domain needs nothing but its key. A local host has its own name as next hop. A route
    names either a relay target or a mailer with its next hop (`mailer` and `next_hop` as they stand
    in a value, `error:5.1.1 text` included). A foreign line keeps mailer and next hop as imported.
    A disabled object is remembered but not rendered.
    """

    id: UUID
    kind: ObjectKind
    key: str
    enabled: bool = True
    relay_target: UUID | None = None
    mailer: str = ""
    next_hop: str = ""


@dataclass(frozen=True, slots=True)
class Intent:
    """All objects of one list server in key order, with the relay targets that they name."""

    server: str
    objects: tuple[RoutingObject, ...] = ()
    relay_targets: tuple[RelayTarget, ...] = ()

    def relay(self, identity: UUID) -> RelayTarget:
        """The relay target with this id. Raises KeyError when no object may name it."""
        for relay in self.relay_targets:
            if relay.id == identity:
                return relay
        raise KeyError(identity)


def make_intent(
    server: str,
    objects: Mapping[UUID, RoutingObject],
    relay_targets: Mapping[UUID, RelayTarget],
) -> Intent:
    """Put objects in key order and keep only the relay targets that one of them names."""
    ordered = tuple(sorted(objects.values(), key=lambda item: (item.key, item.id.int)))
    named = {item.relay_target for item in ordered if item.relay_target is not None}
    relays = sorted((relay_targets[identity] for identity in named), key=lambda relay: relay.name)
    return Intent(server=server, objects=ordered, relay_targets=tuple(relays))


def intent_to_json(intent: Intent) -> dict[str, Any]:
    """The stored form; `intent_from_json` gives the same intent back."""
    return {
        "server": intent.server,
        "objects": [
            {
                "id": str(item.id),
                "kind": item.kind.value,
                "key": item.key,
                "enabled": item.enabled,
                "relay_target": str(item.relay_target) if item.relay_target else None,
                "mailer": item.mailer,
                "next_hop": item.next_hop,
            }
            for item in intent.objects
        ],
        "relay_targets": [
            {
                "id": str(relay.id),
                "name": relay.name,
                "hosts": list(relay.hosts),
                "port": relay.port,
            }
            for relay in intent.relay_targets
        ],
    }


def intent_from_json(data: Mapping[str, Any]) -> Intent:
    """The reverse of `intent_to_json`. Raises KeyError or ValueError on another shape."""
    return Intent(
        server=data["server"],
        objects=tuple(
            RoutingObject(
                id=UUID(item["id"]),
                kind=ObjectKind(item["kind"]),
                key=item["key"],
                enabled=item["enabled"],
                relay_target=UUID(item["relay_target"]) if item["relay_target"] else None,
                mailer=item["mailer"],
                next_hop=item["next_hop"],
            )
            for item in data["objects"]
        ),
        relay_targets=tuple(
            RelayTarget(
                id=UUID(relay["id"]),
                name=relay["name"],
                hosts=tuple(relay["hosts"]),
                port=relay["port"],
            )
            for relay in data["relay_targets"]
        ),
    )
