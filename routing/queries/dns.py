"""What the DNS says of one name, as it was kept, judged, with its age. Nothing here asks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone

from routing.core.dns.answers import (
    HostAnswer,
    MxAnswer,
    Outcome,
    PtrAnswer,
    host_from_json,
    mx_from_json,
    ptr_from_json,
)
from routing.core.dns.judge import Judged, Mark, judge_mx, judge_ptr, judge_spf
from routing.core.dns.judge_local import judge_local_address, judge_local_mx
from routing.core.dns.places import Place, Site
from routing.core.dns.spf import Spf, from_json
from routing.core.intent import ObjectKind
from routing.models import Asked, DnsCheck, MailHost, RoutingObject
from routing.queries.dns_site import Sites, read_sites

NOT_ASKED_HERE = "Not asked here: the DNS checks are off (MAILADMIN_DNS)."
NOT_YET = "Not asked yet."
PARTS: Mapping[Asked, tuple[str, ...]] = {
    Asked.DOMAIN: ("mx", "spf"),
    Asked.LOCAL: ("host", "mx"),
    Asked.HOST: ("host",),
    Asked.ADDRESS: ("ptr",),
}


@dataclass(frozen=True, slots=True)
class DnsPart:
    """One part of a name: `mx`, `spf`, `host` (its addresses) or `ptr`.

    `records` are as they were found at `at`, None where nothing was ever answered. `is_old`: it was
    to be asked again long since. Where the mark is unknown, `why` says why.
    """

    part: str
    judged: Judged
    records: tuple[str, ...] = ()
    at: datetime | None = None
    is_old: bool = False
    why: str = ""

    @property
    def mark(self) -> Mark:
        """Good, bad or not known."""
        return self.judged.mark


@dataclass(frozen=True, slots=True)
class CheckedName:
    """A name with what is known of it. `asked_at` and `outcome` are of the last try, whatever came
    of it; `is_due`: it is about to be asked."""

    kind: Asked
    name: str
    parts: tuple[DnsPart, ...]
    asked_at: datetime | None = None
    outcome: Outcome | None = None
    is_due: bool = False

    @property
    def is_silent(self) -> bool:
        """Whether nobody answered the last time: a fault of the way to the DNS, not of the name."""
        return self.outcome is not None and not self.outcome.known

    def part(self, name: str) -> DnsPart:
        """One of its parts. Raises KeyError for one that its kind does not have."""
        return {part.part: part for part in self.parts}[name]


def verdicts_of(name: str) -> CheckedName:
    """MX and SPF of a virtual domain; unknown, with the reason, where it was never asked."""
    (found,) = checked_names(Asked.DOMAIN, [name], read_sites())
    return found


def checked_names(kind: Asked, names: Iterable[str], sites: Sites) -> tuple[CheckedName, ...]:
    """The same of several names of one kind, in the order that is given; a few queries in all."""
    wanted = list(names)
    rows = {row.name: row for row in DnsCheck.objects.filter(kind=kind, name__in=wanted)}
    servers = servers_of(wanted) if kind is Asked.DOMAIN else {}
    return tuple(
        _checked(kind, name, rows.get(name), own_sites(sites, servers.get(name, ())), sites)
        for name in wanted
    )


def judged_parts(check: DnsCheck, own: tuple[Site, ...], sites: Sites) -> dict[str, Judged]:
    """What the answers of a row say: mx and spf of a domain of the list servers `own`, ptr of an
    address. The addresses of a host are not judged: what leads to it is."""
    if check.kind == Asked.DOMAIN and not own:
        # Deleted or switched off a moment ago: there is nothing that it should lead to.
        return dict.fromkeys(PARTS[Asked.DOMAIN], Judged(Mark.UNKNOWN, ""))
    if check.kind == Asked.DOMAIN:
        mx, spf = check.answers.get("mx"), check.answers.get("spf")
        return {
            "mx": judge_mx(check.name, mx_from_json(mx) if mx else None, own),
            "spf": judge_spf(check.name, from_json(spf) if spf else None, own),
        }
    if check.kind == Asked.LOCAL:
        mx, host = check.answers.get("mx"), check.answers.get("host")
        own_host = host_from_json(host) if host else None
        return {
            "host": judge_local_address(check.name, own_host),
            "mx": judge_local_mx(check.name, mx_from_json(mx) if mx else None, own_host),
        }
    if check.kind == Asked.ADDRESS and check.name in sites.sources:
        ptr = check.answers.get("ptr")
        owner = sites.sources[check.name]
        return {"ptr": judge_ptr(check.name, owner, ptr_from_json(ptr) if ptr else None)}
    return {}


def servers_of(names: list[str], kind: Asked = Asked.DOMAIN) -> Mapping[str, list[str]]:
    """The names of the list servers that have each virtual domain, or local host."""
    found: dict[str, list[str]] = {}
    servers = list(MailHost.in_service.order_by("name"))
    rows = served_by(servers, kind).filter(key__in=names).order_by("server__name")
    for key, server in rows.values_list("key", "server__name"):
        found.setdefault(key, []).append(server)
    return found


KINDS = {Asked.DOMAIN: ObjectKind.VIRTUAL_DOMAIN, Asked.LOCAL: ObjectKind.LOCAL_HOST}
"""Whose keys are asked about."""


def served_by(servers: list[MailHost], kind: Asked = Asked.DOMAIN) -> QuerySet[RoutingObject]:
    """The virtual domains, or local hosts, that these have. The servers are named, for the index
    begins with them: a join would read the whole table for a few keys."""
    return RoutingObject.objects.filter(
        server__in=[server.pk for server in servers], kind=KINDS[kind], enabled=True
    )


def own_sites(sites: Sites, servers: Iterable[str]) -> tuple[Site, ...]:
    """What the domains of these list servers are judged by."""
    return tuple(sites.of[server] for server in servers if server in sites.of)


def is_old(at: datetime | None, now: datetime) -> bool:
    """Whether an answer is of before the last question that should have been answered."""
    return at is not None and now - at > timedelta(hours=2 * settings.DNS_HOURS)


def _checked(
    kind: Asked, name: str, row: DnsCheck | None, own: tuple[Site, ...], sites: Sites
) -> CheckedName:
    now, check = timezone.now(), row or DnsCheck(kind=kind, name=name)
    judged = judged_parts(check, own, sites)
    places = tuple(dict.fromkeys(place for site in own for place in (*site.senders, *site.takers)))
    return CheckedName(
        kind=kind,
        name=name,
        parts=tuple(
            _part(part, check, judged.get(part, Judged(Mark.UNKNOWN, "")), places, now)
            for part in PARTS[kind]
        ),
        asked_at=check.asked_at,
        outcome=Outcome(check.outcome) if check.outcome else None,
        is_due=settings.DNS_CHECKS and row is not None and row.due_at <= now,
    )


def _part(
    name: str, check: DnsCheck, judged: Judged, places: tuple[Place, ...], now: datetime
) -> DnsPart:
    stored = check.answers.get(name)
    if stored is None:
        return DnsPart(name, judged, why=_not_answered(check))
    at = datetime.fromisoformat(stored["at"])
    why = "" if judged.mark is not Mark.UNKNOWN else _not_judged(name, places)
    return DnsPart(name, judged, _records(name, stored), at, is_old(at, now), why)


def _not_answered(check: DnsCheck) -> str:
    if check.outcome:
        silent = "nothing came in time" if check.outcome == Outcome.TIMED_OUT else "it failed"
        return f"The DNS did not answer: {silent}."
    return NOT_YET if settings.DNS_CHECKS else NOT_ASKED_HERE


def _not_judged(name: str, places: tuple[Place, ...]) -> str:
    """Why a stored answer says neither good nor bad."""
    missing = list(dict.fromkeys(place.missing for place in places if place.missing))
    if missing:
        return " ".join(missing)
    if name == "spf":
        return "It has a term that depends on the message, or leads to a name without an answer."
    return "" if name == "host" else "It leads to a name without an answer."


def _records(name: str, stored: Mapping[str, Any]) -> tuple[str, ...]:
    """What stands in the DNS, one line for each record."""
    match name:
        case "mx":
            return _mx_lines(mx_from_json(stored))
        case "spf":
            return _spf_lines(from_json(stored))
        case "host":
            return host_from_json(stored).addresses
        case _:
            return _ptr_lines(ptr_from_json(stored))


def _mx_lines(answer: MxAnswer) -> tuple[str, ...]:
    hosts = {host.name: host for host in answer.hosts}
    return tuple(f"{rank} {name}{_addresses(hosts.get(name))}" for rank, name in answer.exchanges)


def _spf_lines(spf: Spf) -> tuple[str, ...]:
    return spf.texts


def _ptr_lines(answer: PtrAnswer) -> tuple[str, ...]:
    return tuple(f"{host.name}{_addresses(host)}" for host in answer.hosts)


def _addresses(host: HostAnswer | None) -> str:
    """What a name leads to, in brackets; nothing where that was not asked."""
    if host is None:
        return ""
    if not host.outcome.known:
        return " (no answer)"
    alias = f"alias of {host.alias}, " if host.alias else ""
    return f" ({alias}{', '.join(host.addresses) or 'no address'})"
