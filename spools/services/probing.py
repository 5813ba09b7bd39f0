"""Probe the relays of list servers: which are due, one order each, and what follows from it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import F

from mailadmin.wire.core.fields import MessageError
from mailadmin.wire.core.messages import Outcome, Role, Verb
from mailadmin.wire.models import Attempt
from mailadmin.wire.services import NoSuchAgent, request
from mailadmin.wire.services.waiting import ended_unheard
from routing.core.facts import HostKind
from routing.models import HostState, MailHost
from routing.queries.revisions import running_revision
from spools.core.health import Deferrals, Health, Look, RelayState, after, aged, maintained
from spools.core.probe import MOST_HOSTS, HostProbe, ProbeOrder, ProbeReport, RelayHost, best_of
from spools.models import ProbedServer, RelayHealth, RelayMaintenance, RelayProbe, RelayTurn
from spools.queries.deferrals import deferrals_of
from spools.queries.named import relays_of
from spools.queries.thresholds import rules
from spools.services.policies import consider

PATIENCE = 4
"""An order that nobody answers is given up after so many periods: older answers decide nothing."""
KEEP_PROBES, KEEP_TURNS = timedelta(hours=25), timedelta(days=400)
SLICE = 500
"""Rows that are removed at once, so that nothing holds the database's one writer."""
KNOWN = (RelayState.UNKNOWN.value, RelayState.MAINTENANCE.value)
"""States that do not grow old."""


def request_probes(now: datetime) -> None:
    """One order for each list server that was not asked for a period and names a relay."""
    for ended in ended_unheard(ProbedServer.objects.all()):
        record_probes(ended, now)
    _enrol()
    _grow_old(now)
    due = ProbedServer.objects.filter(attempt=None, host__retired_at=None)
    since = now - timedelta(seconds=settings.PROBE_SECONDS)
    for row in due.exclude(asked_at__gt=since).select_related("host"):
        with transaction.atomic():
            # Of two sweeps at once the second finds the first one's order.
            locked = ProbedServer.objects.select_for_update().filter(pk=row.pk, attempt=None)
            if found := locked.exclude(asked_at__gt=since).first():
                request_probe(found, now)


def may_probe(attempt: Attempt) -> str | None:
    """Why an order must not be signed now, None when it may; read from rows."""
    wanted = ProbedServer.objects.filter(attempt=attempt, host__retired_at=None)
    return None if wanted.exists() else "nobody waits for this answer any more"


def record_probes(attempt: Attempt, now: datetime) -> None:
    """Keep what an order that ended brought. Safe to call again."""
    at = attempt.reported_at or now
    # Before the transaction: it may have to read a whole table.
    put_off = _put_off(attempt, at)
    with transaction.atomic():
        row = (
            ProbedServer.objects.select_for_update(of=["self"])
            .select_related("host")
            .filter(attempt=attempt)
            .first()
        )
        if row is None:
            return
        row.attempt = None
        if report := _report_of(attempt, row, at):
            row.answered_at, row.error, row.error_at = at, "", None
            for relay in RelayHealth.objects.select_for_update().filter(server=row.host_id):
                _apply(relay, report, attempt, at, put_off.get(relay.pk))
        row.save()
    consider(server=row.host, now=now)
    _forget(now)


def set_state(relay: RelayHealth, health: Health, at: datetime) -> None:
    """Keep a health, and in the history that its state is another. Inside a transaction."""
    turned = relay.state != health.state.value
    relay.health = health
    relay.reports += 1
    relay.save()
    if turned:
        RelayTurn.objects.create(relay=relay, at=at, state=health.state.value, why=health.why)


def _enrol() -> None:
    """A row for each list server that has none."""
    servers = MailHost.in_service.filter(kind=HostKind.LIST_SERVER, probed=None)
    rows = [ProbedServer(host=host) for host in servers]
    ProbedServer.objects.bulk_create(rows, ignore_conflicts=True)


def _grow_old(now: datetime) -> None:
    """What was probed too long ago is not known any more."""
    old = now - timedelta(seconds=rules().stale_s)
    for found in (
        RelayHealth.objects.exclude(state__in=KNOWN)
        .filter(seen_at__lt=old)
        .select_related("server")
    ):
        with transaction.atomic():
            relay = RelayHealth.objects.select_for_update().get(pk=found.pk)
            health = aged(relay.health, int(now.timestamp()), rules())
            if health.state.value != relay.state:
                set_state(relay, health, now)
        consider(server=found.server, now=now)


def request_probe(row: ProbedServer, now: datetime) -> None:
    """Ask one list server, or keep why not. Inside a transaction that has locked the row."""
    _name_relays(row, now)
    row.asked_at = now
    hosts = _to_probe(row.host)
    fqdn = _fqdn_of(row.host)
    if hosts and not fqdn:
        _failed(row, f"The agents of {row.host.name} have not said what it is called.", now)
    elif hosts:
        recipient = settings.PROBE_RECIPIENT or f"postmaster@{fqdn}"
        order = ProbeOrder(hosts, recipient, settings.PROBE_LIMIT_SECONDS)
        try:
            row.attempt = request(
                host=row.host.name,
                role=Role.SPOOL,
                verb=Verb.PROBE,
                arguments=order.to_json(),
                lifetime_s=max(1, round(settings.PROBE_SECONDS * PATIENCE)),
            )
        except NoSuchAgent:
            _failed(row, f"No spool agent of {row.host.name} is let in.", now)
    row.save()


