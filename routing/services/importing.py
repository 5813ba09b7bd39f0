"""Import an existing mailertable as the rows and the first push of a list server."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID, uuid4

from django.db import transaction

from mailadmin.audit.services import IMPORT, Actor
from mailadmin.people.models import Person
from routing.core.adopt.before_told import Told, told_of
from routing.core.adopt.report import ReportLine, Sources, report
from routing.core.findings import Finding, InvalidIntent, Severity
from routing.core.intent import SMTP_PORT, Intent
from routing.core.intent import RelayTarget as IntendedRelay
from routing.core.validate import validate_intent
from routing.models import ConfigPush, MailHost, RelayTarget, RoutingObject
from routing.queries.revisions import live_target
from routing.services.draft import facts_of
from routing.services.errors import NotAllowed
from routing.services.locks import lock_servers
from routing.services.propose import propose_import
from routing.services.relays import save_relay_target
from routing.services.writing import Writes, write_all


@dataclass(frozen=True, slots=True)
class ImportPlan:
    """What a file would become: intent, and every finding with its line. Nothing is written."""

    host: MailHost
    source: str
    intent: Intent
    findings: tuple[Finding, ...]
    told: Told = Told()
    lines: tuple[ReportLine, ...] = ()

    @property
    def errors(self) -> tuple[Finding, ...]:
        """The findings for which nothing may be written."""
        return tuple(item for item in self.findings if item.severity is Severity.ERROR)

    @property
    def against(self) -> tuple[str, ...]:
        """What beside the table stands against it now, as `reasons_against` says it."""
        return tuple(reasons_against(self.host, self.intent))


def read_mailertable(
    *, text: str, host: MailHost, source: str, relay_port: int = SMTP_PORT
) -> ImportPlan:
    """Classify every line. Raises NotAllowed before the host's facts are known."""
    sources = Sources(mailertable=text)
    found = report(sources, facts_of(host), new_id=uuid4, relay_port=relay_port)
    told = told_of(found, source)
    return ImportPlan(host, source, found.intent, found.findings, told, found.lines)


def import_mailertable(
    *, plan: ImportPlan, by: Actor = IMPORT, person: Person | None = None
) -> ConfigPush:
    """Write the rows and propose push 1 in one transaction; `person` is who did it in a browser.

    Raises InvalidIntent with all errors, NotAllowed when the host has rows or a release already.
    """
    with transaction.atomic():
        lock_servers()
        check_import(plan)
        shared = _shared_relays(plan.intent)
        for relay in plan.intent.relay_targets:
            if relay.id in shared:
                continue
            save_relay_target(
                identity=relay.id,
                version=0,
                name=relay.name,
                hosts=relay.hosts,
                port=relay.port,
                by=by,
            )
        write_all(Writes(created=_rows(plan, shared)), by=by)
        title = f"Import of {plan.source}"
        return propose_import(server=plan.host, title=title, told=plan.told, by=by, person=person)


def check_import(plan: ImportPlan) -> None:
    """Raises what keeps it from being imported now, as `import_mailertable` does."""
    if errors := plan.errors or _errors(plan):
        raise InvalidIntent(errors)
    if reasons := plan.against:
        raise NotAllowed(reasons)


def _errors(plan: ImportPlan) -> tuple[Finding, ...]:
    """What is wrong with the rows beside what the file says: nothing is written for any of it."""
    found = validate_intent(plan.intent, facts_of(plan.host))
    return tuple(item for item in found if item.severity is Severity.ERROR)


def _rows(plan: ImportPlan, shared: Mapping[UUID, UUID]) -> list[RoutingObject]:
    """The objects as rows of the host, with the relay targets that there are by now."""
    relays = RelayTarget.objects.in_bulk()
    return [
        RoutingObject(
            id=item.id,
            server=plan.host,
            kind=item.kind.value,
            key=item.key,
            relay_target=relays[shared.get(item.relay_target, item.relay_target)]
            if item.relay_target
            else None,
            mailer=item.mailer,
            next_hop=item.next_hop,
        )
        for item in plan.intent.objects
    ]


def _shared_relays(intent: Intent) -> dict[UUID, UUID]:
    """Relay targets are global: one that is there already, and is the same, serves both hosts.

    Imported id → id of the row.
    """
    return {relay.id: row.pk for relay, row in _met_relays(intent)}


def _met_relays(intent: Intent) -> list[tuple[IntendedRelay, RelayTarget]]:
    """The relay targets of a table whose names are there already, with their rows."""
    rows = {row.name: row for row in RelayTarget.objects.all()}
    return [(relay, rows[relay.name]) for relay in intent.relay_targets if relay.name in rows]


def reasons_against(host: MailHost, intent: Intent) -> list[str]:
    """Why a table cannot be imported for a host: it has a release, or keys, already, or a relay
    target of the table means another machine here."""
    reasons = []
    if live_target(host) is not None:
        reasons.append(f"{host.name} has a release already; edit and propose instead.")
    if count := RoutingObject.objects.filter(server=host).count():
        keys = "1 key" if count == 1 else f"{count} keys"
        reasons.append(f"{host.name} has {keys} already; nothing was imported.")
    reasons += [
        f"There is a relay target {row.name} already, to {', '.join(row.hosts)} on port {row.port};"
        f" this table means {', '.join(relay.hosts)} on port {relay.port}. Rename the other first."
        for relay, row in _met_relays(intent)
        if (tuple(row.hosts), row.port) != (relay.hosts, relay.port)
    ]
    return reasons
