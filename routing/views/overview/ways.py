"""Where mail goes by the saved tables: list servers, and how many keys of them go where.

Servers that go the same ways in the same state are one box; of many different ones the last share
one. So a picture has few boxes, and what it says is true of every server.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.urls import reverse

from mailadmin.ui.overview import URGENCY
from mailadmin.ui.topology import Edge, Link, Node, Topology
from mailadmin.ui.words import counted
from routing.core.intent import DEFAULT_KEY, ObjectKind
from routing.queries.overview import HostSight, Site, Way, Ways
from routing.views.overview.words import is_silent

MOST_SOURCES, MOST_RELAYS = 6, 4
PLACES = {
    ObjectKind.VIRTUAL_DOMAIN: ("local-mta", "Local MTA", "of the list server", "domain-list"),
    ObjectKind.LOCAL_HOST: (
        "local-hosts",
        "Local hosts",
        "each by its own name",
        "local-host-list",
    ),
    ObjectKind.FOREIGN_LINE: ("foreign", "Foreign lines", "each as written", "foreign-line-list"),
}
OWN_WAY = ("routes", "Other routes", "each by its own mailer", "route-list")
ORDER = ("local-mta", "local-hosts", "foreign", "routes", "relay", "relays", "sendmail")
"""Of the targets; relay targets by name."""
NOUNS = {
    ObjectKind.VIRTUAL_DOMAIN: ("virtual domain", "virtual domains"),
    ObjectKind.LOCAL_HOST: ("local host", "local hosts"),
    ObjectKind.ROUTE: ("route", "routes"),
    ObjectKind.FOREIGN_LINE: ("line", "lines"),
}
NOTES = {"ok": "in sync", "bad": "files differ"}
EVERYTHING_ELSE = "everything else"
BY_SENDMAIL = Node("sendmail", "sendmail itself", f"by its own rules, no {DEFAULT_KEY} key", "")

Goes = dict[str, Counter[ObjectKind]]
"""By target: how many keys of each kind. An empty count: what no key decides."""


@dataclass(frozen=True, slots=True)
class Source:
    """Servers that are one box."""

    hosts: tuple[HostSight, ...]
    goes: Mapping[str, Counter[ObjectKind]]
    by: Mapping[str, int]
    """How many of the servers go to a target."""

    @property
    def kind(self) -> str:
        """The worst state of its servers."""
        order = [*URGENCY, "ok"]
        return min((_kind(host) for host in self.hosts), key=order.index)


def topology(site: Site) -> Topology:
    """The boxes and arrows."""
    servers = [host for host in site.hosts if host.is_list_server]
    nodes, goes = _goes(servers, site.ways)
    sources = _sources(servers, goes)
    return Topology(
        sources=tuple(_node(source) for source in sources),
        targets=tuple(sorted(nodes.values(), key=_place)),
        edges=tuple(edge for source in sources for edge in _edges(source)),
        note="by the saved tables",
    )


def _goes(servers: Sequence[HostSight], ways: Ways) -> tuple[dict[str, Node], dict[str, Goes]]:
    """The targets by id, and where each server's keys go."""
    names = {host.name for host in servers}
    shown = _shown_relays(ways)
    nodes: dict[str, Node] = {}
    goes: dict[str, Goes] = {host.name: defaultdict(Counter) for host in servers}
    for way in ways.ways:
        if way.server in names:
            node = _target(way, ways, shown)
            nodes[node.id] = node
            goes[way.server][node.id][ObjectKind(way.kind)] += way.keys
    for host in servers:
        if host.name not in ways.fallen:
            nodes[BY_SENDMAIL.id] = BY_SENDMAIL
            goes[host.name][BY_SENDMAIL.id] = Counter()
    return nodes, goes


