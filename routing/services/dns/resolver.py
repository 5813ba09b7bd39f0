"""Asks the DNS by dnspython, and tells four outcomes apart. Nothing here knows a row."""

from __future__ import annotations

import ipaddress
import logging
import re
from collections.abc import Iterable
from itertools import chain

import dns.exception
import dns.name
import dns.nameserver
import dns.rdatatype
import dns.resolver
import dns.reversename
from dns.rdata import Rdata

from routing.core.dns.answers import Answer, Outcome, Record

log = logging.getLogger(__name__)

PORT = 53
CACHED = 2000
SERVER = re.compile(r"\[(?P<v6>[^\]]+)\](?::(?P<port6>\d+))?|(?P<v4>[^:\[\]]+)(?::(?P<port4>\d+))?")


class BadServer(ValueError):
    """A text of MAILADMIN_DNS_SERVERS that names no resolver."""

    def __init__(self, text: str) -> None:
        super().__init__(
            f"{text!r} is no DNS server: write 192.0.2.53, 192.0.2.53:5353 or [2001:db8::53]:53"
        )


class Resolver:
    """Asks the servers that are given, or the machine's own. Answers are kept for their time to
    live while this object lives: many domains include the same record.

    Each question ends after `seconds`, whatever the servers do. Threads may share it.
    """

    def __init__(self, servers: Iterable[str], seconds: float) -> None:
        given = [_server(text) for text in servers]
        self._resolver = _of_machine() if not given else dns.resolver.Resolver(configure=False)
        if given:
            self._resolver.nameservers = given
        self._resolver.lifetime = seconds
        # Half of it for the first try: the other server, or the same once more, gets the rest.
        self._resolver.timeout = seconds / 2
        self._resolver.cache = dns.resolver.LRUCache(CACHED)

    def ask(self, name: str, kind: Record) -> Answer:
        """One question. A name that cannot be asked at all does not exist."""
        try:
            found = self._resolver.resolve(
                dns.name.from_text(f"{name}."), kind.value, search=False, raise_on_no_answer=False
            )
        except (dns.resolver.NXDOMAIN, dns.name.LabelTooLong, dns.name.NameTooLong):
            return Answer(Outcome.NONE)
        except (dns.name.EmptyLabel, dns.name.BadEscape, UnicodeError):
            return Answer(Outcome.NONE)
        except dns.resolver.LifetimeTimeout:
            return Answer(Outcome.TIMED_OUT)
        except dns.exception.DNSException as error:
            log.debug("no answer for %s %s: %s", name, kind, error)
            return Answer(Outcome.SERVFAIL)
        canonical = _text(found.canonical_name)
        alias = "" if canonical == name.lower() else canonical
        values = tuple(sorted(_value(rdata, kind) for rdata in (found.rrset or ())))
        return Answer(Outcome.FOUND if values else Outcome.NONE, values, alias)


def _of_machine() -> dns.resolver.Resolver:
    """The machine's own servers. Where it names none, nothing is answered: as if all were dead."""
    try:
        return dns.resolver.Resolver()
    except dns.resolver.NoResolverConfiguration as error:
        log.warning("no DNS server is known: %s", error)
        return dns.resolver.Resolver(configure=False)


def reverse_name(address: str) -> str:
    """The name below in-addr.arpa or ip6.arpa that a PTR is asked of."""
    return _text(dns.reversename.from_address(address))


def _server(text: str) -> dns.nameserver.Nameserver:
    """Raises BadServer."""
    found = SERVER.fullmatch(text.strip())
    if found is None:
        try:
            return dns.nameserver.Do53Nameserver(str(ipaddress.IPv6Address(text.strip())), PORT)
        except ValueError as error:
            raise BadServer(text) from error
    host, port = found["v6"] or found["v4"], found["port6"] or found["port4"]
    try:
        address = str(ipaddress.ip_address(host))
    except ValueError as error:
        raise BadServer(text) from error
    return dns.nameserver.Do53Nameserver(address, int(port or PORT))


def check_servers(servers: Iterable[str]) -> list[str]:
    """What is wrong with the setting, a sentence for each fault."""
    problems = []
    for text in servers:
        try:
            _server(text)
        except BadServer as error:
            problems.append(str(error))
    return problems


def _value(rdata: Rdata, kind: Record) -> str:
    match kind:
        case Record.MX:
            return f"{rdata.preference} {_text(rdata.exchange) or '.'}"  # type: ignore[attr-defined]
        case Record.PTR:
            return _text(rdata.target)  # type: ignore[attr-defined]
        case Record.TXT:
            strings: Iterable[bytes] = chain(rdata.strings)  # type: ignore[attr-defined]
            # A NUL can be in no column of PostgreSQL.
            return b"".join(strings).decode("utf-8", "replace").replace("\0", "\ufffd")
        case _:
            return rdata.to_text()


def _text(name: dns.name.Name) -> str:
    return name.to_text(omit_final_dot=True).lower() if name != dns.name.root else ""