def _name_relays(row: ProbedServer, now: datetime) -> None:
    """Rows for the relays of the table that is live, once for each revision of it."""
    revision = running_revision(row.host)
    if revision is None or revision.pk == row.revision_id:
        return
    named = relays_of(revision)
    row.revision = revision
    gone = RelayHealth.objects.filter(server=row.host, named=True)
    gone.exclude(relay__in=[relay.relay for relay in named]).update(
        named=False, is_default=False, reports=F("reports") + 1
    )
    for relay in named:
        values = {
            "name": relay.name,
            "hosts": list(relay.hosts),
            "port": relay.port,
            "is_default": relay.is_default,
            "named": True,
        }
        found, made = RelayHealth.objects.update_or_create(
            server=row.host, relay=relay.relay, defaults=values
        )
        worked_on = RelayMaintenance.objects.filter(relay=relay.relay, ended_at=None).first()
        if made and worked_on:
            began = int(worked_on.began_at.timestamp())
            set_state(found, maintained(began, worked_on.reason), now)


def _to_probe(server: MailHost) -> tuple[RelayHost, ...]:
    """Their hosts, at most as many as one order may have: those seen longest ago first."""
    named = RelayHealth.objects.filter(server=server, named=True)
    hosts: list[RelayHost] = []
    for relay in named.order_by(F("seen_at").asc(nulls_first=True), "name"):
        mine = [RelayHost(relay.name, host, relay.port) for host in relay.hosts]
        if len(hosts) + len(mine) <= MOST_HOSTS:
            hosts += mine
    return tuple(hosts)


def _fqdn_of(server: MailHost) -> str:
    state = HostState.objects.filter(host=server).first()
    facts = state.host_facts if state else None
    return facts.fqdn if facts else ""


def _report_of(attempt: Attempt, row: ProbedServer, at: datetime) -> ProbeReport | None:
    """What the agent found; None where the order ended in another way, and the row says how."""
    if attempt.outcome != Outcome.DONE:
        said = attempt.error or {}
        _failed(row, str(said.get("text") or f"The order ended as {attempt.state}."), at)
        return None
    try:
        return ProbeReport.from_json(attempt.body)
    except MessageError as error:
        _failed(row, f"The agent's answer cannot be read: {error}.", at)
        return None


def _failed(row: ProbedServer, text: str, at: datetime) -> None:
    row.error, row.error_at = text, row.error_at or at


def _put_off(attempt: Attempt, at: datetime) -> Mapping[int, Deferrals | None]:
    """What the spool of the list server that this order asked tells of each of its relays."""
    relays = RelayHealth.objects.filter(server__probed__attempt=attempt, named=True)
    return {relay.pk: deferrals_of(relay, at, rules()) for relay in relays.select_related("server")}


def _apply(
    relay: RelayHealth,
    report: ProbeReport,
    attempt: Attempt,
    at: datetime,
    deferrals: Deferrals | None,
) -> None:
    """One more probe of one relay target."""
    hosts = _asked_of(relay, report)
    speaks = best_of(hosts)
    if speaks is None:
        return
    RelayProbe.objects.create(
        relay=relay,
        attempt=attempt.pk,
        at=at,
        verdict=speaks.verdict.value,
        ms=speaks.ms,
        why=speaks.why,
        tls=speaks.tls,
        recipient=report.recipient,
        hosts=[host.to_json() for host in hosts],
    )
    look = Look(
        at=int(at.timestamp()),
        verdict=speaks.verdict,
        ms=speaks.ms,
        why=speaks.why,
        deferrals=deferrals,
    )
    old = aged(relay.health, look.at, rules())
    if old.state is not relay.health.state:
        set_state(relay, old, at)
    set_state(relay, after(old, look, rules()), at)


def _asked_of(relay: RelayHealth, report: ProbeReport) -> Sequence[HostProbe]:
    """Its hosts in the report; none where the table has moved on since the order."""
    wanted = {(host, relay.port) for host in relay.hosts}
    found = report.of(relay.name)
    return found if wanted == {(item.relay.host, item.relay.port) for item in found} else ()


def _forget(now: datetime) -> None:
    """Remove what nobody asks for again."""
    old: Iterable[tuple[type[RelayProbe | RelayTurn], timedelta]] = (
        (RelayProbe, KEEP_PROBES),
        (RelayTurn, KEEP_TURNS),
    )
    for rows, keep in old:
        keys = list(rows.objects.filter(at__lt=now - keep).values_list("pk", flat=True)[:SLICE])
        if keys:
            rows.objects.filter(pk__in=keys).delete()
