"""The page of what is wrong in the DNS, beside the findings about the lines of the tables."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_safe

from mailadmin.answers import shown
from mailadmin.asked import Asked as Query
from mailadmin.asked import asked_of
from mailadmin.listing import Column, ListPage, ListWords, heads_of, pager_of, views_of
from mailadmin.people.access import requires
from mailadmin.people.roles import Permission
from routing.models import RelayTarget
from routing.queries.dns import NOT_ASKED_HERE, NOT_YET
from routing.queries.dns_findings import DnsOdd, DnsOddList, list_dns_findings
from routing.views.dns_lines import TROUBLES, DnsLine, dns_line
from routing.views.nouns import DOMAINS, LOCAL_HOSTS

NOTHING_WRONG = "Of what was answered, nothing is wrong."


@dataclass(frozen=True, slots=True)
class DnsFindingRow:
    """One finding. `href` is the page that it is about, "" where there is none."""

    name: str
    href: str
    kind: str
    line: DnsLine


@dataclass(frozen=True, slots=True, kw_only=True)
class DnsFindingsPage(ListPage):
    """The list, and of how many names the DNS said nothing the last time."""

    rows: tuple[DnsFindingRow, ...]
    silent: int


@require_safe
@requires(Permission.READ)
def dns_findings(request: HttpRequest) -> HttpResponse:
    """Counts by kind as chips, search, pages; the address is the whole state."""
    query = asked_of(request, reverse("dns-findings"))
    page = _page(query, list_dns_findings(query))
    return shown(request, "routing/dns_findings.html", {"list": page})


def _page(query: Query, found: DnsOddList) -> DnsFindingsPage:
    kinds = {kind: label for kind, label in TROUBLES.items() if found.counts.get(kind)}
    columns = ("Name", "Kind", "What happens to mail, and what to do", "As of")
    relays = set(RelayTarget.objects.values_list("name", flat=True)) if found.rows else set()
    return DnsFindingsPage(
        words=ListWords("Findings", "finding", "check", _empty(found)),
        rows=tuple(_row(odd, relays) for odd in found.rows),
        heads=heads_of(query, [Column(label) for label in columns]),
        total=found.total,
        matched=found.turn.total,
        more=found.turn.more,
        action=query.place,
        query=query.text,
        views=views_of(query, {"": "All", **kinds}, found.counts),
        pager=pager_of(query, found.turn),
        hidden=query.hidden,
        silent=found.silent,
    )


def _empty(found: DnsOddList) -> str:
    if found.is_asked:
        return NOTHING_WRONG
    return NOT_YET if settings.DNS_CHECKS else NOT_ASKED_HERE


def _row(odd: DnsOdd, relays: set[str]) -> DnsFindingRow:
    kind = odd.part.judged.kind
    return DnsFindingRow(
        name=odd.name.name,
        href=_href(odd, relays),
        kind=TROUBLES[kind] if kind else "",
        line=dns_line(odd.name, odd.part),
    )


def _href(odd: DnsOdd, relays: set[str]) -> str:
    if odd.name.kind == "domain":
        return DOMAINS.href("page", odd.name.name, odd.server) if odd.server else ""
    if odd.name.kind == "local":
        return LOCAL_HOSTS.href("page", odd.name.name, odd.server) if odd.server else ""
    if odd.relay:
        return reverse("relay", args=[odd.relay]) if odd.relay in relays else ""
    return reverse("mail-host", args=[odd.server]) if odd.server else ""
