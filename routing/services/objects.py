"""Write routing objects. A saved row is an edit: it changes no mail host until a push is live."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from mailadmin.audit.services import Actor, Happened, record
from mailadmin.people.models import Person
from mailadmin.people.services import acting
from routing.core.findings import Finding, InvalidIntent, Severity
from routing.core.intent import ObjectKind
from routing.core.intent import RoutingObject as RoutingObjectValue
from routing.core.names import normalise_key
from routing.core.tags import check_tags, normal_tags
from routing.core.validate import validate_object
from routing.models import HostState, MailHost, RelayTarget, RoutingObject
from routing.services.errors import ConflictingEdit, Side
from routing.services.tagging import forget_tags, index_tags

FIELDS = ("kind", "key", "enabled", "relay_target_id", "mailer", "next_hop", "note", "tags")


def save_object(
    *,
    identity: UUID,
    version: int,
    server: MailHost,
    kind: ObjectKind,
    key: str,
    enabled: bool = True,
    relay_target: UUID | None = None,
    mailer: str = "",
    next_hop: str = "",
    note: str = "",
    tags: str | None = None,
    by: Person | Actor,
) -> RoutingObject:
    """Create (version 0) or change an object; `version` is the one that the form was made from.
    `tags` None: they stay as they are.

    The same form sent twice is saved once. Raises InvalidIntent with every finding, ConflictingEdit
    when somebody else saved the object meanwhile.
    """
    row = RoutingObject(
        id=identity,
        server=server,
        kind=kind,
        key=normalise_key(key),
        enabled=enabled,
        relay_target_id=relay_target,
        mailer=mailer.strip(),
        next_hop=next_hop.strip(),
        note=note,
        tags=normal_tags(tags or ""),
    )
    with transaction.atomic():
        # Two people who add one key at once: the second sees the first one's row.
        MailHost.objects.select_for_update().get(pk=server.pk)
        before = RoutingObject.objects.select_for_update().filter(pk=identity).first()
        if tags is None and before is not None:
            row.tags = before.tags
        _check(row, key)
        if before is not None and object_values(before) == object_values(row):
            return before
        if before is None:
            return _create(row, version, acting(by))
        return _change(before, row, version, acting(by))


def set_enabled(*, identity: UUID, version: int, enabled: bool, by: Person | Actor) -> None:
    """Enable or disable an object; a disabled one is remembered and not rendered."""
    with transaction.atomic():
        before = RoutingObject.objects.select_for_update().get(pk=identity)
        if before.enabled == enabled:
            return
        row = RoutingObject.objects.get(pk=identity)
        row.enabled = enabled
        _check(row, row.key)
        _change(before, row, version, acting(by))


def delete_object(*, identity: UUID, version: int, by: Person | Actor) -> None:
    """Delete the row; the key leaves a mail host with the next push that holds this edit."""
    with transaction.atomic():
        before = RoutingObject.objects.select_for_update().filter(pk=identity).first()
        if before is None:
            return
        if before.version != version:
            raise _conflict(before, {"deleted": True}, acting(by))
        if retired := _server_retired(before):
            raise InvalidIntent(retired)
        happened = deleted(before)
        forget_tags([before.pk])
        RoutingObject.objects.filter(pk=identity, version=version).delete()
        record(by=acting(by), happened=happened)


def object_values(row: RoutingObject) -> dict[str, Any]:
    """The fields of an object as JSON values: what an event and a conflict show."""
    values = {field: getattr(row, field) for field in FIELDS if field != "relay_target_id"}
    relay = row.relay_target
    # By name: whoever reads an old event cannot ask what an id once stood for.
    return values | {"kind": str(row.kind), "relay_target": relay.name if relay else None}


def _create(row: RoutingObject, version: int, by: Actor) -> RoutingObject:
    if version:
        gone = Side({"deleted": True}, "Somebody", None)
        raise ConflictingEdit(row.key, gone, Side(object_values(row), by.name, None))
    row.version, row.changed_at, row.changed_by = 1, timezone.now(), by.name
    row.save(force_insert=True)
    index_tags([(None, row)])
    record(by=by, happened=created(row))
    return row


def _change(before: RoutingObject, row: RoutingObject, version: int, by: Actor) -> RoutingObject:
    if before.version != version:
        raise _conflict(before, object_values(row), by)
    values = {field: getattr(row, field) for field in FIELDS}
    unmoved = RoutingObject.objects.filter(pk=before.pk, version=version)
    unmoved.update(**values, version=version + 1, changed_at=timezone.now(), changed_by=by.name)
    index_tags([(before, row)])
    record(by=by, happened=changed(before, row))
    return RoutingObject.objects.get(pk=before.pk)


def _conflict(before: RoutingObject, wanted: dict[str, Any], by: Actor) -> ConflictingEdit:
    theirs = Side(object_values(before), before.changed_by, before.changed_at)
    return ConflictingEdit(before.key, theirs, Side(wanted, by.name, None))


def created(row: RoutingObject, note: str = "") -> Happened:
    """The event of a new row."""
    return _happened(row, "created", old=None, new=object_values(row), note=note)


def changed(before: RoutingObject, row: RoutingObject, note: str = "") -> Happened:
    """The event of a row that becomes another."""
    old, new = object_values(before), object_values(row)
    return _happened(row, "changed", old=old, new=new, note=note)


def deleted(row: RoutingObject, note: str = "") -> Happened:
    """The event of a row that goes."""
    return _happened(row, "deleted", old=object_values(row), new=None, note=note)


def _happened(
    row: RoutingObject,
    what: str,
    *,
    old: dict[str, Any] | None,
    new: dict[str, Any] | None,
    note: str = "",
) -> Happened:
    return Happened(
        action=f"{row.kind}.{what}",
        subject=row.key,
        object_id=row.pk,
        host=row.server.name,
        old=old,
        new=new,
        note=note,
    )


def _check(row: RoutingObject, written: str) -> None:
    """Everything that is wrong with the object by itself and beside its neighbours."""
    state = HostState.objects.filter(host=row.server).first()
    value = RoutingObjectValue(
        id=row.pk,
        kind=ObjectKind(row.kind),
        key=row.key or written,
        enabled=row.enabled,
        relay_target=row.relay_target_id,
        mailer=row.mailer,
        next_hop=row.next_hop,
    )
    found = [*validate_object(value, facts=state.host_facts if state else None)]
    found += check_tags(row.tags, row.key)
    found += [finding for check in NEIGHBOURS for finding in check(row)]
    errors = [finding for finding in found if finding.severity is Severity.ERROR]
    if errors:
        raise InvalidIntent(errors)


def _key_taken(row: RoutingObject) -> list[Finding]:
    others = RoutingObject.objects.filter(server=row.server, key=row.key).exclude(pk=row.pk)
    return [
        _error(
            "key_taken", row.key, f"{row.key} is a {other.kind.replace('_', ' ')} already.", "key"
        )
        for other in others
    ]


def _relay_gone(row: RoutingObject) -> list[Finding]:
    wanted = row.relay_target_id
    if wanted is None or RelayTarget.objects.filter(pk=wanted).exists():
        return []
    return [_error("relay_unknown", row.key, "That relay target is gone.", "relay_target")]


def _other_server(row: RoutingObject) -> list[Finding]:
    stored = RoutingObject.objects.filter(pk=row.pk).select_related("server").first()
    if stored is None or stored.server_id == row.server_id:
        return []
    text = f"{stored.key} belongs to {stored.server.name} and stays there."
    return [_error("server_fixed", row.key, text, "server")]


def _server_retired(row: RoutingObject) -> list[Finding]:
    if not MailHost.objects.filter(pk=row.server_id).exclude(retired_at=None).exists():
        return []
    return [_error("server_retired", row.key, f"{row.server.name} is retired.", "retired")]


def _error(code: str, subject: str, text: str, field: str) -> Finding:
    return Finding(code, Severity.ERROR, subject, text, ADVICE[field], field)


ADVICE = {
    "key": "Change that one, or write another key.",
    "relay_target": "Choose another.",
    "server": "Add the key on the other server, and delete this one.",
    "retired": "Take the host back into service first.",
}

NEIGHBOURS: tuple[Callable[[RoutingObject], list[Finding]], ...] = (
    _key_taken,
    _relay_gone,
    _other_server,
    _server_retired,
)
