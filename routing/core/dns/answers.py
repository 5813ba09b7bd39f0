"""What was asked of the DNS and what came back, as values and as they are stored."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

MX_LIMIT = 10
"""So many names of an MX answer are followed; RFC 7208 allows no more for SPF either."""


class Outcome(StrEnum):
    """How a question ended. NONE: the name or the record is not there, said with authority."""

    FOUND = "found"
    NONE = "none"
    SERVFAIL = "servfail"
    TIMED_OUT = "timed_out"

    @property
    def known(self) -> bool:
        """Whether the DNS answered; the other two say nothing of what is there."""
        return self in (Outcome.FOUND, Outcome.NONE)


class Record(StrEnum):
    """The types that are asked for."""

    MX = "MX"
    A = "A"
    AAAA = "AAAA"
    TXT = "TXT"
    PTR = "PTR"


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer. Names in `values` are lower case without the last dot; an MX is "10 mx.example",
    the null MX "0 ."; a TXT is its strings joined. `alias` is the name behind a CNAME, or ""."""

    outcome: Outcome
    values: tuple[str, ...] = ()
    alias: str = ""


Ask = Callable[[str, Record], Answer]


@dataclass(frozen=True, slots=True)
class HostAnswer:
    """The addresses of one name."""

    name: str
    outcome: Outcome
    addresses: tuple[str, ...] = ()
    alias: str = ""


@dataclass(frozen=True, slots=True)
class MxAnswer:
    """`exchanges` are (preference, name), the best first; `hosts` are the addresses of each. Where
    there is no MX, `hosts` has the domain itself: senders then try its own address (RFC 5321)."""

    outcome: Outcome
    exchanges: tuple[tuple[int, str], ...] = ()
    hosts: tuple[HostAnswer, ...] = ()

    @property
    def is_null(self) -> bool:
        """Whether the domain says that it takes no mail at all (RFC 7505)."""
        return [name for _, name in self.exchanges] == ["."]

    @property
    def worst(self) -> Outcome:
        """How asking all of it ended."""
        return worst([self.outcome, *(host.outcome for host in self.hosts)])


@dataclass(frozen=True, slots=True)
class PtrAnswer:
    """The names of one address, and the addresses of each of them."""

    outcome: Outcome
    hosts: tuple[HostAnswer, ...] = ()

    @property
    def worst(self) -> Outcome:
        """How asking all of it ended."""
        return worst([self.outcome, *(host.outcome for host in self.hosts)])


def worst(outcomes: list[Outcome]) -> Outcome:
    """TIMED_OUT or SERVFAIL where one of them is, else the first."""
    for bad in (Outcome.TIMED_OUT, Outcome.SERVFAIL):
        if bad in outcomes:
            return bad
    return outcomes[0]


def look_at_host(name: str, ask: Ask) -> HostAnswer:
    """Both kinds of addresses of one name."""
    both = [ask(name, Record.A), ask(name, Record.AAAA)]
    addresses = tuple(value for answer in both for value in answer.values)
    outcome = Outcome.FOUND if addresses else worst([answer.outcome for answer in both])
    alias = next((answer.alias for answer in both if answer.alias), "")
    return HostAnswer(name, outcome, addresses, alias)


def look_at_mx(domain: str, ask: Ask) -> MxAnswer:
    """The MX of a domain and the addresses of the names in it."""
    answer = ask(domain, Record.MX)
    exchanges = tuple(sorted(_exchange(value) for value in answer.values))
    found = MxAnswer(answer.outcome, exchanges)
    if found.is_null or not answer.outcome.known:
        return found
    names = [name for _, name in exchanges][:MX_LIMIT] or [domain]
    hosts = tuple(look_at_host(name, ask) for name in dict.fromkeys(names))
    return MxAnswer(answer.outcome, exchanges, hosts)


def look_at_ptr(address: str, reverse: str, ask: Ask) -> PtrAnswer:
    """The names of an address (`reverse` is its name below in-addr.arpa), each asked back."""
    answer = ask(reverse, Record.PTR)
    names = dict.fromkeys(answer.values[:MX_LIMIT])
    return PtrAnswer(answer.outcome, tuple(look_at_host(name, ask) for name in names))


def host_to_json(host: HostAnswer) -> dict[str, Any]:
    """The stored form."""
    return {
        "name": host.name,
        "outcome": host.outcome.value,
        "addresses": list(host.addresses),
        "alias": host.alias,
    }


def host_from_json(data: Mapping[str, Any]) -> HostAnswer:
    """The reverse."""
    outcome = Outcome(data["outcome"])
    return HostAnswer(data["name"], outcome, tuple(data["addresses"]), data["alias"])


def mx_to_json(answer: MxAnswer) -> dict[str, Any]:
    """The stored form."""
    return {
        "outcome": answer.outcome.value,
        "exchanges": [list(pair) for pair in answer.exchanges],
        "hosts": [host_to_json(host) for host in answer.hosts],
    }


def mx_from_json(data: Mapping[str, Any]) -> MxAnswer:
    """The reverse."""
    return MxAnswer(
        Outcome(data["outcome"]),
        tuple((int(rank), str(name)) for rank, name in data["exchanges"]),
        tuple(host_from_json(host) for host in data["hosts"]),
    )


def ptr_to_json(answer: PtrAnswer) -> dict[str, Any]:
    """The stored form."""
    return {
        "outcome": answer.outcome.value,
        "hosts": [host_to_json(host) for host in answer.hosts],
    }


def ptr_from_json(data: Mapping[str, Any]) -> PtrAnswer:
    """The reverse."""
    hosts = tuple(host_from_json(host) for host in data["hosts"])
    return PtrAnswer(Outcome(data["outcome"]), hosts)


def _exchange(value: str) -> tuple[int, str]:
    preference, _, name = value.partition(" ")
    return int(preference), name
