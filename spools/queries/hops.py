"""Where the mail of a spool would go next: by the live release, and by its fallback."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from routing.core.address import BadAddress
from routing.core.bundle import Bundle
from routing.core.facts import HostFacts
from routing.core.plan import FALLBACK_TABLE, PRIMARY_TABLE
from routing.core.resolve import Resolution, Resolver
from routing.core.table import Table
from routing.models import MailHost
from routing.queries.revisions import bundle_of, live_revision
from routing.queries.ways import facts_of_server
from spools.core.summary import DomainRow

BY_MX = "by MX"
UNANSWERED = "only sendmail itself can tell"


@dataclass(frozen=True, slots=True)
class Ways:
    """Why no next hop is known, "" where they are; the answers by domain."""

    missing: str = ""
    live: Mapping[str, str] = field(default_factory=dict)
    fallback: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Hop:
    """One next hop: the recipients and domains of a spool that go there, and where those go under
    fallback, the most first."""

    live: str
    recipients: int
    domains: tuple[str, ...]
    fallback: tuple[str, ...]


def ways_for(host: MailHost, domains: Iterable[str]) -> Ways:
    """Of each domain the next hop, as `esmtp:[smtp1.renater.fr]`, or BY_MX where its own MX is."""
    if not host.is_list_server:
        return Ways("An outgoing relay has no release of ours: it sends by its own configuration.")
    facts = facts_of_server(host)
    if facts is None:
        return Ways(f"The agent of {host.name} has not spoken yet, so its own names are not known.")
    revision = live_revision(host)
    if revision is None:
        return Ways(f"No release of ours is live on {host.name}.")
    named = sorted({domain for domain in domains if domain})
    bundle = bundle_of(revision)
    return Ways(
        "",
        {domain: _way(bundle, PRIMARY_TABLE, facts, domain) for domain in named},
        {domain: _way(bundle, FALLBACK_TABLE, facts, domain) for domain in named},
    )


def hops_of(rows: Iterable[DomainRow], ways: Ways) -> tuple[Hop, ...]:
    """The next hops of a spool's largest domains, the most recipients first."""
    there: dict[str, list[DomainRow]] = {}
    for row in rows:
        if row.domain in ways.live:
            there.setdefault(ways.live[row.domain], []).append(row)
    made = (
        Hop(
            live,
            sum(row.recipients for row in group),
            tuple(row.domain for row in group),
            _most(group, ways.fallback),
        )
        for live, group in there.items()
    )
    return tuple(sorted(made, key=lambda hop: (-hop.recipients, hop.live)))


def _most(rows: Iterable[DomainRow], ways: Mapping[str, str]) -> tuple[str, ...]:
    counts: dict[str, int] = {}
    for row in rows:
        counts[ways[row.domain]] = counts.get(ways[row.domain], 0) + row.recipients
    return tuple(sorted(counts, key=lambda way: (-counts[way], way)))


def _way(bundle: Bundle, name: str, facts: HostFacts, domain: str) -> str:
    table = Table.about(domain, bundle.files.get(name, ""))
    resolver = Resolver.of_bundle(bundle, table, facts)
    try:
        return way_words(resolver.resolve(f"any@{domain}"), domain)
    except BadAddress:
        return UNANSWERED


def way_words(found: Resolution, domain: str) -> str:
    """The answer as a value of a table would have it."""
    if not found.is_predicted:
        return UNANSWERED
    if found.host.rstrip(".") == domain:
        return BY_MX
    return f"{found.mailer}:{found.host}"
