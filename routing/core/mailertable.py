"""The text of a mailertable: read one with all its findings, write one, and tell what a line is."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from uuid import UUID

from routing.core.error_values import check_error_text
from routing.core.facts import HostFacts
from routing.core.findings import Finding, Severity
from routing.core.intent import (
    DEFAULT_KEY,
    SMTP_PORT,
    Intent,
    ObjectKind,
    RelayTarget,
    RoutingObject,
    make_intent,
)
from routing.core.mailers import ERROR, ESMTP, SMTP_MAILERS, local_mailer, relay_mailer
from routing.core.names import KEY_LIMIT, check_key, check_relay_name, normalise_key
from routing.core.next_hop import bracket, check_next_hop, split_next_hop

LOCAL_MTA_HOP = "[127.0.0.1]"
MAILER_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
LINE_LIMIT = 1022
"""makemap refuses a longer line (8.17.1), and the whole table with it."""
VALUE_LIMIT = LINE_LIMIT - KEY_LIMIT - 1
PRINTABLE = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?")


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a table: its 1-based number, normalised key, and the value in its two parts."""

    number: int
    key: str
    mailer: str
    next_hop: str

    @property
    def value(self) -> str:
        return f"{self.mailer}:{self.next_hop}"


@dataclass(frozen=True, slots=True)
class Parsed:
    """The lines that can be used, in file order, and what is wrong with this file."""

    lines: tuple[Line, ...]
    findings: tuple[Finding, ...]


def parse_mailertable(text: str) -> Parsed:
    """Read a table as makemap does: `#` in the first column, blank lines, key, blanks, value.

    Lines with an error are left out of `lines`; every finding has its line number.
    """
    lines: dict[str, Line] = {}
    findings: list[Finding] = []
    if "\r" in text:
        findings.append(_carriage_returns(text))
    for number, raw in enumerate(text.replace("\r\n", "\n").split("\n"), start=1):
        if not raw.strip() or raw.startswith("#"):
            continue
        line, found = _parse_line(number, raw)
        findings += [replace(finding, line=number) for finding in found]
        if line is None:
            continue
        if line.key in lines:
            findings.append(_duplicate(line, lines[line.key]))
        else:
            lines[line.key] = line
    return Parsed(tuple(lines.values()), tuple(findings))


def _parse_line(number: int, raw: str) -> tuple[Line | None, list[Finding]]:
    written, _, value = raw.strip().replace("\t", " ").partition(" ")
    value = value.strip()
    key = normalise_key(written)
    findings = [*_spelling(raw, written, key), *check_key(written)]
    findings += _check_value(key, value)
    if any(finding.severity is Severity.ERROR for finding in findings):
        return None, findings
    mailer, _, next_hop = value.partition(":")
    return Line(number, key, mailer, next_hop.strip()), findings


def _spelling(raw: str, written: str, key: str) -> list[Finding]:
    """Where the file says something else than what sendmail makes of it."""
    findings = []
    if raw[0].isspace():
        text = f"The line of {key} begins with a blank, which makemap refuses."
        findings.append(_warning("leading_blank", key, text, "It is read without it.", ""))
    if written.lower() != key:
        text = f"{written} never matches an address."
        findings.append(_warning("key_spelling", key, text, f"It is read as {key}.", "key"))
    return findings


def _check_value(key: str, value: str) -> list[Finding]:
    if not value:
        return [
            _error("value_missing", key, f"{key} has no value.", "Write mailer:[host] after it.")
        ]
    if not PRINTABLE.fullmatch(value):
        text = f"The value of {key} holds a character outside printable ASCII."
        return [_error("value_characters", key, text, "Write it with plain letters.")]
    mailer, colon, next_hop = value.partition(":")
    if not colon or not MAILER_NAME.fullmatch(mailer):
        text = f"The value {value} of {key} names no mailer: sendmail passes over such a line."
        return [_error("value_without_mailer", key, text, f"Write esmtp:{value}.")]
    if not next_hop.strip():
        text = f"The value {value} of {key} has nothing after the mailer."
        return [_error("next_hop_missing", key, text, f"Write {mailer}:[host].")]
    if mailer != ERROR and re.search(r"\s", next_hop.strip()):
        text = f"The value of {key} goes on after a blank: {next_hop.strip()!r}."
        return [_error("value_blank", key, text, "Put a comment on a line of its own.")]
    return []


def value_of(item: RoutingObject, intent: Intent, facts: HostFacts) -> str:
    """The right side of an object. Raises KeyError for an unknown relay target."""
    match item.kind:
        case ObjectKind.VIRTUAL_DOMAIN:
            return local_value(facts)
        case ObjectKind.LOCAL_HOST:
            return f"{ESMTP}:[{item.key}]"
        case _ if item.relay_target is not None:
            return relay_value(intent.relay(item.relay_target))
        case _:
            return f"{item.mailer}:{item.next_hop}"


