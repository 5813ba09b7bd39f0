"""Where the mail for one name goes: by the live tables, by the saved rows, and without one key."""

from __future__ import annotations

from dataclasses import dataclass, replace
from uuid import UUID

from routing.core.bundle import Bundle
from routing.core.facts import HostFacts
from routing.core.findings import Finding, InvalidIntent
from routing.core.intent import DEFAULT_KEY, Intent, make_intent
from routing.core.intent import RoutingObject as Item
from routing.core.mailertable import local_value, value_of
from routing.core.plan import FALLBACK_TABLE, PRIMARY_TABLE
from routing.core.render import render
from routing.core.table import Table, candidates
from routing.models import HostState, MailHost, RoutingObject
from routing.queries.edits import object_value, relay_values
from routing.queries.revisions import bundle_of, live_revision


@dataclass(frozen=True, slots=True)
class Way:
    """One answer: by which table, which key decided ("" none, then by MX), its value.

    `why` says what decided before any key could. `known` is False where no table of ours is live.
    """

    table: str
    key: str
    value: str
    differs: bool = False
    why: str = ""
    known: bool = True


@dataclass(frozen=True, slots=True)
class Ways:
    """All answers for one name, and why the saved rows cannot be rendered, if they cannot."""

    asked: str
    rows: tuple[Way, ...]
    findings: tuple[Finding, ...] = ()


def name_below(key: str) -> str:
    """A domain that a key decides: itself, a name below a suffix, any name for the dot."""
    if key == DEFAULT_KEY:
        return "any.example"
    return f"name{key}" if key.startswith(".") else key


def ways_of(server: MailHost, key: str) -> Ways:
    """Where `any@` the key's name goes live, as saved, and by the fallback as saved."""
    domain = name_below(key)
    revision = live_revision(server)
    facts = facts_of_server(server)
    live = _way("Live", bundle_of(revision) if revision else None, PRIMARY_TABLE, domain, facts)
    if facts is None:
        return Ways(domain, (live,))
    try:
        saved = render(_deciding(server, domain), facts, site_m4=server.site_m4)
    except InvalidIntent as error:
        return Ways(domain, (live,), error.findings)
    desired = _way("As saved", saved, PRIMARY_TABLE, domain, facts)
    fallback = _way("As saved, fallback", saved, FALLBACK_TABLE, domain, facts)
    moves = (live.key, live.value) != (desired.key, desired.value)
    return Ways(domain, (live, replace(desired, differs=moves), fallback))


def _deciding(server: MailHost, domain: str) -> Intent:
    """Only the rows that can decide for a domain: the table may have thousands of others."""
    rows = RoutingObject.objects.filter(server=server, key__in=list(candidates(domain)))
    objects = {row.pk: object_value(row) for row in rows}
    return make_intent(server.name, objects, relay_values())


def facts_of_server(server: MailHost) -> HostFacts | None:
    """What the host's agent observed, None before its first word."""
    state = HostState.objects.filter(host=server).first()
    return state.host_facts if state else None


def effect_without(server: MailHost, key: str, identity: UUID) -> str:
    """What deleting or disabling an object does to mail, in one sentence."""
    intent, facts = _deciding(server, name_below(key)), facts_of_server(server)
    rest = [item for item in intent.objects if item.enabled and item.id != identity]
    subject = "everything else" if key == DEFAULT_KEY else key
    if facts is None:
        return f"Mail for {subject} then goes by another key."
    values = {item.key: value_of(item, intent, facts) for item in rest}
    deciding = Table(values).deciding_key(name_below(key))
    if not deciding:
        return f"Mail for {subject} then goes straight to its MX."
    item = next(item for item in rest if item.key == deciding)
    return f"Mail for {subject} then goes to {_name(item, intent, facts)} by the {deciding} key."


def effect_with(server: MailHost, item: Item) -> str:
    """What enabling an object does to mail."""
    facts = facts_of_server(server)
    if facts is None:
        return f"Mail for {item.key} then goes by its own key."
    way = _name(item, make_intent(server.name, {item.id: item}, relay_values()), facts)
    return f"Mail for {item.key} then goes to {way} by its own key."


def _name(item: Item, intent: Intent, facts: HostFacts) -> str:
    if item.relay_target is not None:
        return intent.relay(item.relay_target).name
    return value_of(item, intent, facts)


def _way(
    label: str, bundle: Bundle | None, table: str, domain: str, facts: HostFacts | None
) -> Way:
    if bundle is None:
        return Way(label, "", "", known=False)
    if facts is not None and (domain == facts.fqdn or domain in facts.class_w):
        return Way(label, "", local_value(facts), why=f"{facts.name} takes it for its own name")
    found = Table.from_text(bundle.files.get(table, ""))
    key = found.deciding_key(domain)
    return Way(label, key, found.values.get(key, ""))