def _shown_relays(ways: Ways) -> frozenset[str]:
    """Those with a box of their own: what everything else goes to first, then by their keys."""
    keys = Counter[str]()
    for way in ways.ways:
        if way.relay is not None:
            keys[ways.relays[way.relay]] += way.keys
    default = {ways.relays[relay] for relay in ways.fallen.values() if relay is not None}
    names = sorted(keys, key=lambda name: (name not in default, -keys[name], name))
    return frozenset(names if len(names) <= MOST_RELAYS + 1 else names[:MOST_RELAYS])


def _target(way: Way, ways: Ways, shown: frozenset[str]) -> Node:
    if way.relay is None:
        identity, name, note, place = PLACES.get(ObjectKind(way.kind), OWN_WAY)
        return Node(identity, name, note, reverse(place))
    name = ways.relays[way.relay]
    if name not in shown:
        others = {way.relay for way in ways.ways if way.relay is not None}
        count = len(others) - len(shown)
        return Node("relays", f"{count} other relay targets", "each by its routes", _relays())
    default = way.relay in ways.fallen.values()
    note = f"relay, by the {DEFAULT_KEY} key too" if default else "relay target"
    return Node(f"relay-{name}", name, note, reverse("relay", args=[name]))


def _relays() -> str:
    return reverse("relay-list")


def _place(node: Node) -> tuple[int, str]:
    return ORDER.index(node.id if node.id in ORDER else "relay"), node.name


def _sources(servers: Iterable[HostSight], goes: Mapping[str, Goes]) -> list[Source]:
    """By the same ways and state, in the order of the first of each; too many: the rest as one."""
    alike: dict[tuple[str, frozenset[str]], list[HostSight]] = defaultdict(list)
    for host in servers:
        alike[_kind(host), frozenset(goes[host.name])].append(host)
    groups = list(alike.values())
    if len(groups) > MOST_SOURCES:
        # The worst keep a box of their own.
        order = [*URGENCY, "ok"]
        groups.sort(key=lambda hosts: order.index(_kind(hosts[0])))
        rest = [host for hosts in groups[MOST_SOURCES - 1 :] for host in hosts]
        groups = [*groups[: MOST_SOURCES - 1], rest]
    return [_source(hosts, goes) for hosts in groups]


def _source(hosts: Sequence[HostSight], goes: Mapping[str, Goes]) -> Source:
    total: Goes = defaultdict(Counter)
    by = Counter[str]()
    for host in hosts:
        for target, kinds in goes[host.name].items():
            total[target].update(kinds)
            by[target] += 1
    return Source(tuple(hosts), total, by)


def _node(source: Source) -> Node:
    first = source.hosts[0]
    if len(source.hosts) == 1:
        note = f"list server, {_note(first)}"
        href = reverse("mail-host", args=[first.name])
        return Node(f"host-{first.name}", first.name, note, href, source.kind)
    notes = Counter(_note(host) for host in source.hosts)
    said = ", ".join(f"{count} {note}" for note, count in notes.items())
    return Node(
        f"hosts-{first.name}",
        counted(len(source.hosts), "list server", "list servers"),
        said if len(notes) > 1 else f"all {next(iter(notes))}",
        reverse("mail-host-list"),
        source.kind,
        tuple(Link(h.name, reverse("mail-host", args=[h.name])) for h in source.hosts),
    )


def _edges(source: Source) -> Iterable[Edge]:
    node, all_of_them = _node(source), len(source.hosts)
    for target, kinds in source.goes.items():
        label = ", ".join(counted(keys, *NOUNS[kind]) for kind, keys in kinds.items())
        label = label or EVERYTHING_ELSE
        if source.by[target] < all_of_them:
            label = f"{label}, from {source.by[target]}"
        yield Edge(node.id, target, source.kind, label)


def _kind(host: HostSight) -> str:
    """The state of what runs there: ok, bad or unk."""
    if host.differs:
        return "bad"
    known = host.recorded and host.live is not None and not is_silent(host, "deploy")
    return "ok" if known else "unk"


def _note(host: HostSight) -> str:
    kind = _kind(host)
    if kind in NOTES:
        return NOTES[kind]
    if not host.was_heard:
        return "never heard"
    return "no news" if host.recorded else "not live yet"
