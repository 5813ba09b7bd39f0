"""Our own answer to "where does mail for this address go", as far as the table decides it.

It follows Parse1 of cf/m4/proto.m4 and is compared with real `sendmail -bv` in the tests. It knows
no DNS: for a domain without a key it says the domain itself.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum

from routing.core.bv import Answer
from routing.core.error_values import shown_text
from routing.core.intent import DEFAULT_KEY
from routing.core.mailers import ERROR, ESMTP
from routing.core.table import Table

__all__ = ["Resolution", "Table", "Why", "resolve"]


class Why(StrEnum):
    """What decided."""

    EXACT = "exact key"
    SUFFIX = "suffix key"
    DEFAULT = "default key"
    NO_KEY = "no key: by MX"
    LITERAL = "address literal"
    LOCAL = "a name of the host itself"
    UNQUALIFIED = "no domain"


@dataclass(frozen=True, slots=True)
class Resolution:
    """`key` decided (empty where no key did). `host` is as `-bv` prints it, text for an error."""

    key: str
    why: Why
    mailer: str
    host: str

    @property
    def answer(self) -> Answer:
        """The same in the form of what sendmail said."""
        return (self.mailer, self.host)


def resolve(
    table: Table,
    address: str,
    *,
    class_w: Collection[str],
    local_mta: Answer,
    fqdn: str = "",
) -> Resolution:
    """Resolve a plain address: `user@domain`, `user@[192.0.2.1]`, or `user` alone.

    `class_w` and `fqdn` are the names that sendmail takes for its own, in lower case; `local_mta`
    is the mailer and next hop to which it hands their mail.
    """
    domain = address.rpartition("@")[2].lower() if "@" in address else ""
    if not domain:
        return Resolution("", Why.UNQUALIFIED, *local_mta)
    name = domain.removesuffix(".")
    if name == fqdn or name in class_w:
        return Resolution("", Why.LOCAL, *local_mta)
    if name.startswith("["):
        return Resolution("", Why.LITERAL, ESMTP, name)
    key = table.deciding_key(name)
    if not key:
        # With FEATURE(nocanonify) only a name that has a dot is taken as complete.
        return Resolution("", Why.NO_KEY, ESMTP, f"{name}." if "." in name else name)
    return _by_value(key, table.values[key], _why(key, name))


def _why(key: str, name: str) -> Why:
    if key == name:
        return Why.EXACT
    return Why.DEFAULT if key == DEFAULT_KEY else Why.SUFFIX


def _by_value(key: str, value: str, why: Why) -> Resolution:
    mailer, _, next_hop = value.partition(":")
    if mailer == ERROR:
        return Resolution(key, why, ERROR, shown_text(next_hop))
    # `mailer:user@host` goes to that user at host; sendmail folds host names to lower case.
    host = next_hop.rpartition("@")[2].lower()
    return Resolution(key, why, mailer, host)
