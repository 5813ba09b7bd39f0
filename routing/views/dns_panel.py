"""The DNS panels of a virtual domain, a relay target and a list server: which names each shows."""

from __future__ import annotations

from django.http import HttpRequest
from django.urls import reverse

from routing.core.dns.places import Place
from routing.models import Asked, MailHost, RelayTarget, RoutingObject
from routing.queries.dns import CheckedName, checked_names
from routing.queries.dns_site import Sites, read_sites
from routing.queries.matrix import OFF
from routing.views.dns_lines import DnsPanel, dns_panel
from routing.views.nouns import DOMAINS, LOCAL_HOSTS

BY_NOBODY = "It is not asked: no list server sends everything else by it."
NO_NAME = "It is not asked: its agent has not said yet what it is called."


def domain_panel(request: HttpRequest, row: RoutingObject) -> DnsPanel:
    """MX and SPF of a virtual domain, and PTR of whoever sends for it."""
    return dns_panel(
        request,
        domain_names(row),
        about=row.key,
        check=DOMAINS.href("check-dns", row.key, row.server.name),
        poll=DOMAINS.href("dns", row.key, row.server.name),
        note="" if row.enabled else OFF,
    )


def local_panel(request: HttpRequest, row: RoutingObject) -> DnsPanel:
    """The addresses of a local host, to which its mail is handed, and its MX."""
    return dns_panel(
        request,
        local_names(row),
        about=row.key,
        check=LOCAL_HOSTS.href("check-dns", row.key, row.server.name),
        poll=LOCAL_HOSTS.href("dns", row.key, row.server.name),
        note="" if row.enabled else OFF,
    )


def relay_panel(request: HttpRequest, relay: RelayTarget) -> DnsPanel:
    """The addresses of a relay target's hosts, and the names of those addresses."""
    sites = read_sites()
    place = _relay_place(relay, sites)
    return dns_panel(
        request,
        _machine(place, sites),
        about=relay.name,
        check=reverse("relay-check-dns", args=[relay.name]),
        poll=reverse("relay-dns", args=[relay.name]),
        note=place.missing if place else BY_NOBODY,
    )


def host_panel(request: HttpRequest, host: MailHost) -> DnsPanel | None:
    """The same of a list server; none of what is not in service."""
    sites = read_sites()
    site = sites.of.get(host.name)
    if site is None:
        return None
    return dns_panel(
        request,
        _machine(site.server, sites),
        about=host.name,
        check=reverse("mail-host-check-dns", args=[host.name]),
        # The page of a mail host looks again by itself.
        poll="",
        note=site.server.missing if site.server.names else NO_NAME,
    )


def domain_names(row: RoutingObject) -> tuple[CheckedName, ...]:
    """The domain, and the addresses that its list server's mail is sent from."""
    if not row.enabled:
        return ()
    sites = read_sites()
    site = sites.of.get(row.server.name)
    senders = site.senders if site else ()
    addresses = dict.fromkeys(address for place in senders for address in place.addresses)
    domain = checked_names(Asked.DOMAIN, [row.key], sites)
    return (*domain, *checked_names(Asked.ADDRESS, addresses, sites))


def local_names(row: RoutingObject) -> tuple[CheckedName, ...]:
    """The local host alone: who sends for it is no matter of ours."""
    return checked_names(Asked.LOCAL, [row.key], read_sites()) if row.enabled else ()


def relay_names(relay: RelayTarget) -> tuple[CheckedName, ...]:
    """What is asked of a relay target: nothing while no list server's . key names it."""
    sites = read_sites()
    return _machine(_relay_place(relay, sites), sites)


def host_names(host: MailHost) -> tuple[CheckedName, ...]:
    """What is asked of a list server."""
    sites = read_sites()
    site = sites.of.get(host.name)
    return _machine(site.server if site else None, sites)


def _relay_place(relay: RelayTarget, sites: Sites) -> Place | None:
    relays = (place for site in sites.of.values() for place in site.relays)
    return next((place for place in relays if place.name == relay.name), None)


def _machine(place: Place | None, sites: Sites) -> tuple[CheckedName, ...]:
    """The addresses of a machine's names, and the names of its addresses."""
    if place is None:
        return ()
    names = [name for name in place.names if name in sites.host_names]
    sources = [address for address in place.addresses if address in sites.sources]
    hosts = checked_names(Asked.HOST, names, sites)
    return (*hosts, *checked_names(Asked.ADDRESS, sources, sites))
