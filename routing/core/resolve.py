"""Our own answer to "where does mail for this address go", as far as the table decides it.

It follows Parse1, Mailertable and MailerToTriple of cf/m4/proto.m4 and is compared with real
`sendmail -bv`, address by address, in the tests. It knows no DNS: for a domain without a key it
says the domain itself.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterable
from dataclasses import dataclass
from enum import StrEnum

from routing.core.address import BadAddress, Mailbox, read_address
from routing.core.bundle import Bundle
from routing.core.bv import Answer
from routing.core.facts import HostFacts
from routing.core.intent import DEFAULT_KEY, SMTP_PORT
from routing.core.mailers import (
    ESMTP,
    LOCAL_MTA,
    RELAY_PREFIX,
    SMTP_MAILERS,
    local_mailer,
)
from routing.core.next_hop import bracket
from routing.core.table import Table
from routing.core.value import (
    LOCAL,
    Meaning,
    Triple,
    is_opaque,
    is_usable,
    read_value,
    takes_arguments,
)

__all__ = ["BadAddress", "Resolution", "Resolver", "Table", "Why"]

PLAIN = re.compile(r"[A-Za-z0-9._+=-]+@[A-Za-z0-9._-]+")
DEEPEST = 48
"""sendmail stops at 50 nested rulesets; each key that it tries for a name is one (measured)."""
DEEPEST_LOCAL = 40
"""A value `local:` needs a few more of them, not always the same number."""


class Why(StrEnum):
    """What decided."""

    EXACT = "exact key"
    SUFFIX = "suffix key"
    DEFAULT = "default key"
    NO_KEY = "no key: by MX"
    LITERAL = "address literal"
    LOCAL = "a name of the host itself"
    UNQUALIFIED = "no domain"
    UNKNOWN_MAILER = "the value names no mailer of this configuration"
    TOO_DEEP = "more labels than sendmail follows"
    OPAQUE = "only sendmail itself can tell"


PREDICTED = frozenset(Why) - {Why.UNKNOWN_MAILER, Why.TOO_DEEP, Why.OPAQUE}


@dataclass(frozen=True, slots=True)
class Resolution:
    """`key` decided (empty where no key did). `host` is as `-bv` prints it, text for an error;
    both `mailer` and `host` are empty where `why` says that there is no such answer."""

    key: str
    why: Why
    mailer: str
    host: str

    @property
    def answer(self) -> Answer:
        """The same in the form of what sendmail said."""
        return (self.mailer, self.host)

    @property
    def is_predicted(self) -> bool:
        """False where sendmail gives no answer, or one that only it knows."""
        return self.why in PREDICTED


class Resolver:
    """One table as one host reads it.

    `own_names` are the names that its sendmail takes for its own, in lower case; `local_mta` is
    the mailer and next hop to which it hands their mail. Answers by key are kept, so that a
    million addresses cost little more than their look-ups.
    """

    __slots__ = ("_answers", "_local_mta", "_mailers", "_own_names", "_triples", "_values")

    def __init__(
        self,
        table: Table,
        *,
        own_names: Iterable[str],
        local_mta: Answer,
        mailers: Container[str] | None = None,
    ) -> None:
        self._values = table.values
        self._own_names = frozenset(own_names)
        self._local_mta = local_mta
        self._mailers = _OfRendering() if mailers is None else mailers
        self._answers: dict[str, Resolution | None] = {}
        self._triples: dict[str, Triple] = {}

    @classmethod
    def of_host(cls, table: Table, facts: HostFacts) -> Resolver:
        """The resolver of a table of a list server of which these facts are known."""
        local_mta = (local_mailer(facts), bracket(facts.local_mta_host).lower())
        return cls(table, own_names={*facts.class_w, facts.fqdn}, local_mta=local_mta)

    @classmethod
    def of_bundle(cls, bundle: Bundle, table: Table, facts: HostFacts) -> Resolver:
        """The resolver of a table of a bundle, on the host that these facts are of.

        The local MTA is the one that the bundle was rendered for; its own names are today's.
        """
        host, port = str(bundle.facts["local_mta_host"]), int(bundle.facts["local_mta_port"])
        mailer = ESMTP if port == SMTP_PORT else LOCAL_MTA
        own_names = {*facts.class_w, facts.fqdn}
        return cls(table, own_names=own_names, local_mta=(mailer, bracket(host).lower()))

    @property
    def local_mta(self) -> Answer:
        """The mailer and next hop of mail for the host's own names."""
        return self._local_mta

    def read(self, address: str) -> Mailbox:
        """The address as this host's sendmail reads it. Raises BadAddress."""
        return read_address(address, own_names=self._own_names)

    def resolve(self, address: str) -> Resolution:
        """Raises BadAddress for what is not one address."""
        if PLAIN.fullmatch(address):
            name = address[address.index("@") + 1 :].lower()
            plain = name[-1] != "." and name[0] != "." and ".." not in name
            if plain and name not in self._own_names:
                return self.resolve_name(name)
        return self.resolve_mailbox(read_address(address, own_names=self._own_names))

    def resolve_mailbox(self, mailbox: Mailbox) -> Resolution:
        """The answer for an address that is read already."""
        if not mailbox.domain:
            return Resolution("", Why.UNQUALIFIED, *self._local_mta)
        if mailbox.domain in self._own_names:
            return Resolution("", Why.LOCAL, *self._local_mta)
        if mailbox.is_literal:
            return Resolution("", Why.LITERAL, ESMTP, mailbox.domain)
        found = self.resolve_name(mailbox.domain, absolute=mailbox.absolute)
        if found.key and _is_route(mailbox.local) and _is_local(self._values[found.key]):
            return _unanswered(found.key, Why.OPAQUE)
        return found

    def resolve_name(self, name: str, *, absolute: bool = False) -> Resolution:
        """The answer for a domain, in lower case, that is none of the host's own names.

        `absolute` is true where it was written with a last dot.
        """
        values = self._values
        key, dot, depth = name, 0, 0
        while key not in values:
            depth += 1
            dot = name.find(".", dot + 1 if depth > 1 else 0)
            if dot < 0:
                key = DEFAULT_KEY
                break
            key = name[dot:]
        if depth > DEEPEST:
            return _unanswered("", Why.TOO_DEEP)
        found = self._by_key(key, name) if key in values else None
        if depth > DEEPEST_LOCAL and found is not None and _is_local(values[key]):
            return _unanswered(key, Why.TOO_DEEP)
        if found is None and key != DEFAULT_KEY and DEFAULT_KEY in values:
            found = self._after_unusable(name, values[DEFAULT_KEY])
        if found is not None:
            return found
        # With FEATURE(nocanonify) only a name that has a dot is taken as complete.
        complete = absolute or "." in name
        return Resolution("", Why.NO_KEY, ESMTP, f"{name}." if complete else name)

    def _after_unusable(self, name: str, value: str) -> Resolution | None:
        """The `.` key after a line that names no mailer: its arguments are what is left of it."""
        if takes_arguments(value):
            return _unanswered(DEFAULT_KEY, Why.OPAQUE)
        return self._by_key(DEFAULT_KEY, name)

    def _by_key(self, key: str, name: str) -> Resolution | None:
        """What a key of the table says; None when its value names no mailer."""
        if key in self._answers:
            return self._answers[key]
        value = self._values[key]
        triple = self._triples.get(value)
        if triple is None and is_usable(value):
            if takes_arguments(value):
                arguments = _arguments(key, name)
                return self._said(
                    key, read_value(value, mailers=self._mailers, arguments=arguments)
                )
            # A table has many lines and few values.
            triple = self._triples[value] = read_value(value, mailers=self._mailers)
        if triple is not None:
            found: Resolution | None = self._said(key, triple)
        else:
            opaque = is_opaque(value, full_key=not key.startswith("."))
            found = _unanswered(key, Why.OPAQUE) if opaque else None
        self._answers[key] = found
        return found

    def _said(self, key: str, triple: Triple) -> Resolution:
        match triple.meaning:
            case Meaning.LOCAL:
                return Resolution(key, _why(key), *self._local_mta)
            case Meaning.UNKNOWN_MAILER:
                return _unanswered(key, Why.UNKNOWN_MAILER)
            case Meaning.OPAQUE:
                return _unanswered(key, Why.OPAQUE)
        return Resolution(key, _why(key), triple.mailer, triple.host)


class _OfRendering(Container[str]):
    """The mailers that a bundle defines: sendmail's own, and those of its own relay targets."""

    def __contains__(self, mailer: object) -> bool:
        named = str(mailer)
        return named in SMTP_MAILERS or named == LOCAL_MTA or named.startswith(RELAY_PREFIX)


def _arguments(key: str, name: str) -> tuple[str, ...]:
    """%0, %1 and %2 as the map gets them."""
    if key == DEFAULT_KEY:
        return (key, name)
    if not key.startswith("."):
        return (key,)
    before = name.removesuffix(key)
    return (key, before, before.rpartition(".")[2])


def _why(key: str) -> Why:
    if key == DEFAULT_KEY:
        return Why.DEFAULT
    return Why.SUFFIX if key.startswith(".") else Why.EXACT


def _is_route(local: str) -> bool:
    """True for `a!b` and `a%b`: a value `local:` reads the local part once more."""
    return "!" in local or "%" in local


def _is_local(value: str) -> bool:
    return value.partition(":")[0].strip().lower() == LOCAL


def _unanswered(key: str, why: Why) -> Resolution:
    return Resolution(key, why, "", "")
