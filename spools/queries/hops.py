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
    live = _live(host)
    if isinstance(live, str):
        return Ways(live)
    named = sorted({domain for domain in domains if domain})
    return Ways("", *(_answers(live, table, named) for table in (PRIMARY_TABLE, FALLBACK_TABLE)))


def keys_for(host: MailHost, domains: Iterable[str]) -> tuple[str, Mapping[str, str]]:
    """Why no key is known, "" where they are; of each domain the key of the live table that
    decides, "" where none does."""
    live = _live(host)
    if isinstance(live, str):
        return live, {}
    named = sorted({*domains})
    found = _resolved(live, PRIMARY_TABLE, named)
    return "", {domain: answer.key if answer else "" for domain, answer in found.items()}


def _live(host: MailHost) -> tuple[Bundle, HostFacts] | str:
    """What is live and the names of the host, or why that is not known."""
    if not host.is_list_server:
        return "An outgoing relay has no release of ours: it sends by its own configuration."
    facts = facts_of_server(host)
    if facts is None:
        return f"The agent of {host.name} has not spoken yet, so its own names are not known."
    revision = live_revision(host)
    if revision is None:
        return f"No release of ours is live on {host.name}."
    return bundle_of(revision), facts


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


def _answers(
    live: tuple[Bundle, HostFacts], table: str, domains: Iterable[str]
) -> Mapping[str, str]:
    found = _resolved(live, table, domains)
    return {
        domain: way_words(answer, domain) if answer else UNANSWERED
        for domain, answer in found.items()
    }


def _resolved(
    live: tuple[Bundle, HostFacts], table: str, domains: Iterable[str]
) -> Mapping[str, Resolution | None]:
    """None for what is no domain that an address can have."""
    bundle, facts = live
    names = [*domains]
    lines = Table.about_any(names, bundle.files.get(table, ""))
    resolver = Resolver.of_bundle(bundle, lines, facts)
    return {domain: _resolution(resolver, domain) for domain in names}


def _resolution(resolver: Resolver, domain: str) -> Resolution | None:
    try:
        return resolver.resolve(f"any@{domain}")
    except BadAddress:
        return None


def way_words(found: Resolution, domain: str) -> str:
    """The answer as a value of a table would have it."""
    if not found.is_predicted:
        return UNANSWERED
    if found.host.rstrip(".") == domain:
        return BY_MX
    return f"{found.mailer}:{found.host}"
