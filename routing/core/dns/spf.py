"""SPF as a tree: everything that a record leads to, asked once, judged for any address later.

RFC 7208. A receiver stops at the term that matches; here the whole record is followed, as it is for
an address that only `all` matches, so a record that is too long for those is called permerror.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from routing.core.dns.answers import MX_LIMIT, Answer, Ask, Outcome, Record, worst
from routing.core.dns.spf_terms import Kind, SpfSyntax, Term, is_spf, read_terms

LOOKUP_LIMIT = 10
VOID_LIMIT = 2


class Verdict(StrEnum):
    """What a receiver makes of an address. UNKNOWN: a term depends on the message."""

    PASS = "pass"
    FAIL = "fail"
    SOFTFAIL = "softfail"
    NEUTRAL = "neutral"
    NONE = "none"
    PERMERROR = "permerror"
    TEMPERROR = "temperror"
    UNKNOWN = "unknown"


BY_QUALIFIER = {
    "+": Verdict.PASS,
    "-": Verdict.FAIL,
    "~": Verdict.SOFTFAIL,
    "?": Verdict.NEUTRAL,
}


@dataclass(frozen=True, slots=True)
class Step:
    """One term, with the networks that it stands for, or the record that it leads to."""

    text: str
    kind: Kind
    qualifier: str
    outcome: Outcome = Outcome.FOUND
    networks: tuple[str, ...] = ()
    record: Spf | None = None
    opaque: bool = False


@dataclass(frozen=True, slots=True)
class Spf:
    """The record of one domain. `texts` are all that begin with v=spf1; `fault` says why the
    record is permerror by itself. The counts are of the whole tree, on its root only."""

    domain: str
    outcome: Outcome
    texts: tuple[str, ...] = ()
    steps: tuple[Step, ...] = ()
    fault: str = ""
    lookups: int = 0
    voids: int = 0

    @property
    def faults(self) -> tuple[str, ...]:
        """Why a receiver answers permerror, in words; empty where none does."""
        found = [*_faults(self)]
        if self.lookups > LOOKUP_LIMIT:
            found.append(f"it needs more than {LOOKUP_LIMIT} look-ups")
        if self.voids > VOID_LIMIT:
            found.append(f"more than {VOID_LIMIT} of its look-ups find nothing")
        return tuple(dict.fromkeys(found))

    @property
    def worst(self) -> Outcome:
        """How asking all of it ended."""
        return worst([self.outcome, *_outcomes(self)])


@dataclass(slots=True)
class _Walk:
    ask: Ask
    lookups: int = 0
    voids: int = 0
    path: list[str] = field(default_factory=list)

    @property
    def is_over(self) -> bool:
        return self.lookups > LOOKUP_LIMIT

    def asked(self, name: str, kind: Record) -> Answer:
        return self.ask(name, kind)

    def void(self, *answers: Answer) -> None:
        self.voids += all(answer.outcome is Outcome.NONE for answer in answers)


def look_at_spf(domain: str, ask: Ask) -> Spf:
    """Everything that the SPF of a domain leads to, at most one look-up past the limit."""
    walk = _Walk(ask)
    found = _record(domain, walk, counts=False)
    return replace(found, lookups=walk.lookups, voids=walk.voids)


def verdict(spf: Spf, address: str) -> Verdict:
    """What a receiver makes of mail from this address, as far as the tree tells."""
    if not spf.outcome.known:
        return Verdict.TEMPERROR
    if not spf.texts:
        return Verdict.NONE
    if spf.fault:
        return Verdict.PERMERROR
    maybe: set[Verdict] = set()
    for step in spf.steps:
        found = _of_step(step, address)
        if found is Verdict.UNKNOWN:
            maybe.add(_if_it_matches(step))
        elif found is not None:
            return found if maybe <= {found} else Verdict.UNKNOWN
    return Verdict.UNKNOWN if maybe else Verdict.NEUTRAL


def to_json(spf: Spf) -> dict[str, Any]:
    """The stored form."""
    return {
        "domain": spf.domain,
        "outcome": spf.outcome.value,
        "texts": list(spf.texts),
        "fault": spf.fault,
        "lookups": spf.lookups,
        "voids": spf.voids,
        "steps": [
            {
                "text": step.text,
                "kind": step.kind.value,
                "qualifier": step.qualifier,
                "outcome": step.outcome.value,
                "networks": list(step.networks),
                "record": to_json(step.record) if step.record else None,
                "opaque": step.opaque,
            }
            for step in spf.steps
        ],
    }


def from_json(data: Mapping[str, Any]) -> Spf:
    """The reverse."""
    steps = tuple(
        Step(
            item["text"],
            Kind(item["kind"]),
            item["qualifier"],
            Outcome(item["outcome"]),
            tuple(item["networks"]),
            from_json(item["record"]) if item["record"] else None,
            item["opaque"],
        )
        for item in data["steps"]
    )
    return Spf(
        data["domain"],
        Outcome(data["outcome"]),
        tuple(data["texts"]),
        steps,
        data["fault"],
        data["lookups"],
        data["voids"],
    )


def _of_step(step: Step, address: str) -> Verdict | None:
    """What one term decides; None when it does not match."""
    by_qualifier = BY_QUALIFIER[step.qualifier]
    if step.opaque:
        return Verdict.UNKNOWN
    if step.kind is Kind.ALL:
        return by_qualifier
    if step.record is None:
        if _holds(step.networks, address):
            return by_qualifier
        return None if step.outcome.known else Verdict.TEMPERROR
    inner = verdict(step.record, address)
    if inner is Verdict.NONE:
        return Verdict.PERMERROR
    if step.kind is Kind.REDIRECT:
        return inner
    if inner in (Verdict.PERMERROR, Verdict.TEMPERROR, Verdict.UNKNOWN):
        return inner
    return by_qualifier if inner is Verdict.PASS else None


def _if_it_matches(step: Step) -> Verdict:
    """What a term decides for the messages that it holds for; a redirect decides in its own way."""
    return Verdict.UNKNOWN if step.kind is Kind.REDIRECT else BY_QUALIFIER[step.qualifier]


def _holds(networks: tuple[str, ...], address: str) -> bool:
    own = ipaddress.ip_address(address)
    return any(own in ipaddress.ip_network(network) for network in networks)


def _record(domain: str, walk: _Walk, *, counts: bool = True) -> Spf:
    if domain in walk.path:
        return Spf(domain, Outcome.FOUND, (domain,), fault=f"{domain} includes itself")
    answer = walk.asked(domain, Record.TXT)
    if counts:
        walk.void(answer)
    texts = tuple(text for text in answer.values if is_spf(text))
    found = Spf(domain, answer.outcome, texts)
    if len(texts) > 1:
        return replace(found, fault=f"{domain} has {len(texts)} SPF records")
    if not texts:
        return found
    try:
        terms = read_terms(texts[0])
    except SpfSyntax as error:
        return replace(found, fault=f"the record of {domain} cannot be read: {error}")
    walk.path.append(domain)
    try:
        return _followed(found, terms, walk)
    finally:
        walk.path.pop()


def _followed(found: Spf, terms: tuple[Term, ...], walk: _Walk) -> Spf:
    steps: list[Step] = []
    for term in terms:
        walk.lookups += term.kind.looks_up
        if walk.is_over:
            break
        step = _step(term, found.domain, walk)
        if isinstance(step, str):
            return replace(found, steps=tuple(steps), fault=step)
        steps.append(step)
        if term.kind is Kind.ALL:
            break  # What stands behind it is never reached.
    return replace(found, steps=tuple(steps))


def _step(term: Term, domain: str, walk: _Walk) -> Step | str:
    """The term followed, or the fault that makes the whole record permerror."""
    plain = Step(term.text, term.kind, term.qualifier)
    name = term.name or domain
    if term.kind is Kind.ALL:
        return plain
    if term.kind is Kind.IP:
        return replace(plain, networks=(term.network,))
    if term.has_macro or term.kind in (Kind.PTR, Kind.EXISTS):
        return replace(plain, opaque=True)
    if term.kind in (Kind.INCLUDE, Kind.REDIRECT):
        record = _record(name, walk)
        if record.outcome.known and not record.texts:
            return f"{term.text} leads to {name}, which has no SPF record"
        return replace(plain, record=record)
    names, answers = [name], []
    if term.kind is Kind.MX:
        answer = walk.asked(name, Record.MX)
        walk.void(answer)
        answers, names = [answer], _exchanges(answer)
        if len(names) > MX_LIMIT:
            return f"{term.text} leads to more than {MX_LIMIT} MX names"
    return _of_names(plain, term, names, answers, walk)


def _of_names(
    plain: Step, term: Term, names: list[str], answers: list[Answer], walk: _Walk
) -> Step:
    networks: list[str] = []
    for name in names:
        both = [walk.asked(name, Record.A), walk.asked(name, Record.AAAA)]
        walk.void(*both)
        answers += both
        networks += [f"{address}/{term.v4}" for address in both[0].values]
        networks += [f"{address}/{term.v6}" for address in both[1].values]
    shown = tuple(str(ipaddress.ip_network(network, strict=False)) for network in networks)
    outcome = worst([answer.outcome for answer in answers]) if answers else Outcome.NONE
    return replace(plain, networks=shown, outcome=outcome)


def _exchanges(answer: Answer) -> list[str]:
    names = [value.partition(" ")[2] for value in answer.values]
    return [name for name in names if name != "."]


def _faults(spf: Spf) -> Iterator[str]:
    if spf.fault:
        yield spf.fault
    for step in spf.steps:
        if step.record is not None:
            yield from _faults(step.record)


def _outcomes(spf: Spf) -> Iterator[Outcome]:
    for step in spf.steps:
        yield step.outcome
        if step.record is not None:
            yield step.record.outcome
            yield from _outcomes(step.record)
