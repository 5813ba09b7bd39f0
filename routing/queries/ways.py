"""Where mail for one address goes on one list server: by what is live and by the rows as saved."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from routing.core.address import Mailbox
from routing.core.bundle import Bundle
from routing.core.explain import explain
from routing.core.facts import HostFacts
from routing.core.findings import Finding, InvalidIntent
from routing.core.intent import DEFAULT_KEY, Intent, make_intent
from routing.core.mailertable import relay_value
from routing.core.plan import FALLBACK_TABLE, PRIMARY_TABLE
from routing.core.render import render
from routing.core.resolve import Resolution, Resolver
from routing.core.table import Table, candidates
from routing.models import HostState, MailHost, RoutingObject
from routing.queries.edits import object_value, relay_values
from routing.queries.revisions import bundle_of, live_revision


class Config(StrEnum):
    """Which table answers: of the live release, or of the rows as they are saved."""

    LIVE = "live"
    FALLBACK = "fallback"
    DESIRED = "desired"
    DESIRED_FALLBACK = "desired-fallback"


LABELS: Mapping[Config, str] = {
    Config.LIVE: "Live",
    Config.FALLBACK: "Live, under fallback",
    Config.DESIRED: "As saved",
    Config.DESIRED_FALLBACK: "As saved, under fallback",
}
TABLES: Mapping[Config, str] = {
    Config.LIVE: PRIMARY_TABLE,
    Config.FALLBACK: FALLBACK_TABLE,
    Config.DESIRED: PRIMARY_TABLE,
    Config.DESIRED_FALLBACK: FALLBACK_TABLE,
}
TOGETHER: Mapping[Config, str] = {
    Config.LIVE: "Live and as saved",
    Config.FALLBACK: "Under fallback, live and as saved",
}
SAVED: Mapping[Config, Config] = {
    Config.DESIRED: Config.LIVE,
    Config.DESIRED_FALLBACK: Config.FALLBACK,
}
"""What is compared with what is live."""


@dataclass(frozen=True, slots=True)
class Way:
    """One answer. `found` is None, and `words` say why, where there is none.

    `value` is the right side of the line that decided, `relay` the name of the relay target that
    it stands for; both are empty where there is no such thing. `differs` is true where a push
    would change the answer.
    """

    config: Config
    found: Resolution | None
    words: tuple[str, ...]
    value: str = ""
    relay: str = ""
    differs: bool = False

    @property
    def label(self) -> str:
        """The words of the configuration."""
        return LABELS[self.config]


@dataclass(frozen=True, slots=True)
class Ways:
    """All answers of one list server for one address, and why its rows cannot be rendered."""

    server: str
    asked: str
    rows: tuple[Way, ...]
    findings: tuple[Finding, ...] = ()

    @property
    def shown(self) -> tuple[tuple[str, Way], ...]:
        """(label, answer) for a page: what is saved as it is live is one line with it."""
        ways = {way.config: way for way in self.rows}
        lines: list[tuple[str, Way]] = []
        for saved, live in SAVED.items():
            if ways[saved].differs:
                lines += [(LABELS[live], ways[live]), (LABELS[saved], ways[saved])]
            else:
                lines.append((TOGETHER[live], ways[live]))
        return tuple(lines)


def name_below(key: str) -> str:
    """A domain that a key decides: itself, a name below a suffix, any name for the dot."""
    if key == DEFAULT_KEY:
        return "any.example"
    return f"name{key}" if key.startswith(".") else key


def address_of(text: str) -> str:
    """What a person typed as an address: of a domain alone, any address there."""
    text = text.strip()
    return text if "@" in text or not text else f"any@{text.removeprefix('.')}"


def ways_of(server: MailHost, address: str) -> Ways:
    """Where an address goes by each table. Raises BadAddress."""
    facts = facts_of_server(server)
    own_names = {*facts.class_w, facts.fqdn} if facts else set()
    reader = Resolver(Table({}), own_names=own_names, local_mta=("", ""))
    mailbox = reader.read(address)
    revision = live_revision(server)
    live = bundle_of(revision) if revision else None
    if facts is None:
        silent = f"The agent of {server.name} has not spoken yet, so its own names are not known."
        return Ways(server.name, address, tuple(Way(config, None, (silent,)) for config in Config))
    saved, findings = _saved(server, mailbox.domain, facts)
    no_release = f"No release of ours is live on {server.name}."
    not_rendered = "The rows as saved cannot be rendered; see below."
    sides = {
        Config.LIVE: (live, no_release),
        Config.FALLBACK: (live, no_release),
        Config.DESIRED: (saved, not_rendered),
        Config.DESIRED_FALLBACK: (saved, not_rendered),
    }
    relays = {relay_value(relay): relay.name for relay in relay_values().values()}
    ways = {
        config: _way(config, bundle, mailbox, facts, relays)
        if bundle
        else Way(config, None, (why,))
        for config, (bundle, why) in sides.items()
    }
    return Ways(server.name, address, tuple(_compared(ways)), findings)


def _saved(
    server: MailHost, domain: str, facts: HostFacts
) -> tuple[Bundle | None, tuple[Finding, ...]]:
    try:
        return render(deciding_rows(server, domain), facts, site_m4=server.site_m4), ()
    except InvalidIntent as error:
        return None, tuple(error.findings)


def deciding_rows(server: MailHost, domain: str) -> Intent:
    """Only the rows that can decide for a domain: the table may have thousands of others."""
    rows = RoutingObject.objects.filter(server=server, key__in=list(candidates(domain)))
    objects = {row.pk: object_value(row) for row in rows}
    return make_intent(server.name, objects, relay_values())


def facts_of_server(server: MailHost) -> HostFacts | None:
    """What the host's agent observed, None before its first word."""
    state = HostState.objects.filter(host=server).first()
    return state.host_facts if state else None


def _way(
    config: Config,
    bundle: Bundle,
    mailbox: Mailbox,
    facts: HostFacts,
    relays: Mapping[str, str],
) -> Way:
    table = Table.about(mailbox.domain, bundle.files.get(TABLES[config], ""))
    resolver = Resolver.of_bundle(bundle, table, facts)
    found = resolver.resolve_mailbox(mailbox)
    value = table.values.get(found.key, "")
    local_mta = resolver.local_mta
    words = explain(found, mailbox, host=facts.name, local_mta=local_mta, value=value)
    return Way(config, found, words, value, relays.get(value, ""))


def _compared(ways: Mapping[Config, Way]) -> Iterable[Way]:
    """Tell of each saved answer whether it is another than the live one."""
    for config, way in ways.items():
        live = ways[SAVED[config]] if config in SAVED else way
        yield replace(way, differs=_seen(way) != _seen(live))


def _seen(way: Way) -> tuple[object, ...]:
    return (way.found is None, way.found and (way.found.key, way.found.answer), way.value)
