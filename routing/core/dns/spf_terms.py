"""The text of an SPF record read into terms (RFC 7208, sections 4.5, 4.6.1 and 12)."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from enum import StrEnum

VERSION = "v=spf1"
QUALIFIERS = "+-~?"
MECHANISM = re.compile(
    r"(?P<qualifier>[+?~-]?)(?P<kind>all|include|a|mx|ptr|ip4|ip6|exists)"
    r"(?::(?P<value>[^/]*(?:/(?![0-9/])[^/]*)*))?(?P<v4>/[0-9]+)?(?P<v6>//[0-9]+)?",
    re.IGNORECASE,
)
ADDRESS = re.compile(r"(?P<qualifier>[+?~-]?)(?P<kind>ip4|ip6):(?P<network>\S+)", re.IGNORECASE)
MODIFIER = re.compile(r"(?P<name>[a-z][a-z0-9_.-]*)=(?P<value>.*)", re.IGNORECASE | re.DOTALL)
MACRO = "%"
NAMED = ("include", "exists")
BARE = ("all",)
WIDTHS = {4: 32, 6: 128}


class Kind(StrEnum):
    """What a term does."""

    ALL = "all"
    INCLUDE = "include"
    A = "a"
    MX = "mx"
    PTR = "ptr"
    IP = "ip"
    EXISTS = "exists"
    REDIRECT = "redirect"

    @property
    def looks_up(self) -> bool:
        """Whether it counts as one of the ten look-ups."""
        return self not in (Kind.ALL, Kind.IP)


@dataclass(frozen=True, slots=True)
class Term:
    """One term. `name` is the domain that it names, "" for the record's own; `network` is what an
    address term holds; `v4` and `v6` are the prefix lengths of `a` and `mx`."""

    text: str
    kind: Kind
    qualifier: str = "+"
    name: str = ""
    network: str = ""
    v4: int = 32
    v6: int = 128

    @property
    def has_macro(self) -> bool:
        """Whether its name depends on the message, so that it cannot be asked beforehand."""
        return MACRO in self.name


class SpfSyntax(ValueError):
    """The record is permerror for every message: one wrong term is enough (section 4.6)."""


def is_spf(text: str) -> bool:
    """Whether a TXT is an SPF record."""
    first, _, _ = text.partition(" ")
    return first.lower() == VERSION


def read_terms(text: str) -> tuple[Term, ...]:
    """The terms in order; a redirect comes last and is left out behind `all`. Raises SpfSyntax."""
    terms: list[Term] = []
    redirects: list[Term] = []
    for word in text.split()[1:]:
        term = _term(word)
        if term is None:
            continue
        (redirects if term.kind is Kind.REDIRECT else terms).append(term)
    if len(redirects) > 1:
        raise SpfSyntax("it has more than one redirect=")
    if any(term.kind is Kind.ALL for term in terms):
        return tuple(terms)
    return (*terms, *redirects)


def with_addresses(text: str, addresses: tuple[str, ...]) -> str:
    """The record with these addresses added: before its `all` or redirect, where they count."""
    words = text.split() or [VERSION]
    added = [f"ip{ipaddress.ip_address(address).version}:{address}" for address in addresses]
    last = [at for at, word in enumerate(words) if _ends(word)]
    place = last[0] if last else len(words)
    end = [] if last or text else ["~all"]
    return " ".join([*words[:place], *added, *words[place:], *end])


def _ends(word: str) -> bool:
    return word.lower().lstrip(QUALIFIERS) == "all" or word.lower().startswith("redirect=")


def _term(word: str) -> Term | None:
    """None for a modifier that says nothing of who may send."""
    if found := ADDRESS.fullmatch(word):
        return _address(word, found)
    if found := MECHANISM.fullmatch(word):
        return _mechanism(word, found)
    modifier = MODIFIER.fullmatch(word)
    if modifier is None:
        raise SpfSyntax(f"it has the term {word!r}, which SPF does not know")
    if modifier["name"].lower() != "redirect":
        return None
    if not modifier["value"]:
        raise SpfSyntax(f"{word!r} names no domain")
    return Term(word, Kind.REDIRECT, name=_name(modifier["value"]))


def _address(word: str, found: re.Match[str]) -> Term:
    version = int(found["kind"][2])
    try:
        network = ipaddress.ip_network(found["network"], strict=False)
    except ValueError as error:
        raise SpfSyntax(f"{word!r} holds no network") from error
    if network.version != version:
        raise SpfSyntax(f"{word!r} holds an IPv{network.version} network")
    return Term(word, Kind.IP, found["qualifier"] or "+", network=str(network))


def _mechanism(word: str, found: re.Match[str]) -> Term:
    kind, value = found["kind"].lower(), found["value"]
    if kind in ("ip4", "ip6"):
        raise SpfSyntax(f"{word!r} holds no network")
    plain = value is None and not found["v4"] and not found["v6"]
    if kind in BARE and not plain:
        raise SpfSyntax(f"{word!r} takes no value")
    if value == "" or (kind in NAMED and not value):
        raise SpfSyntax(f"{word!r} names no domain")
    lengths = {4: _length(word, found["v4"], 4), 6: _length(word, found["v6"], 6)}
    if kind not in ("a", "mx") and (found["v4"] or found["v6"]):
        raise SpfSyntax(f"{word!r} takes no prefix length")
    return Term(
        word,
        Kind(kind),
        found["qualifier"] or "+",
        name=_name(value or ""),
        v4=lengths[4],
        v6=lengths[6],
    )


def _length(word: str, text: str | None, version: int) -> int:
    if not text:
        return WIDTHS[version]
    length = int(text.lstrip("/"))
    if length > WIDTHS[version]:
        raise SpfSyntax(f"{word!r} has a prefix length above {WIDTHS[version]}")
    return length


def _name(text: str) -> str:
    return text.lower().removesuffix(".")
