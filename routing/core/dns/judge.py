"""What is wrong with the DNS of one virtual domain, or of one address that mail is sent from.

docs/dns.md lists every kind. What was not answered is not judged: it stays unknown.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from routing.core.dns.answers import HostAnswer, MxAnswer, Outcome, PtrAnswer
from routing.core.dns.places import Place, Site, is_public
from routing.core.dns.spf import Spf, Verdict, verdict
from routing.core.dns.spf_terms import VERSION, with_addresses
from routing.core.findings import Finding, Severity


class Trouble(StrEnum):
    """The kinds, the worst first."""

    LOCAL_NO_ADDRESS = "local_no_address"
    MX_NO_ADDRESS = "mx_no_address"
    MX_NONE = "mx_none"
    MX_ELSEWHERE = "mx_elsewhere"
    SPF_BROKEN = "spf_broken"
    SPF_SEVERAL = "spf_several"
    SPF_NO_RELAY = "spf_no_relay"
    PTR_MISSING = "ptr_missing"
    PTR_UNCONFIRMED = "ptr_unconfirmed"
    SPF_NO_SERVER = "spf_no_server"
    SPF_NONE = "spf_none"
    LOCAL_NULL_MX = "local_null_mx"
    MX_ALIAS = "mx_alias"


RANK: Mapping[str, int] = {kind: place for place, kind in enumerate(Trouble)}


class Mark(StrEnum):
    """One cell: good, bad, or not known."""

    GOOD = "good"
    BAD = "bad"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Judged:
    """What one part of the DNS says. `finding` is there exactly where the mark is BAD or the kind
    is a mere warning; `record` is what to publish, "" where there is nothing to paste."""

    mark: Mark
    words: str
    kind: Trouble | None = None
    finding: Finding | None = None
    record: str = ""


def judge_mx(domain: str, answer: MxAnswer | None, sites: tuple[Site, ...]) -> Judged:
    """Whether mail for a virtual domain comes to a list server that has it."""
    if answer is None or not answer.outcome.known:
        return Judged(Mark.UNKNOWN, "")
    takers = tuple(dict.fromkeys(taker for site in sites for taker in site.takers))
    wanted = _mx_record(domain, sites)
    if answer.is_null:
        text = f"The MX of {domain} says that it takes no mail at all: nobody can write to a list."
        return bad_part(Trouble.MX_NONE, "takes no mail", domain, text, "Publish an MX.", wanted)
    if not answer.exchanges:
        return _without_mx(domain, answer, wanted)
    dead = [h.name for h in answer.hosts if h.outcome is Outcome.NONE and not h.addresses]
    if dead and len(dead) == len(answer.hosts):
        text = (
            f"The MX of {domain} is {_listed(dead)}, which has no address: mail for its lists waits"
            " at its senders and is given back."
        )
        advice = "Publish an address for it, or another MX."
        return bad_part(Trouble.MX_NO_ADDRESS, "no address", domain, text, advice, wanted)
    here = [host for host in answer.hosts if any(_leads(host, taker) for taker in takers)]
    if not here:
        return _elsewhere(domain, answer, takers, wanted)
    if ahead := _ahead(answer, here, takers):
        text = (
            f"Senders try {_listed(ahead)} first, by the MX of {domain}, and none of these leads to"
            f" {_listed([taker.name for taker in takers])}: mail for its lists goes there while it"
            " answers."
        )
        return bad_part(Trouble.MX_ELSEWHERE, "elsewhere first", domain, text, TO_US, wanted)
    words = ", ".join(dict.fromkeys(host.name for host in here))
    if aliases := [host for host in answer.hosts if host.alias]:
        host = aliases[0]
        text = (
            f"The MX of {domain} is {host.name}, an alias (CNAME) of {host.alias}: an MX must name"
            " a host itself, and some senders refuse it."
        )
        advice = f"Let the MX name {host.alias}."
        record = f"{domain}. IN MX 10 {host.alias}."
        return Judged(
            Mark.GOOD,
            words,
            Trouble.MX_ALIAS,
            _finding(Trouble.MX_ALIAS, domain, text, advice),
            record,
        )
    return Judged(Mark.GOOD, words)


def judge_spf(domain: str, spf: Spf | None, sites: tuple[Site, ...]) -> Judged:
    """Whether receivers may take mail of a virtual domain from where it is sent."""
    if spf is None or not spf.outcome.known:
        return Judged(Mark.UNKNOWN, "")
    senders = _senders(sites)
    addresses = tuple(dict.fromkeys(a for place in senders for a in place.addresses))
    if not spf.texts:
        text = f"{domain} has no SPF record: receivers cannot tell its mail from a forgery."
        record = _txt(domain, with_addresses("", addresses)) if addresses else ""
        advice = "Publish one." if addresses else _unknown_senders(senders)
        return bad_part(Trouble.SPF_NONE, "none", domain, text, advice, record)
    if len(spf.texts) > 1:
        text = (
            f"{domain} has {len(spf.texts)} SPF records: receivers answer permerror, and may refuse"
            " every message of its lists."
        )
        return bad_part(Trouble.SPF_SEVERAL, "more than one", domain, text, "Keep one of them.", "")
    if faults := spf.faults:
        text = (
            f"The SPF of {domain} is a permanent error (permerror): {'; '.join(faults)}. Receivers"
            " may refuse its mail, or take it as if there were no SPF."
        )
        return bad_part(Trouble.SPF_BROKEN, "permerror", domain, text, _shorter(spf), "")
    return _held(domain, spf, sites, senders)


def judge_ptr(address: str, owner: Place, answer: PtrAnswer | None) -> Judged:
    """Whether an address that mail is sent from has a name that leads back to it."""
    if answer is None or not answer.outcome.known:
        return Judged(Mark.UNKNOWN, "")
    names = [host.name for host in answer.hosts]
    own = _ptr_record(address, owner)
    if not names:
        text = (
            f"{address}, from which {owner.name} sends, has no name (PTR): many receivers refuse"
            " its mail, all of it."
        )
        advice = "Ask whoever runs that network to publish the name of the host."
        return bad_part(Trouble.PTR_MISSING, "no name", address, text, advice, own)
    if any(address in host.addresses for host in answer.hosts):
        good = next(host.name for host in answer.hosts if address in host.addresses)
        return Judged(Mark.GOOD, good)
    if any(not host.outcome.known for host in answer.hosts):
        return Judged(Mark.UNKNOWN, "")
    text = (
        f"{address}, from which {owner.name} sends, is named {_listed(names)} (PTR), and that name"
        " does not lead back to it: many receivers take it for a forgery."
    )
    advice = f"Publish {address} as an address of {names[0]}, or another PTR."
    kind = "AAAA" if ":" in address else "A"
    forward = f"{names[0]}. IN {kind} {address}"
    record = forward if {*names} & {*owner.names} else own or forward
    return bad_part(Trouble.PTR_UNCONFIRMED, "not confirmed", address, text, advice, record)


def _ptr_record(address: str, owner: Place) -> str:
    """Of a machine of several names nobody knows here which of them the address has."""
    if len(owner.names) != 1:
        return ""
    return f"{ipaddress.ip_address(address).reverse_pointer}. IN PTR {owner.names[0]}."


def _without_mx(domain: str, answer: MxAnswer, wanted: str) -> Judged:
    own = answer.hosts[0] if answer.hosts else None
    if own is not None and not own.outcome.known:
        return Judged(Mark.UNKNOWN, "")
    tried = f": senders try {own.addresses[0]}, its own address" if own and own.addresses else ""
    effect = tried or ": nobody can write to a list there"
    return bad_part(
        Trouble.MX_NONE, "none", domain, f"{domain} has no MX{effect}.", "Publish one.", wanted
    )


def _elsewhere(domain: str, answer: MxAnswer, takers: tuple[Place, ...], wanted: str) -> Judged:
    unsure = any(not taker.addresses for taker in takers)
    if unsure or not all(host.outcome.known for host in answer.hosts):
        return Judged(Mark.UNKNOWN, "")
    names = list(dict.fromkeys(name for _, name in answer.exchanges))
    ours = _listed([taker.name for taker in takers])
    text = (
        f"The MX of {domain} is {_listed(names)}, and none of these leads to {ours}: mail for its"
        " lists goes there and not to Sympa."
    )
    return bad_part(Trouble.MX_ELSEWHERE, "elsewhere", domain, text, TO_US, wanted)


TO_US = (
    "Publish the list server as MX; where that host hands the mail on, name it in"
    " MAILADMIN_DNS_TAKERS."
)


def _ahead(answer: MxAnswer, here: list[HostAnswer], takers: tuple[Place, ...]) -> tuple[str, ...]:
    """The names that senders try before any that leads here; what has no address is not tried."""
    if any(not taker.addresses for taker in takers):
        return ()
    ours = {host.name for host in here}
    alive = {host.name for host in answer.hosts if host.addresses} | ours
    tried = [(rank, name) for rank, name in answer.exchanges if name in alive]
    best = min(rank for rank, _ in tried)
    first = tuple(name for rank, name in tried if rank == best)
    return () if ours & {*first} else first


def _held(domain: str, spf: Spf, sites: tuple[Site, ...], senders: tuple[Place, ...]) -> Judged:
    """Each sender's addresses against the record; the first relay that lacks is the worst."""
    verdicts = {
        (place, address): verdict(spf, address) for place in senders for address in place.addresses
    }
    lacking = [at for at, found in verdicts.items() if found in NOT_HELD]
    relays = {relay for site in sites for relay in site.relays}
    if not lacking:
        known = verdicts and all(found is Verdict.PASS for found in verdicts.values())
        whole = known and all(place.addresses for place in senders)
        return Judged(Mark.GOOD, "holds all") if whole else Judged(Mark.UNKNOWN, "")
    places = list(dict.fromkeys(place for place, _ in lacking))
    kind = Trouble.SPF_NO_RELAY if relays & {*places} else Trouble.SPF_NO_SERVER
    # Without a relay the server sends everything itself.
    if not relays:
        kind = Trouble.SPF_NO_RELAY
    missing = tuple(dict.fromkeys(address for _, address in lacking))
    worst = next(found for found in NOT_HELD if found in verdicts.values())
    when = "" if kind is Trouble.SPF_NO_RELAY else " while the relay is down (fallback)"
    text = (
        f"The SPF of {domain} does not hold {_listed(missing)}, from which"
        f" {_listed([place.name for place in places])} sends{when}: receivers answer {worst}"
        f"{EFFECT[worst]}."
    )
    record = _txt(domain, with_addresses(spf.texts[0], missing))
    words = f"lacks {_listed([place.name for place in places])}"
    return bad_part(kind, words, domain, text, "Add the address.", record)


