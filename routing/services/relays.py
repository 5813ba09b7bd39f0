"""Write relay targets. They are shared: a change is an edit on every list server that names one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from django.db import transaction

from mailadmin.audit.services import Actor
from mailadmin.people.models import Person
from mailadmin.people.services import acting
from mailadmin.race import looks_again
from routing.core.facts import HostFacts
from routing.core.findings import Finding, InvalidIntent, Severity
from routing.core.intent import RelayTarget as RelayTargetValue
from routing.core.names import normalise_name
from routing.core.tags import check_tags, normal_tags
from routing.core.validate import validate_relay
from routing.models import HostState, RelayTarget, RoutingObject
from routing.services.errors import ConflictingEdit, NotAllowed, Side
from routing.services.locks import lock_servers
from routing.services.writing_relays import RelayWrites, relay_values, write_relays


@looks_again
def save_relay_target(
    *,
    identity: UUID,
    version: int,
    name: str,
    hosts: Sequence[str],
    port: int,
    note: str = "",
    tags: str | None = None,
    by: Person | Actor,
) -> RelayTarget:
    """Create (version 0) or change a relay target; the same form sent twice is saved once. `tags`
    None: they stay as they are.

    Raises InvalidIntent with every finding, ConflictingEdit when somebody else was faster.
    """
    row = RelayTarget(
        id=identity,
        name=name.strip().lower(),
        hosts=[normalise_name(host) for host in hosts],
        port=port,
        note=note,
        tags=normal_tags(tags or ""),
    )
    with transaction.atomic():
        lock_servers()
        before = RelayTarget.objects.select_for_update().filter(pk=identity).first()
        if tags is None and before is not None:
            row.tags = before.tags
        _check(row)
        if before is not None and relay_values(before) == relay_values(row):
            return before
        if before is None:
            return _create(row, version, acting(by))
        return _change(before, row, version, acting(by))


def delete_relay_target(*, identity: UUID, version: int, by: Person | Actor) -> None:
    """Delete a relay target that no route names. Raises NotAllowed naming those that do."""
    with transaction.atomic():
        # Nobody begins to name the target after we have looked.
        lock_servers()
        before = RelayTarget.objects.select_for_update().filter(pk=identity).first()
        if before is None:
            return
        if before.version != version:
            raise _conflict(before, {"deleted": True}, acting(by))
        naming = RoutingObject.objects.filter(relay_target=before).select_related("server")
        if reasons := [f"{row.key} on {row.server.name} names {before.name}." for row in naming]:
            raise NotAllowed([*reasons, "Send them another way first."])
        write_relays(RelayWrites(deleted=[before]), by=acting(by))


def _create(row: RelayTarget, version: int, by: Actor) -> RelayTarget:
    if version:
        gone = Side({"deleted": True}, "Somebody", None)
        raise ConflictingEdit(row.name, gone, Side(relay_values(row), by.name, None))
    write_relays(RelayWrites(created=[row]), by=by)
    return row


def _change(before: RelayTarget, row: RelayTarget, version: int, by: Actor) -> RelayTarget:
    if before.version != version:
        raise _conflict(before, relay_values(row), by)
    write_relays(RelayWrites(changed=[(before, row)]), by=by)
    return RelayTarget.objects.get(pk=before.pk)


def _conflict(before: RelayTarget, wanted: dict[str, Any], by: Actor) -> ConflictingEdit:
    theirs = Side(relay_values(before), before.changed_by, before.changed_at)
    return ConflictingEdit(before.name, theirs, Side(wanted, by.name, None))


def _check(row: RelayTarget) -> None:
    found = {**dict.fromkeys(relay_findings(row, facts_of_servers()))}
    if RelayTarget.objects.filter(name=row.name).exclude(pk=row.pk).exists():
        text = f"There is a relay target {row.name} already."
        found[
            Finding("relay_taken", Severity.ERROR, row.name, text, "Choose another name.", "name")
        ] = None
    errors = [finding for finding in found if finding.severity is Severity.ERROR]
    if errors:
        raise InvalidIntent(errors)


def facts_of_servers() -> tuple[HostFacts, ...]:
    """Of every list server that may use a relay target, as far as they are known."""
    states = HostState.objects.select_related("host").filter(host__retired_at=None)
    found = (state.host_facts for state in states if state.host.is_list_server)
    return tuple(facts for facts in found if facts is not None)


def relay_findings(row: RelayTarget, servers: Iterable[HostFacts]) -> tuple[Finding, ...]:
    """What is wrong with a relay target by itself, and for each of these list servers."""
    value = RelayTargetValue(row.pk, row.name, tuple(row.hosts), row.port)
    found = dict.fromkeys((*validate_relay(value), *check_tags(row.tags, row.name)))
    for facts in servers:
        found |= dict.fromkeys(validate_relay(value, facts=facts))
    return tuple(found)
