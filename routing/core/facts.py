"""Host facts: what the agents of a mail host observed, as far as rendering and proof read it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from enum import StrEnum
from typing import Any


class HostKind(StrEnum):
    """What a mail host does."""

    LIST_SERVER = "list_server"
    OUTGOING_RELAY = "outgoing_relay"


@dataclass(frozen=True, slots=True)
class HostFacts:
    """Facts of one mail host. Paths are absolute on that host; addresses are host or IP.

    `class_w` holds the names that its sendmail takes for its own (lower case, sorted).
    `service_switch` is sendmail's ServiceSwitchFile, empty where the host uses the default.
    Only the fields in RENDERED reach a bundle, so that a sendmail upgrade alone changes none.
    """

    name: str
    kind: HostKind
    fqdn: str
    sendmail_version: str
    class_w: tuple[str, ...]
    run_as_user: str
    run_as_group: str
    trusted_user: str
    cf_dir: str
    spool: str
    run_dir: str
    dead_letter: str
    wrapper: str
    local_mta_host: str = "127.0.0.1"
    local_mta_port: int = 25
    service_switch: str = ""


RENDERED = (
    "name",
    "run_as_user",
    "run_as_group",
    "trusted_user",
    "cf_dir",
    "spool",
    "run_dir",
    "dead_letter",
    "wrapper",
    "local_mta_host",
    "local_mta_port",
    "service_switch",
)


def facts_to_json(facts: HostFacts) -> dict[str, Any]:
    """The stored and reported form."""
    return asdict(facts) | {"class_w": list(facts.class_w), "kind": facts.kind.value}


def facts_from_json(data: Mapping[str, Any]) -> HostFacts:
    """The reverse of `facts_to_json`; unknown fields are left out, a missing one is a KeyError."""
    known = {field.name for field in fields(HostFacts)} & data.keys()
    missing = {"name", "kind", "fqdn", "run_as_user", "spool"} - known
    if missing:
        raise KeyError(f"host facts lack {', '.join(sorted(missing))}")
    values = {name: data[name] for name in known}
    values["kind"] = HostKind(values["kind"])
    values["class_w"] = tuple(values["class_w"])
    return HostFacts(**values)


def rendered_facts(facts: HostFacts) -> dict[str, str | int]:
    """The facts that the bundle's digest covers."""
    return {name: getattr(facts, name) for name in RENDERED}