def values_of(intent: Intent, facts: HostFacts) -> Iterator[tuple[RoutingObject, str]]:
    """Each enabled object with its right side, as `value_of` gives it; for many."""
    virtual_domain, local = ObjectKind.VIRTUAL_DOMAIN, local_value(facts)
    local_host = ObjectKind.LOCAL_HOST
    relays = {relay.id: relay_value(relay) for relay in intent.relay_targets}
    for item in intent.objects:
        if not item.enabled:
            continue
        if item.kind is virtual_domain:
            yield item, local
        elif item.kind is not local_host and item.relay_target is not None:
            yield item, relays[item.relay_target]
        else:
            yield item, value_of(item, intent, facts)


def local_value(facts: HostFacts) -> str:
    """The value that hands mail to the list server's own MTA."""
    return f"{local_mailer(facts)}:{bracket(facts.local_mta_host)}"


def relay_value(relay: RelayTarget) -> str:
    """The value that hands mail to a relay target: its hosts in order, without MX look-ups."""
    return f"{relay_mailer(relay)}:{':'.join(bracket(host) for host in relay.hosts)}"


def format_mailertable(lines: Iterable[str]) -> str:
    """A table of lines `key, tab, value, line end`, in key order (a tab is less than any sign of a
    key), which makes makemap's btree nine times faster than a hash.

    One tab, not alignment: a longer key must not touch the lines of the others.
    """
    return "".join(sorted(lines))


def classify(
    lines: Iterable[Line],
    *,
    server: str,
    new_id: Callable[[], UUID],
    relay_port: int = SMTP_PORT,
) -> Intent:
    """Turn an existing table into intent: `[127.0.0.1]` is a virtual domain, `.` a relay target,
    a key equal to its `[host]` a local host, anything else a route or a foreign line.

    `relay_port` is where the target of `.` listens; a table cannot say it.
    """
    ordered = tuple(lines)
    relay = _relay_of_default(ordered, new_id, relay_port)
    relay_line = next((line.value for line in ordered if line.key == DEFAULT_KEY), None)
    objects = {}
    for line in ordered:
        names_relay = relay is not None and line.value == relay_line
        target = relay.id if relay is not None and names_relay else None
        item = _object_of(line, new_id(), target)
        objects[item.id] = item
    relays = {} if relay is None else {relay.id: relay}
    return make_intent(server, objects, relays)


def _relay_of_default(
    lines: tuple[Line, ...], new_id: Callable[[], UUID], port: int
) -> RelayTarget | None:
    for line in lines:
        if line.key == DEFAULT_KEY and line.mailer == ESMTP:
            hosts = tuple(_bare(host) for host in split_next_hop(line.next_hop))
            relay = RelayTarget(new_id(), _relay_name(hosts[0]), hosts, SMTP_PORT)
            # A table by MX (`esmtp:smtp1`) or with commas has no relay target of the same value.
            return replace(relay, port=port) if relay_value(relay) == line.value else None
    return None


def _bare(host: str) -> str:
    return host if host.lower().startswith("[ipv6:") else host.strip("[]")


def _relay_name(host: str) -> str:
    label = host.split(".")[0].lower().replace("_", "-")
    return "relay" if label.isdigit() or check_relay_name(label) else label


def _object_of(line: Line, identity: UUID, relay_target: UUID | None) -> RoutingObject:
    full_name = not line.key.startswith(".")
    if relay_target is not None:
        return RoutingObject(identity, ObjectKind.ROUTE, line.key, relay_target=relay_target)
    if full_name and line.value == f"{ESMTP}:{LOCAL_MTA_HOP}":
        return RoutingObject(identity, ObjectKind.VIRTUAL_DOMAIN, line.key)
    if full_name and line.value == f"{ESMTP}:[{line.key}]":
        return RoutingObject(identity, ObjectKind.LOCAL_HOST, line.key)
    kind = ObjectKind.ROUTE if _is_route(line) else ObjectKind.FOREIGN_LINE
    return RoutingObject(identity, kind, line.key, mailer=line.mailer, next_hop=line.next_hop)


def _is_route(line: Line) -> bool:
    if line.mailer == ERROR:
        return not check_error_text(line.next_hop)
    return line.mailer in SMTP_MAILERS and not check_next_hop(line.next_hop)


def _duplicate(line: Line, first: Line) -> Finding:
    text = f"{line.key} is on line {first.number} already: makemap refuses a second value."
    advice = f"Remove one of the two ({first.value} or {line.value})."
    return replace(_error("key_duplicate", line.key, text, advice), line=line.number)


def _carriage_returns(text: str) -> Finding:
    number = text[: text.index("\r")].count("\n") + 1
    words = "The file has carriage returns, which makemap takes for a part of the value."
    finding = _warning("carriage_return", "", words, "They are read as line ends.", "")
    return replace(finding, line=number)


def _error(code: str, key: str, text: str, advice: str) -> Finding:
    return Finding(code, Severity.ERROR, key, text, advice, "value")


def _warning(code: str, key: str, text: str, advice: str, field: str) -> Finding:
    return Finding(code, Severity.WARNING, key, text, advice, field)
