"""The machines that a domain's DNS must name: who takes its mail, and who sends it."""

from __future__ import annotations

import hashlib
import ipaddress
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True)
class Place:
    """A list server, a relay, or another machine that takes mail for the lists.

    `names` are its names as MX and PTR may have them; `addresses` are those that others see, empty
    while they are not known, and then `missing` says why.
    """

    name: str
    names: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()
    missing: str = ""


@dataclass(frozen=True, slots=True)
class Site:
    """What one list server's virtual domains are judged by.

    `takers` take mail for its lists: the server itself, and what the site put before it. `relays`
    carry its mail out. `fallback`: the server may send by itself, past the relay.
    """

    server: Place
    takers: tuple[Place, ...]
    relays: tuple[Place, ...]
    fallback: bool = True

    @property
    def senders(self) -> tuple[Place, ...]:
        """Whose addresses receivers see: without a relay, the server's always."""
        direct = (self.server,) if self.fallback or not self.relays else ()
        return tuple(dict.fromkeys((*self.relays, *direct)))


def is_public(address: str) -> bool:
    """Whether receivers out there can see it. Documentation networks count, as in examples."""
    found = ipaddress.ip_address(address)
    if found.is_loopback or found.is_link_local or found.is_multicast or found.is_unspecified:
        return False
    return not any(found in network for network in INNER if network.version == found.version)


INNER = tuple(
    ipaddress.ip_network(text)
    for text in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7")
)


def digest_of_sites(sites: tuple[Site, ...], kinds: Iterable[str] = ()) -> str:
    """Changes with anything that a judgement rests on beside the answers themselves: the machines,
    and the kinds of findings that a release knows, in their order."""
    text = json.dumps([*(asdict(site) for site in sites), *kinds], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def is_address(text: str) -> bool:
    """Whether it is an IPv4 or IPv6 address."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def addresses_in(text: str) -> tuple[str, ...]:
    """The addresses among words, as they are written canonically; what is none is left out."""
    return tuple(str(ipaddress.ip_address(word)) for word in text.split() if is_address(word))
