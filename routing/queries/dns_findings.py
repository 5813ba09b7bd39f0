"""What is wrong in the DNS, the worst first: a page of it, with the words made for that page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.db.models import Count

from mailadmin.asked import Asked as Query
from mailadmin.paging import Order, Turn, page_of
from routing.core.dns.judge import Trouble
from routing.models import Asked, DnsCheck, DnsFinding
from routing.queries.dns import KINDS, CheckedName, DnsPart, checked_names, servers_of
from routing.queries.dns_site import read_sites

WORST_FIRST = Order("place")


@dataclass(frozen=True, slots=True)
class DnsOdd:
    """One finding. `server` has the domain, or sends from the address; `relay` is the name of the
    relay target that does, "" where the list server itself does. `part` has the words."""

    name: CheckedName
    part: DnsPart
    server: str
    relay: str


@dataclass(frozen=True, slots=True)
class DnsOddList:
    """A page of them, with how many there are of each kind. `silent` names got no answer at the
    last try: of these nothing new can be said. `is_asked`: anything was asked at all."""

    rows: tuple[DnsOdd, ...]
    total: int
    turn: Turn
    counts: Mapping[str, int]
    silent: int
    is_asked: bool


def list_dns_findings(query: Query) -> DnsOddList:
    """One page. Names of the filters: state (a kind), q (part of a name)."""
    every = DnsFinding.objects.all()
    matching = every.filter(kind=query.state) if query.state in {*Trouble} else every
    if query.text:
        matching = matching.filter(check_of__name__icontains=query.text)
    page = page_of(matching.select_related("check_of"), order=WORST_FIRST, cursor=query.cursor)
    counts = dict(every.values_list("kind").annotate(Count("pk")).order_by("kind"))
    return DnsOddList(
        rows=_with_words(page.rows),
        total=sum(counts.values()),
        turn=page.turn,
        counts=counts,
        silent=DnsCheck.objects.filter(failures__gt=0).count(),
        is_asked=DnsCheck.objects.filter(asked_at__isnull=False).exists(),
    )


def _with_words(found: tuple[DnsFinding, ...]) -> tuple[DnsOdd, ...]:
    """Judged anew from what is kept; what was mended this moment is left out."""
    sites = read_sites()
    names = {kind: [f.check_of.name for f in found if f.check_of.kind == kind] for kind in Asked}
    checked = {
        (kind, name.name): name
        for kind in (Asked.DOMAIN, Asked.LOCAL, Asked.ADDRESS)
        for name in checked_names(kind, dict.fromkeys(names[kind]), sites)
    }
    servers = {kind: servers_of(names[kind], kind) for kind in KINDS}
    rows = []
    for finding in found:
        name = checked[Asked(finding.check_of.kind), finding.check_of.name]
        part = next((part for part in name.parts if part.judged.kind == finding.kind), None)
        if part is None:
            continue
        own = servers.get(name.kind, {}).get(name.name, [""])[0]
        place = sites.sources.get(name.name) if name.kind is Asked.ADDRESS else None
        server = place.name if place and place.name in sites.of else own
        relay = place.name if place and place.name not in sites.of else ""
        rows.append(DnsOdd(name, part, server, relay))
    return tuple(rows)
