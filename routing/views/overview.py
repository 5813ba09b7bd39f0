"""What routing says on the first page: rows, panels, where mail goes, and the set-up of a new
site."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime, timedelta

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from mailadmin.people.roles import Permission
from mailadmin.people.session import signed_in
from mailadmin.ui.badges import ICONS, Badge
from mailadmin.ui.overview import Edge, Need, Node, Panel, Part, SetupStep, Topology
from mailadmin.ui.words import duration, number
from routing.core.intent import DEFAULT_KEY, ObjectKind
from routing.core.states import PushState
from routing.models import ConfigPush
from routing.queries.hosts import AgentState
from routing.queries.overview import HostSight, Site, Way, Ways, site_sight
from routing.views.answers import reason_not

MOST_BOXES = 6
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
NOUNS = {
    ObjectKind.VIRTUAL_DOMAIN: ("virtual domain", "virtual domains"),
    ObjectKind.LOCAL_HOST: ("local host", "local hosts"),
    ObjectKind.ROUTE: ("route", "routes"),
    ObjectKind.FOREIGN_LINE: ("line", "lines"),
}
BY_SENDMAIL = Node("sendmail", "sendmail itself", "by its own rules, no . key", "")


def overview(request: HttpRequest) -> Part:
    """For a person who may read."""
    person, now = signed_in(request), timezone.now()
    period = timedelta(seconds=settings.OBSERVE_SECONDS)
    site = site_sight(person, one_postmaster=settings.ONE_POSTMASTER, now=now, period=period)
    may_edit = person.may(Permission.EDIT)
    no_edit = "" if may_edit else reason_not(request, Permission.EDIT, "propose pushes")
    works = any(host.recorded for host in site.hosts)
    steps: tuple[SetupStep, ...] = ()
    if not works:
        administers = person.may(Permission.ADMINISTER)
        reason = reason_not(request, Permission.ADMINISTER, "add mail hosts")
        steps = tuple(_steps(site, "" if administers else reason))
    return Part(
        needs=tuple(_needs(site, no_edit)),
        panels=tuple(_panels(site)) if works else (),
        topology=_topology(site) if works else Topology(),
        steps=steps,
        checked=min((host.seen_at for host in site.hosts if host.seen_at), default=None),
    )


def _needs(site: Site, no_edit: str) -> Iterator[Need]:
    for host in site.hosts:
        yield from _host_needs(host)
    for push in site.pushes:
        yield from _push_needs(push, mine=push.pk in site.mine)
    if site.unpushed:
        yield Need(
            id="edits",
            kind="warn",
            fact=f"{_counted(site.unpushed, 'edit is', 'edits are')} not on any mail host",
            text="Saved, but mail still goes as before. A push brings them to the hosts.",
            label="Review and propose",
            href=reverse("propose"),
            reason=no_edit,
        )


def _host_needs(host: HostSight) -> Iterator[Need]:
    href = reverse("mail-host", args=[host.name])
    silent = [a for a in host.agents if a.state in (AgentState.LATE, AgentState.AWAY)]
    if silent:
        away = any(agent.state is AgentState.AWAY for agent in silent)
        roles = " and ".join(agent.role for agent in silent)
        yield Need(
            id=f"silent-{host.name}",
            kind="bad" if away else "warn",
            fact=f"No news from {host.name}",
            text=f"Its {roles} agent{'s say' if len(silent) > 1 else ' says'} nothing. "
            "What is shown of it is as old as that.",
            label=f"Open {host.name}",
            href=href,
            at=min((agent.seen_at for agent in silent if agent.seen_at), default=None),
            lead="last heard",
        )
    if host.differs:
        files = (
            f"{_counted(host.drift, 'file differs', 'files differ')} from"
            if host.drift
            else ("Another release is live than")
        )
        yield Need(
            id=f"drift-{host.name}",
            kind="bad",
            fact=f"{host.name} does not run what was approved",
            text=f"{files} the last push.",
            label=f"Compare {host.name}",
            href=href,
            at=host.seen_at,
            lead="seen",
        )
    if host.kept:
        yield Need(
            id=f"kept-{host.name}",
            kind="warn",
            fact=f"{_counted(host.kept, 'message waits', 'messages wait')} on {host.name}",
            text="The wrapper keeps what sendmail did not settle.",
            label="Open kept messages",
            href=f"{href}#kept-title",
            at=host.kept_at,
            lead="counted",
        )


def _push_needs(push: ConfigPush, *, mine: bool) -> Iterator[Need]:
    said = {
        PushState.STOPPED: ("bad", "stopped", "Its hosts are held until somebody decides."),
        PushState.PROVED: ("warn", "waits for your approval", "sendmail has proved it."),
        PushState.APPROVED: ("warn", "is approved, not live", "It waits for Deploy."),
    }
    state = PushState(push.state)
    if state not in said or not (mine or state is PushState.STOPPED):
        return
    kind, words, then = said[state]
    yield Need(
        id=f"push-{push.pk}",
        kind=kind,
        fact=f"Push #{push.pk} {words}",
        text=f"“{push.title}”. {then}",
        label=f"{'Review' if state is PushState.PROVED else 'Open'} push #{push.pk}",
        href=reverse("push", args=[push.pk]),
        at=push.state_at,
        lead="since" if state is PushState.APPROVED else "",
    )


def _panels(site: Site) -> Iterator[Panel]:
    yield _live_files(site)
    yield _agents(site)
    waits = len(site.mine)
    yield Panel(
        "Open pushes",
        f"{reverse('pushes')}?view=open",
        value=number(len(site.pushes)),
        lines=(f"{number(waits)} for you" if waits else "none for you",),
    )
    yield Panel(
        "Edits not proposed",
        f"{reverse('domain-list')}?state=edited",
        value=number(site.unpushed),
        lines=("saved, on no mail host",),
    )
    yield _kept(site)
    late = f"oldest {_age(site.overdue_since)}" if site.overdue_since else "agents answer in time"
    yield Panel(
        "Orders overdue", reverse("mail-host-list"), value=number(site.overdue), lines=(late,)
    )


def _live_files(site: Site) -> Panel:
    """The worst of all list servers; what a silent agent last saw is no state of now."""
    servers = [host for host in site.hosts if host.is_list_server]
    differ = [host for host in servers if host.differs]
    unseen = [host for host in servers if host.live is None or _is_silent(host, "deploy")]
    href, seen = reverse("mail-host-list"), [host.seen_at for host in servers if host.seen_at]
    if differ:
        badge, who = _state("bad", "Differ"), differ
    elif unseen:
        badge, who = _state("unk", "No news"), unseen
        seen = [host.seen_at for host in unseen if host.seen_at]
    else:
        badge, who = _state("ok", "In sync"), servers
    lead = "since" if badge.kind == "unk" else "as of"
    line = f"{len(who)} of {_counted(len(servers), 'list server', 'list servers')}"
    return Panel(
        "Live files", href, badge, lines=(line,), at=min(seen, default=None), lead=lead,
        empty="never looked at",
    )  # fmt: skip


def _agents(site: Site) -> Panel:
    agents = [agent for host in site.hosts for agent in host.agents]
    heard = [agent for agent in agents if agent.state is AgentState.SEEN]
    if not agents:
        return Panel("Agents", reverse("mail-host-list"), empty="none registered")
    missing = [agent.state for agent in agents if agent.state is not AgentState.SEEN]
    badge = _state("ok", "Heard")
    if AgentState.AWAY in missing:
        badge = _state("bad", "No news")
    elif AgentState.LATE in missing:
        badge = _state("warn", "Late")
    elif missing:
        badge = _state("unk", "Never seen")
    last = min((agent.seen_at for agent in agents if agent.seen_at), default=None)
    return Panel(
        "Agents",
        reverse("mail-host-list"),
        badge,
        lines=(f"{len(heard)} of {len(agents)} heard from",),
        at=last,
        lead="since" if missing else "as of",
    )


def _kept(site: Site) -> Panel:
    servers = [host for host in site.hosts if host.is_list_server]
    known = [host for host in servers if host.kept is not None]
    href = reverse("mail-host-list")
    if len(known) < len(servers) or not known:
        reason = f"not counted on {len(servers) - len(known)} of {len(servers)}"
        return Panel("Kept messages", href, empty=reason)
    silent = any(_is_silent(host, "spool") for host in known)
    total = number(sum(host.kept or 0 for host in known))
    return Panel(
        "Kept messages",
        href,
        badge=Badge("unk", total, ICONS["unk"]) if silent else None,
        value=total,
        lines=("not settled by sendmail",),
        at=min((host.kept_at for host in known if host.kept_at), default=None),
        lead="since" if silent else "as of",
        empty="never looked at",
    )


def _topology(site: Site) -> Topology:
    """By the saved tables: how many keys of each server go where."""
    servers = [host for host in site.hosts if host.is_list_server]
    shown = servers[:MOST_BOXES]
    keys: dict[tuple[str, str], list[str]] = defaultdict(list)
    nodes: dict[str, Node] = {}
    for way in site.ways.ways:
        node = _target(way, site.ways)
        nodes.setdefault(node.id, node)
        keys[way.server, node.id].append(_counted(way.keys, *NOUNS[ObjectKind(way.kind)]))
    for host in servers:
        if host.name not in site.ways.fallen:
            nodes.setdefault(BY_SENDMAIL.id, BY_SENDMAIL)
            keys[host.name, BY_SENDMAIL.id].append("everything else")
    edges = tuple(
        Edge(f"host-{host.name}", node, _edge_kind(host), ", ".join(keys[host.name, node]))
        for host in shown
        for node in nodes
        if (host.name, node) in keys
    )
    targets = tuple(nodes.values())
    return Topology(
        sources=tuple(_source(host) for host in shown),
        targets=targets[:MOST_BOXES],
        edges=edges,
        note="by the saved tables",
        more=_left_out(len(servers) - len(shown), len(targets) - MOST_BOXES),
    )


def _left_out(servers: int, targets: int) -> str:
    parts = []
    if servers > 0:
        parts.append(_counted(servers, "list server", "list servers"))
    if targets > 0:
        parts.append(_counted(targets, "target", "targets"))
    return f"And {' and '.join(parts)} more." if parts else ""


def _target(way: Way, ways: Ways) -> Node:
    if way.relay is not None:
        name = ways.relays[way.relay]
        default = way.relay in ways.fallen.values()
        note = f"relay, by the {DEFAULT_KEY} key too" if default else "relay target"
        return Node(f"relay-{name}", name, note, reverse("relay", args=[name]))
    identity, name, note, place = PLACES.get(ObjectKind(way.kind), OWN_WAY)
    return Node(identity, name, note, reverse(place))


def _source(host: HostSight) -> Node:
    kind = _edge_kind(host)
    words = {"bad": "files differ", "unk": "no news" if host.recorded else "not live yet"}
    note = f"list server, {words.get(kind, 'in sync')}"
    return Node(f"host-{host.name}", host.name, note, reverse("mail-host", args=[host.name]), kind)


def _edge_kind(host: HostSight) -> str:
    if host.differs:
        return "bad"
    known = host.recorded and host.live is not None and not _is_silent(host, "deploy")
    return "ok" if known else "unk"


def _steps(site: Site, no_host: str) -> Iterator[SetupStep]:
    names = ", ".join(host.name for host in site.hosts)
    yield SetupStep(
        "host",
        "met" if site.hosts else "waits",
        "Add a mail host",
        names or "A mail host is a list server or an outgoing relay with agents on it.",
        reverse("mail-host-list") if site.hosts else reverse("mail-host-add"),
        "Open mail hosts" if site.hosts else "Add mail host",
        "" if site.hosts else no_host,
    )
    quiet = [
        f"{host.name} ({agent.role})"
        for host in site.hosts
        for agent in host.agents
        if agent.seen_at is None
    ]
    registered = [agent for host in site.hosts for agent in host.agents]
    heard = bool(registered) and not quiet
    waits = (
        f"Waits for the first word of {', '.join(quiet)}." if quiet else "No agent is known yet."
    )
    yield SetupStep(
        "agents",
        "met" if heard else "works" if quiet else "waits",
        "Hear from its agents",
        f"{_counted(len(registered), 'agent', 'agents')} heard from." if heard else waits,
        reverse("mail-host-list"),
        "Open mail hosts",
    )
    rows = sum(way.keys for way in site.ways.ways)
    yield SetupStep(
        "import",
        "met" if rows else "waits",
        "Import its mailertable",
        f"{_counted(rows, 'key', 'keys')} saved."
        if rows
        else "On this server: manage.py import_mailertable FILE --host NAME",
        reverse("domain-list"),
        "Open virtual domains",
    )
    count = len(site.pushes)
    yield SetupStep(
        "push",
        "works" if count else "waits",
        "Bring the first push live",
        f"{_counted(count, 'push is', 'pushes are')} open." if count else "The import proposes it.",
        reverse("pushes"),
        "Open pushes",
    )


def _is_silent(host: HostSight, role: str) -> bool:
    mine = [agent for agent in host.agents if agent.role == role]
    return not mine or any(agent.state is not AgentState.SEEN for agent in mine)


def _state(kind: str, word: str) -> Badge:
    return Badge(kind, word, ICONS[kind])


def _age(moment: datetime) -> str:
    return duration((timezone.now() - moment).total_seconds())


def _counted(count: int, one: str, many: str) -> str:
    return f"{number(count)} {one if count == 1 else many}"