NOT_HELD = (Verdict.FAIL, Verdict.SOFTFAIL, Verdict.NEUTRAL)
EFFECT = {
    Verdict.FAIL: ", and refuse the mail of its lists",
    Verdict.SOFTFAIL: ", and may put the mail of its lists among spam",
    Verdict.NEUTRAL: ", so SPF says nothing for the mail of its lists",
}


def _senders(sites: tuple[Site, ...]) -> tuple[Place, ...]:
    return tuple(dict.fromkeys(place for site in sites for place in site.senders))


def _unknown_senders(senders: tuple[Place, ...]) -> str:
    missing = " ".join(dict.fromkeys(place.missing for place in senders if place.missing))
    return f"Publish one with the addresses that its mail is sent from. {missing}".strip()


def _shorter(spf: Spf) -> str:
    if spf.fault:
        return "Mend the record."
    return "Take terms out, or write their networks as ip4: and ip6:, which need no look-up."


def _leads(host: HostAnswer, taker: Place) -> bool:
    own = {host.name, host.alias} & {*taker.names}
    return bool(own) or bool({*host.addresses} & {*taker.addresses})


def _mx_record(domain: str, sites: tuple[Site, ...]) -> str:
    """The list server's own name, where it is one that the world can look up."""
    names = (name for site in sites for name in site.server.names)
    full = next((name for name in names if "." in name), "")
    return f"{domain}. IN MX 10 {full}." if full else ""


def _txt(domain: str, text: str) -> str:
    """Strings of a TXT hold 255 bytes; a longer record is written as several."""
    pieces = [text[at : at + 255] for at in range(0, len(text), 255)] or [VERSION]
    return f"{domain}. IN TXT " + " ".join(f'"{piece}"' for piece in pieces)


def bad_part(
    kind: Trouble, words: str, subject: str, text: str, advice: str, record: str
) -> Judged:
    """A part that is bad, with its finding."""
    return Judged(Mark.BAD, words, kind, _finding(kind, subject, text, advice), record)


def _finding(kind: Trouble, subject: str, text: str, advice: str) -> Finding:
    return Finding(f"dns_{kind}", Severity.WARNING, subject, text, advice)


def _listed(names: list[str] | tuple[str, ...]) -> str:
    few = list(dict.fromkeys(names))
    return " and ".join(few) if len(few) < 3 else f"{', '.join(few[:-1])} and {few[-1]}"


def public_only(addresses: tuple[str, ...]) -> tuple[str, ...]:
    """The addresses that receivers can see."""
    return tuple(address for address in addresses if is_public(address))
