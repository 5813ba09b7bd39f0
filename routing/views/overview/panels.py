"""The six panels: what is measured, over all mail hosts, the worst first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from django.urls import reverse

from mailadmin.ui.badges import ICONS, Badge
from mailadmin.ui.overview import Panel
from mailadmin.ui.words import counted, number
from mailadmin.wire.core.messages import Role
from routing.queries.agents import AgentState
from routing.queries.overview import HostSight, Site
from routing.views.overview.words import is_silent

NO_WORD = "no agent has spoken yet"


def panels(site: Site) -> Iterator[Panel]:
    """In their order."""
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
    yield Panel(
        "Orders overdue",
        reverse("mail-host-list"),
        value=number(site.overdue),
        at=site.overdue_since,
        lead="oldest",
        empty="none waits too long",
    )


def _live_files(site: Site) -> Panel:
    """The worst of all list servers; what a silent agent last saw is no state of now."""
    servers = [host for host in site.hosts if host.is_list_server]
    differ = [host for host in servers if host.differs]
    unseen = [host for host in servers if host.live is None or is_silent(host, Role.DEPLOY)]
    if differ:
        return _files(_state("bad", "Differ"), differ, servers)
    if unseen:
        return _files(_state("unk", "No news"), unseen, servers, lead="last word")
    return _files(_state("ok", "In sync"), servers, servers)


def _files(
    badge: Badge, who: Sequence[HostSight], servers: Sequence[HostSight], lead: str = "as of"
) -> Panel:
    """`lead` goes before the oldest look at one of `who`; who never spoke has a line of its own."""
    seen = [host.seen_at for host in who if host.seen_at]
    unheard = len(who) - len(seen)
    lines = [f"{len(who)} of {counted(len(servers), 'list server', 'list servers')}"]
    if seen and unheard:
        lines.append(
            f"{number(unheard)} has never spoken"
            if unheard == 1
            else f"{number(unheard)} have never spoken"
        )
    return Panel(
        "Live files",
        reverse("mail-host-list"),
        badge,
        lines=tuple(lines),
        at=min(seen, default=None),
        lead=lead,
        empty=NO_WORD,
    )


def _agents(site: Site) -> Panel:
    agents = [agent for host in site.hosts for agent in host.agents]
    href = reverse("mail-host-list")
    if not agents:
        return Panel("Agents", href, empty="none registered")
    missing = [agent for agent in agents if agent.state is not AgentState.SEEN]
    states, heard = {agent.state for agent in missing}, len(agents) - len(missing)
    badge = _state("ok", "Heard")
    if AgentState.AWAY in states:
        badge = _state("bad", "No news")
    elif AgentState.LATE in states:
        badge = _state("warn", "Late")
    elif missing:
        badge = _state("unk", "Never seen")
    # The last word of who is missed, not of who speaks: that is of now.
    moments = [agent.seen_at for agent in missing or agents if agent.seen_at]
    return Panel(
        "Agents",
        href,
        badge,
        lines=(f"{heard} of {len(agents)} heard from",),
        at=min(moments, default=None),
        lead="last word" if missing else "as of",
        empty="the others have not spoken yet" if heard else NO_WORD,
    )


def _kept(site: Site) -> Panel:
    servers = [host for host in site.hosts if host.is_list_server]
    known = [host for host in servers if host.kept is not None]
    href, total = reverse("mail-host-list"), sum(host.kept or 0 for host in known)
    unknown = len(servers) - len(known)
    without = f"not counted on {unknown} of {len(servers)}"
    # What is kept somewhere is said at once; that nothing is, only when all have been counted.
    if not known or (unknown and not total):
        return Panel("Kept messages", href, empty=without)
    silent = [host for host in known if is_silent(host, Role.SPOOL)]
    moments = [host.kept_at for host in silent or known if host.kept_at]
    in_part = bool(silent or unknown)
    return Panel(
        "Kept messages",
        href,
        badge=Badge("unk", number(total), ICONS["unk"]) if in_part else None,
        value=number(total),
        lines=("not settled by sendmail", without) if unknown else ("not settled by sendmail",),
        at=min(moments, default=None),
        lead="last word" if silent else "as of",
        empty="never counted",
    )


def _state(kind: str, word: str) -> Badge:
    return Badge(kind, word, ICONS[kind])
