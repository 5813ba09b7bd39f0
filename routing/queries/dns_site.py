"""What the DNS of the virtual domains is judged by: list servers, relays, what the site says."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import islice

from django.conf import settings

from routing.core.dns.answers import host_from_json
from routing.core.dns.judge import Trouble, public_only
from routing.core.dns.places import Place, Site, addresses_in, digest_of_sites, is_address
from routing.core.facts import HostFacts, HostKind
from routing.core.intent import DEFAULT_KEY
from routing.core.names import is_loopback, normalise_name
from routing.core.next_hop import split_next_hop
from routing.models import Asked, DnsCheck, HostState, MailHost, RoutingObject

MOST_NAMES = 20


@dataclass(frozen=True, slots=True)
class Sites:
    """By list server; `digest` changes with anything that a judgement rests on."""

    of: Mapping[str, Site]
    digest: str

    @property
    def places(self) -> tuple[Place, ...]:
        """Everything that sends, once each."""
        found = (place for site in self.of.values() for place in (*site.relays, site.server))
        return tuple(dict.fromkeys(found))

    @property
    def host_names(self) -> frozenset[str]:
        """The names whose addresses must be known."""
        takers = (place for site in self.of.values() for place in site.takers)
        named = {name for place in (*self.places, *takers) for name in place.names}
        return frozenset(name for name in named if "." in name)

    @property
    def sources(self) -> Mapping[str, Place]:
        """Each address that mail is sent from, with its owner."""
        sending = (place for site in self.of.values() for place in site.senders)
        return {address: place for place in sending for address in place.addresses}


def read_sites() -> Sites:
    """From the rows and settings of now."""
    known = _known_hosts()
    given = read_sources(settings.DNS_SOURCES)
    facts = {
        state.host_id: state.host_facts
        for state in HostState.objects.filter(host__retired_at=None, facts__isnull=False)
    }
    servers = MailHost.in_service.filter(kind=HostKind.LIST_SERVER)
    defaults = {
        row.server_id: row
        for row in RoutingObject.objects.filter(
            key=DEFAULT_KEY, enabled=True, server__retired_at=None
        ).select_related("relay_target")
    }
    of = {
        host.name: _site(host, facts.get(host.pk), defaults.get(host.pk), known, given)
        for host in servers
    }
    return Sites(of, digest_of_sites(tuple(of.values()), Trouble))


def read_sources(texts: Iterable[str]) -> Mapping[str, tuple[str, ...]]:
    """ "smtp1=192.0.2.1 2001:db8::1" → {"smtp1": (…)}. What is no address is left out."""
    found = {}
    for text in texts:
        name, equals, rest = text.partition("=")
        if equals:
            found[name.strip()] = addresses_in(rest)
    return found


def _known_hosts() -> Mapping[str, tuple[str, ...]]:
    rows = DnsCheck.objects.filter(kind=Asked.HOST).values_list("name", "answers")
    return {
        name: host_from_json(answers["host"]).addresses
        for name, answers in rows
        if "host" in answers
    }


def _site(
    host: MailHost,
    facts: HostFacts | None,
    default: RoutingObject | None,
    known: Mapping[str, tuple[str, ...]],
    given: Mapping[str, tuple[str, ...]],
) -> Site:
    server = _place(host.name, _own_names(facts), known, given)
    front = tuple(_front(text, known) for text in settings.DNS_TAKERS)
    relays = _relays(default, known, given)
    return Site(server, (server, *front), relays, settings.FALLBACK_ARMED)


def _own_names(facts: HostFacts | None) -> tuple[str, ...]:
    """The whole names of a list server, the one that it calls itself first. A class w as long as
    the table is no list of names for one machine: MX by other names leads here by address."""
    if facts is None:
        return ()
    names = dict.fromkeys([facts.fqdn, *facts.class_w])
    whole = (n for n in names if "." in n and not n.startswith("[") and not is_loopback(n))
    return tuple(islice(whole, MOST_NAMES))


def _relays(
    default: RoutingObject | None,
    known: Mapping[str, tuple[str, ...]],
    given: Mapping[str, tuple[str, ...]],
) -> tuple[Place, ...]:
    """Who carries mail out: the relay target of the . key, or the hosts of its own value."""
    if default is None:
        return ()
    if default.relay_target is not None:
        hosts = tuple(normalise_name(host) for host in default.relay_target.hosts)
        return (_place(default.relay_target.name, hosts, known, given),)
    hosts = tuple(hop.strip("[]") for hop in split_next_hop(default.next_hop) if hop)
    return (_place(hosts[0], hosts, known, given),) if hosts else ()


def _front(text: str, known: Mapping[str, tuple[str, ...]]) -> Place:
    name = normalise_name(text)
    if is_address(name):
        return Place(name, (), (name,))
    return Place(name, (name,), known.get(name, ()))


def _place(
    name: str,
    names: tuple[str, ...],
    known: Mapping[str, tuple[str, ...]],
    given: Mapping[str, tuple[str, ...]],
) -> Place:
    if addresses := given.get(name):
        return Place(name, names, addresses)
    whole = tuple(n for n in names if not is_address(n))
    found = [a for n in names for a in ((n,) if is_address(n) else known.get(n, ()))]
    seen = public_only(tuple(dict.fromkeys(found)))
    if seen:
        return Place(name, whole, tuple(sorted(seen)))
    why = (
        f"The DNS gives {name} no address that others can see;"
        f" name those in MAILADMIN_DNS_SOURCES ({name}=…)."
    )
    return Place(name, whole, (), why)
