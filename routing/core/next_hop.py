"""Next hops and their hosts as they are written: brackets, lists, IPv6, this machine itself."""

from __future__ import annotations

import re

from routing.core.findings import Finding
from routing.core.names import check_host, ipv6_of, name_error, normalise_name


def check_next_hop(text: str, *, field: str = "next_hop") -> tuple[Finding, ...]:
    """Findings about the host part of a value: `[host]` (no MX look-up), `host` (by MX), or
    several of them separated by colons or commas, tried in that order."""
    hosts = split_next_hop(text)
    if not text.strip() or not all(hosts):
        return (
            name_error("next_hop_empty", text, "names no host", "Write [host] or host.", field),
        )
    findings: list[Finding] = []
    for host in hosts:
        findings += _check_hop(host, field)
    return tuple(findings)


def _check_hop(host: str, field: str) -> tuple[Finding, ...]:
    if host.isdigit():
        advice = "Add a relay target with that port and let the route name it."
        return (
            name_error("next_hop_port", host, "would be a port: a value has none", advice, field),
        )
    if "@" in host:
        advice = f"Write {host.rpartition('@')[2]}."
        text = "names a user: every recipient would be rewritten to that one"
        return (name_error("next_hop_user", host, text, advice, field),)
    bare = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    if not host.isascii() and not check_host(bare, field=field):
        plain = normalise_name(bare)
        advice = f"Write {bracket(plain) if bare != host else plain}."
        text = "holds letters outside ASCII, which sendmail looks up as they are"
        return (name_error("next_hop_letters", host, text, advice, field),)
    if host.lower().startswith("[ipv6:"):
        bare = host
    return check_host(bare, field=field)


def split_next_hop(text: str) -> tuple[str, ...]:
    """The hosts of a next hop; a colon or comma inside brackets belongs to an IPv6 address."""
    parts = re.split(r"[:,](?![^\[\]]*\])", text.strip())
    return tuple(part.strip() for part in parts)


def bracket(host: str) -> str:
    """The host as a next hop without an MX look-up: `[name]`, `[192.0.2.1]`, `[IPv6:…]`."""
    address = ipv6_of(host)
    return f"[IPv6:{address}]" if address is not None else f"[{host}]"
