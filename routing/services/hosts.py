"""Mail hosts: what a person writes of them, and what their agents report."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from mailadmin.audit.services import Actor, Happened, record
from mailadmin.race import looks_again
from mailadmin.wire.core.messages import Role
from mailadmin.wire.models import Agent
from routing.core.facts import HostKind, facts_from_json
from routing.core.findings import Finding, InvalidIntent, Severity
from routing.core.render import check_site_m4
from routing.core.tags import check_tags, normal_tags
from routing.models import HostState, MailHost, Revision, RoutingObject
from routing.services.errors import ConflictingEdit, Side

FIELDS = ("name", "kind", "position", "site_m4", "note", "tags")


@looks_again
def save_mail_host(
    *,
    identity: UUID | None,
    version: int = 0,
    name: str,
    kind: HostKind,
    position: int,
    site_m4: str = "",
    note: str = "",
    tags: str | None = None,
    by: Actor,
) -> MailHost:
    """Make (version 0) or change a mail host; the same form sent twice is saved once. `tags` None:
    they stay as they are.

    Raises InvalidIntent with everything that is wrong, ConflictingEdit when somebody else was
    faster.
    """
    with transaction.atomic():
        before = _stored(identity)
        host = MailHost.objects.get(pk=before.pk) if before else MailHost()
        host.pk = identity or host.pk
        host.name, host.kind, host.position = name, kind, position
        host.site_m4, host.note = site_m4, note
        host.tags = host.tags if tags is None else normal_tags(tags)
        if before is not None and host_values(before) == host_values(host):
            return before
        if (before.version if before else 0) != version:
            raise _conflict(before, host, by)
        host.version, host.changed_at, host.changed_by = version + 1, timezone.now(), by.name
        _check(host, before)
        host.save(force_insert=before is None, force_update=before is not None)
        if before is None:
            HostState.objects.create(host=host)
        old = host_values(before) if before else None
        what = "changed" if before else "created"
        record(by=by, happened=happened(host, what, old=old, new=host_values(host)))
    return host


def observed(*, agent_host: str, role: str, body: Mapping[str, Any], now: datetime) -> None:
    """Keep what an agent saw. Telemetry: no event, and the newest word wins."""
    host = MailHost.objects.filter(name=agent_host).first()
    if host is None:
        return
    state, _ = HostState.objects.get_or_create(host=host)
    columns = _deploy_columns(body, state, now) if role == Role.DEPLOY else _spool_columns(body)
    columns |= {"deploy_at": now, "error": ""} if role == Role.DEPLOY else {"spool_at": now}
    HostState.objects.filter(host=host).update(**columns)


def not_observed(*, agent_host: str, role: str, text: str) -> None:
    """The deploy agent could not see what the host runs: from now on that is not known."""
    if role == Role.DEPLOY:
        HostState.objects.filter(host__name=agent_host).update(live=None, error=text)


def refused_to_observe(*, agent_host: str, role: str, text: str) -> None:
    """The deploy agent took the question for expired: what is known stays and is said to be old."""
    if role == Role.DEPLOY:
        HostState.objects.filter(host__name=agent_host).update(error=text)


def note_live(*, host: MailHost, body: Mapping[str, Any], now: datetime) -> None:
    """The report of a switch says what is live, sooner than the next observation."""
    columns = {name: body[name] for name in ("live", "last_good") if name in body}
    columns["ground"] = body.get("ground", "")
    HostState.objects.filter(host=host).update(**columns, drift=[], otherwise=[], deploy_at=now)


def _deploy_columns(body: Mapping[str, Any], before: HostState, now: datetime) -> dict[str, Any]:
    facts_from_json(body["facts"])
    return {
        "facts": body["facts"],
        "live": body["live"],
        "last_good": body["last_good"],
        "releases": body["releases"],
        "drift": _since(body["drift"], before, now),
        # Of agents from before these were told.
        "ground": body.get("ground", ""),
        "otherwise": body.get("otherwise", []),
    }


def _since(
    drift: Iterable[Mapping[str, str]], before: HostState, now: datetime
) -> list[dict[str, str]]:
    """Each item with when it was first seen: what was seen before keeps its moment."""
    first = {(item["file"], item["text"]): item.get("since") for item in before.drift}
    return [
        {**item, "since": first.get((item["file"], item["text"])) or now.isoformat()}
        for item in drift
    ]


def _spool_columns(body: Mapping[str, Any]) -> dict[str, Any]:
    # An agent from before tells nothing of runs.
    runner = body.get("runner")
    return {"kept": body["kept"], "kept_total": body["kept_total"], "runner": runner}


def _stored(identity: UUID | None) -> MailHost | None:
    if identity is None:
        return None
    return MailHost.objects.select_for_update().filter(pk=identity).first()


def host_values(host: MailHost) -> dict[str, Any]:
    """The fields as JSON values: what an event and a conflict show."""
    return {field: getattr(host, field) for field in FIELDS}


def happened(
    host: MailHost,
    what: str,
    *,
    old: dict[str, Any] | None = None,
    new: dict[str, Any] | None = None,
    note: str = "",
) -> Happened:
    """What an event says of a mail host."""
    return Happened(
        action=f"mail_host.{what}",
        subject=host.name,
        object_id=host.pk,
        host=host.name,
        old=old,
        new=new,
        note=note,
    )


def _conflict(before: MailHost | None, host: MailHost, by: Actor) -> ConflictingEdit:
    yours = Side(host_values(host), by.name, None)
    if before is None:
        return ConflictingEdit(host.name, Side({"deleted": True}, "Somebody", None), yours)
    theirs = Side(host_values(before), before.changed_by, before.changed_at)
    return ConflictingEdit(before.name, theirs, yours)


def _check(host: MailHost, before: MailHost | None) -> None:
    findings = [*_field_errors(host), *check_site_m4(host.site_m4), *_fixed(host, before)]
    findings += check_tags(host.tags, host.name)
    if findings:
        raise InvalidIntent(findings)


def _field_errors(host: MailHost) -> Iterator[Finding]:
    try:
        host.full_clean()
    except ValidationError as error:
        for field, faults in error.error_dict.items():
            for fault in faults:
                yield _field_error(host, fault, field if field != "__all__" else "")


def _field_error(host: MailHost, fault: ValidationError, field: str) -> Finding:
    if fault.code == "unique":
        text = f"There is a mail host {host.name} already."
        return _error(host, text, "Choose another name.", field)
    return _error(host, " ".join(fault.messages), "", field)


def _fixed(host: MailHost, before: MailHost | None) -> Iterator[Finding]:
    """Task queues, keys and revisions bear the name; what a release was made for is its kind."""
    if before is None:
        return
    released = Revision.objects.filter(host=before).exists()
    known = released or Agent.objects.filter(host_name=before.name).exists()
    if known and host.name != before.name:
        text = f"Agents or revisions of {before.name} bear that name."
        yield _error(host, text, "Add the other one as a new mail host.", "name")
    used = released or RoutingObject.objects.filter(server=before).exists()
    if used and host.kind != before.kind:
        text = f"{before.name} has keys or revisions, as only a list server has."
        yield _error(host, text, "Add the other one as a new mail host.", "kind")


def _error(host: MailHost, text: str, advice: str, field: str) -> Finding:
    return Finding("mail_host_invalid", Severity.ERROR, host.name, text, advice, field)
