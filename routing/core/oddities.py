"""What is odd about the lines of one list server, each with what happens to mail and what to do.

All of it is a warning: none blocks a push. `routing.core.shadow` decides what a line does; here it
is compared with what the object is meant to be. docs/findings.md lists every kind.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property

from routing.core.facts import HostFacts
from routing.core.findings import Finding, Severity
from routing.core.intent import DEFAULT_KEY, Intent, ObjectKind, RoutingObject
from routing.core.mailers import ERROR
from routing.core.names import is_loopback, normalise_key, normalise_name
from routing.core.next_hop import split_next_hop
from routing.core.render import table_lines
from routing.core.resolve import Resolution, Why
from routing.core.shadow import Judge, Judged, Standing

VIRTUAL = ObjectKind.VIRTUAL_DOMAIN
MANAGED = {VIRTUAL: "virtual domain", ObjectKind.LOCAL_HOST: "local host"}
DELETE_IT = "Delete it."


class Oddity(StrEnum):
    """The kinds, the worst first."""

    STOPS = "stops"
    LOOP = "loop"
    ASTRAY = "astray"
    SWALLOWED = "swallowed"
    LOOPBACK = "loopback"
    PASSED_OVER = "passed_over"
    SHADOWED = "shadowed"
    UNREACHABLE = "unreachable"
    TWIN = "twin"
    OWN_MX = "own_mx"
    REDUNDANT = "redundant"


RANK = {kind: place for place, kind in enumerate(Oddity)}


class Mend(StrEnum):
    """An edit that ends the oddity. NEXT_HOP is of the line and RELAY of its relay target: there a
    person says what is to stand."""

    DELETE = "delete"
    MAKE_VIRTUAL = "make_virtual"
    ADD_VIRTUAL = "add_virtual"
    ENABLE = "enable"
    NEXT_HOP = "next_hop"
    RELAY = "relay"


@dataclass(frozen=True, slots=True)
class Odd:
    """One finding about the line of one object, and the edit that mends it, if one surely does.

    The finding's code is `line_` and the kind. `relay` names the relay target that Mend.RELAY
    edits.
    """

    kind: Oddity
    item: RoutingObject
    finding: Finding
    mend: Mend | None = None
    relay: str = ""


def odd_lines(intent: Intent, facts: HostFacts) -> Iterator[Odd]:
    """Every oddity of the objects of one list server, in key order.

    The time grows with the number of objects. Raises KeyError for an unknown relay target.
    """
    view = _View(intent, facts)
    for item in intent.objects:
        yield from view.of(item)


class _View:
    """The intent with its judge."""

    def __init__(self, intent: Intent, facts: HostFacts) -> None:
        tables = table_lines(intent, facts)
        self._values = tables[0]
        self._judge = Judge(tables, facts)
        self._facts = facts
        self._own = {*facts.class_w, facts.fqdn}
        self._relays = {relay.id: relay.name for relay in intent.relay_targets}
        self._intent = intent

    @cached_property
    def _spelt(self) -> dict[str, RoutingObject]:
        """Read only when a line is unreachable, which few tables have."""
        return _first_by_spelling(self._intent)

    def of(self, item: RoutingObject) -> Iterator[Odd]:
        """The oddities of one object."""
        if not item.enabled:
            yield from self._disabled(item)
            return
        line = self._judge.judge(item.key)
        match line.standing:
            case Standing.SHADOWED:
                yield from self._shadowed(item)
            case Standing.UNREACHABLE:
                yield from self._unreachable(item)
            case Standing.PASSED_OVER:
                yield self._passed_over(item, line)
            case Standing.REDUNDANT:
                yield from self._reached(item, line)
                yield self._redundant(item, line)
            case Standing.EFFECTIVE:
                yield from self._reached(item, line)

    def _disabled(self, item: RoutingObject) -> Iterator[Odd]:
        """A managed domain that is off: whose line takes its mail now."""
        found = self._judge.resolver.resolve_name(item.key)
        if item.kind not in MANAGED or item.key in self._own or not found.key:
            return
        text = (
            f"The {MANAGED[item.kind]} {item.key} is disabled, and {_line(found.key)} takes"
            f" its mail: {self._goes(found)}."
        )
        advice = "Enable it, or delete it where its mail is to go that way."
        yield _odd(Oddity.SWALLOWED, item, text, advice, Mend.ENABLE)

    def _shadowed(self, item: RoutingObject) -> Iterator[Odd]:
        if item.kind is VIRTUAL:
            return  # Its mail goes to the local MTA either way.
        text = (
            f"{item.key} is a name of {self._facts.name} itself (class w): its mail goes to the"
            " MTA there, and sendmail never asks for this line."
        )
        advice = "Delete it, or take the name out of the host's class w."
        yield _odd(Oddity.SHADOWED, item, text, advice, Mend.DELETE)

    def _unreachable(self, item: RoutingObject) -> Iterator[Odd]:
        spelt = normalise_key(item.key)
        first = self._spelt.get(spelt)
        if spelt != item.key and first is not None and first.id != item.id:
            text = f"{item.key} and {first.key} are one name, written in two ways."
            advice = f"Keep {first.key}; delete this one."
            yield _odd(Oddity.TWIN, item, text, advice, Mend.DELETE)
            return
        text = f"No address can match {item.key}, so this line gets no mail."
        better = f"Write {spelt}." if spelt != item.key else DELETE_IT
        yield _odd(Oddity.UNREACHABLE, item, text, better, Mend.DELETE)

    def _passed_over(self, item: RoutingObject, line: Judged) -> Odd:
        assert line.found is not None  # only what is unreachable has no answer
        taker = f"by {_line(line.by)}" if line.by else "without a line"
        text = (
            f"The value {self._values[item.key]} of {item.key} names no mailer: sendmail passes"
            f" over the line, and its mail goes {taker}: {self._goes(line.found)}."
        )
        return _odd(Oddity.PASSED_OVER, item, text, "Write mailer:[host] as its value.")

    def _redundant(self, item: RoutingObject, line: Judged) -> Odd:
        taker = f"by {_line(line.by)}" if line.by else "without it"
        text = f"The mail of {item.key} would go the same way {taker}."
        if item.kind is VIRTUAL:
            advice = f"Keep it: it still holds when {_line(line.by)} changes."
            return _odd(Oddity.REDUNDANT, item, text, advice)
        advice = f"Delete it, unless it is to stay when {_line(line.by) or 'the rest'} changes."
        return _odd(Oddity.REDUNDANT, item, text, advice, Mend.DELETE)

    def _reached(self, item: RoutingObject, line: Judged) -> Iterator[Odd]:
        """What may be wrong with the way of a line that decides."""
        found = line.found
        assert found is not None  # only what is unreachable has no answer
        if found.why is Why.UNKNOWN_MAILER:
            text = (
                f"The value {self._values[item.key]} of {item.key} names no mailer that"
                f" {self._facts.name} has: sendmail stops, and takes no message for it."
            )
            yield _odd(Oddity.STOPS, item, text, "Write another mailer, or delete it.", Mend.DELETE)
        elif not found.is_predicted or found.mailer == ERROR:
            return
        elif found.answer == self._judge.resolver.local_mta:
            yield from self._at_loopback(item)
        elif item.kind is VIRTUAL:
            text = f"The virtual domain {item.key} does not come to the lists: {self._goes(found)}."
            yield _odd(Oddity.ASTRAY, item, text, "Let its value lead to the local MTA.")
        else:
            yield from self._to_itself(item, found)

    def _at_loopback(self, item: RoutingObject) -> Iterator[Odd]:
        if item.kind in MANAGED:
            return  # A local host may be where the local MTA is.
        text = (
            f"The line {item.key} hands mail to the MTA of {self._facts.name} itself, and is no"
            " virtual domain: unless that MTA knows the name, it sends the mail on or refuses it."
        )
        if item.key.startswith("."):
            advice = "Add a virtual domain for each name that has lists, and delete this line."
            yield _odd(Oddity.LOOPBACK, item, text, advice, Mend.ADD_VIRTUAL)
        else:
            advice = "Make it a virtual domain if it has lists; else delete it."
            yield _odd(Oddity.LOOPBACK, item, text, advice, Mend.MAKE_VIRTUAL)

    def _to_itself(self, item: RoutingObject, found: Resolution) -> Iterator[Odd]:
        hops = split_next_hop(found.host)
        for hop in hops:
            if is_loopback(hop) or normalise_name(hop.strip("[]")) in self._own:
                yield self._loop(item, hop)
                return
        if item.key in hops:
            text = (
                f"The line {item.key} asks the MX of {item.key} itself, past every relay: where"
                f" that MX is {self._facts.name}, the mail goes round until it is bounced."
            )
            advice = "Write [host] of where its mail is to go, or delete it."
            yield _odd(Oddity.OWN_MX, item, text, advice, Mend.NEXT_HOP)

    def _loop(self, item: RoutingObject, hop: str) -> Odd:
        relay = self._relays.get(item.relay_target) if item.relay_target else None
        way = f"by the relay target {relay}" if relay else "by its value"
        text = (
            f"The line {item.key} hands mail to {hop} {way}, which is {self._facts.name} itself:"
            " it comes back and is bounced (mail loops back to me)."
        )
        if relay:
            advice = f"Give {relay} the host of the outgoing relay."
            return replace(_odd(Oddity.LOOP, item, text, advice, Mend.RELAY), relay=relay)
        advice = "Name the host that is to have its mail."
        return _odd(Oddity.LOOP, item, text, advice, Mend.NEXT_HOP)

    def _goes(self, found: Resolution) -> str:
        if found.why is Why.NO_KEY:
            return "straight to its MX"
        if found.answer == self._judge.resolver.local_mta:
            return f"to the MTA of {self._facts.name}"
        if not found.is_predicted:
            return "only sendmail can tell where"
        return "it is refused" if found.mailer == ERROR else f"to {found.host}"


def _line(key: str) -> str:
    """A line in a sentence, in which a lone dot would be its end; "" of none."""
    return "the . line" if key == DEFAULT_KEY else key and f"the line {key}"


def _first_by_spelling(intent: Intent) -> dict[str, RoutingObject]:
    """Of several spellings of one name, the object that has the stored one, or the first."""
    found: dict[str, RoutingObject] = {}
    for item in intent.objects:
        spelt = normalise_key(item.key)
        if spelt == item.key or spelt not in found:
            found[spelt] = item
    return found


def _odd(
    kind: Oddity, item: RoutingObject, text: str, advice: str, mend: Mend | None = None
) -> Odd:
    finding = Finding(f"line_{kind}", Severity.WARNING, item.key, text, advice)
    return Odd(kind, item, finding, mend if _can(item, mend) else None)


def _can(item: RoutingObject, mend: Mend | None) -> bool:
    """The . key takes all other mail: it is not deleted from a button here. A foreign line has no
    form."""
    if item.key == DEFAULT_KEY and mend in (Mend.DELETE, Mend.ADD_VIRTUAL):
        return False
    return item.kind is not ObjectKind.FOREIGN_LINE or mend is not Mend.NEXT_HOP
