"""What is wrong with intent, all of it at once, each finding with what to write instead."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from itertools import islice
from operator import lt

from routing.core.error_values import check_error_text
from routing.core.facts import HostFacts
from routing.core.findings import Finding, Severity
from routing.core.intent import DEFAULT_KEY, Intent, ObjectKind, RelayTarget, RoutingObject
from routing.core.mailers import (
    ERROR,
    OWN_MAILERS,
    SMTP_MAILERS,
    is_reserved,
    mailers_of,
    relay_mailer,
)
from routing.core.mailertable import (
    LINE_LIMIT,
    MAILER_NAME,
    PRINTABLE,
    VALUE_LIMIT,
    relay_value,
)
from routing.core.names import (
    check_host,
    check_key,
    check_port,
    check_relay_name,
    is_loopback,
    normalise_key,
    normalise_name,
)
from routing.core.next_hop import check_next_hop
from routing.core.plain import not_plain

FULL_NAME_KINDS = {
    ObjectKind.VIRTUAL_DOMAIN: "A virtual domain",
    ObjectKind.LOCAL_HOST: "A local host",
}
OWN_NAME = "key_is_own_name"
"""The code of the finding that the host takes a key for its own name."""
MAILER_LIMIT = 40
NEXT_HOP_LIMIT = 500
MAILER_CHOICES = ", ".join(sorted(SMTP_MAILERS | {ERROR}))


def validate_intent(intent: Intent, facts: HostFacts) -> tuple[Finding, ...]:
    """Every finding about the objects, the relay targets, and what they are together."""
    relays = {relay.id for relay in intent.relay_targets}
    to_look_at = tuple(not_plain(intent, facts))
    findings: list[Finding] = []
    for item in to_look_at:
        findings += validate_object(item, facts=facts)
        if item.relay_target is not None and item.relay_target not in relays:
            text = f"{item.key} names a relay target that does not exist."
            findings.append(_error("relay_unknown", item.key, text, "Choose one.", "relay_target"))
    for relay in intent.relay_targets:
        findings += validate_relay(relay, facts=facts)
    findings += _duplicate_keys(intent.objects)
    findings += _duplicate_relays(intent.relay_targets)
    findings += _hidden_relays(to_look_at, intent.relay_targets)
    findings += _whole(to_look_at, intent, facts)
    return tuple(findings)


def validate_object(item: RoutingObject, *, facts: HostFacts | None = None) -> tuple[Finding, ...]:
    """Findings about one object by itself; `facts` adds those about the host's own names."""
    full_name = item.kind in FULL_NAME_KINDS
    findings = [*check_key(item.key, full_name=full_name), *_key_spelling(item)]
    findings += _key_of_kind(item)
    match item.kind:
        case ObjectKind.VIRTUAL_DOMAIN | ObjectKind.LOCAL_HOST:
            findings += _no_value(item)
        case ObjectKind.ROUTE:
            findings += _route_value(item)
        case ObjectKind.FOREIGN_LINE:
            findings += _foreign_value(item)
    findings += _too_long(item)
    if item.key == DEFAULT_KEY and not item.enabled:
        text = "The . key is disabled: all other mail would go straight to the MX."
        advice = "Delete the route if that is wanted, or name another relay target."
        findings.append(_error("default_disabled", item.key, text, advice, "enabled"))
    if facts is not None and item.enabled:
        findings += _own_name(item, facts)
    return tuple(findings)


def validate_relay(relay: RelayTarget, *, facts: HostFacts | None = None) -> tuple[Finding, ...]:
    """Findings about one relay target: its name, its hosts in order, its port."""
    findings = [*check_relay_name(relay.name), *check_port(str(relay.port))]
    if not relay.hosts:
        text = f"The relay target {relay.name} has no host."
        findings.append(_error("relay_empty", relay.name, text, "Name at least one.", "hosts"))
    elif (length := len(relay_value(relay))) > VALUE_LIMIT:
        text = (
            f"The hosts of {relay.name} make a value of {length} characters; makemap takes lines"
            f" of {LINE_LIMIT} with the key."
        )
        findings.append(_error("relay_too_long", relay.name, text, "Name fewer hosts.", "hosts"))
    for host, count in Counter(relay.hosts).items():
        findings += check_host(host, field="hosts")
        if count > 1:
            text = f"{host} stands {count} times in the relay target {relay.name}."
            findings.append(_error("relay_host_twice", host, text, "Name it once.", "hosts"))
        if _is_this_host(host, facts):
            text = f"{host} is the list server itself: mail would come back and be bounced."
            advice = "Name the outgoing relay, for example smtp1.renater.fr."
            findings.append(_error("relay_loopback", host, text, advice, "hosts"))
    return tuple(findings)


def _too_long(item: RoutingObject) -> Iterable[Finding]:
    limits = {"mailer": MAILER_LIMIT, "next_hop": NEXT_HOP_LIMIT}
    for field, limit in limits.items():
        if (length := len(getattr(item, field))) > limit:
            what = field.replace("_", " ")
            text = f"The {what} of {item.key} has {length} characters, more than {limit}."
            yield _error(f"{field}_long", item.key, text, "Write a shorter one.", field)


def _is_this_host(host: str, facts: HostFacts | None) -> bool:
    own = set() if facts is None else {facts.fqdn, *facts.class_w}
    return is_loopback(host) or normalise_name(host) in own


def _key_spelling(item: RoutingObject) -> tuple[Finding, ...]:
    key = normalise_key(item.key)
    if key == item.key:
        return ()
    text = f"{item.key} is not in the spelling that sendmail compares."
    return (_error("key_spelling", item.key, text, f"Write {key}.", "key"),)


def _key_of_kind(item: RoutingObject) -> tuple[Finding, ...]:
    owner = FULL_NAME_KINDS.get(item.kind)
    if owner is None or not item.key.startswith("."):
        return ()
    if item.key == DEFAULT_KEY:
        text, advice = f"{owner} is one full name, not a dot.", "For all other mail add a route."
    else:
        text = f"{owner} is one full name, not {item.key}."
        advice = f"Write {item.key.lstrip('.') or 'a name'}, or add a route for {item.key}."
    return (_error("key_not_full", item.key, text, advice, "key"),)


def _no_value(item: RoutingObject) -> tuple[Finding, ...]:
    if item.relay_target is None and not item.mailer and not item.next_hop:
        return ()
    text = f"{item.key} has a next hop of its own, which its kind does not have."
    return (_error("value_not_wanted", item.key, text, "Make it a route.", "next_hop"),)


def _route_value(item: RoutingObject) -> tuple[Finding, ...]:
    own = bool(item.mailer or item.next_hop)
    if item.relay_target is not None:
        text = f"{item.key} names a relay target and a next hop."
        wrong = _error("route_twice", item.key, text, "Keep one of the two.", "next_hop")
        return (wrong,) if own else ()
    if not own:
        text = f"{item.key} names neither a relay target nor a next hop."
        return (_error("route_empty", item.key, text, "Name one of the two.", "next_hop"),)
    if item.mailer == ERROR:
        return _about(item, check_error_text(item.next_hop))
    if item.mailer in SMTP_MAILERS:
        return _about(item, check_next_hop(item.next_hop))
    return (_unknown_mailer(item, Severity.ERROR),)


def _foreign_value(item: RoutingObject) -> tuple[Finding, ...]:
    """An imported line is kept as it is; only what cannot be one line of a table is refused."""
    if item.relay_target is not None:
        text = f"The foreign line {item.key} names a relay target."
        return (_error("value_not_wanted", item.key, text, "Make it a route.", "relay_target"),)
    if not MAILER_NAME.fullmatch(item.mailer) or not PRINTABLE.fullmatch(item.next_hop):
        text = f"The value of the foreign line {item.key} cannot stand in a mailertable."
        advice = "Write mailer:next hop in printable ASCII on one line."
        return (_error("foreign_value", item.key, text, advice, "next_hop"),)
    if item.mailer in SMTP_MAILERS | {ERROR}:
        return ()
    return (_unknown_mailer(item, Severity.WARNING),)


def _unknown_mailer(item: RoutingObject, severity: Severity) -> Finding:
    if is_reserved(item.mailer):
        text = f"The mailer {item.mailer} of {item.key} is one that rendering makes."
        advice = "Name the relay target instead."
        return _error("mailer_reserved", item.key, text, advice, "mailer")
    text = f"sendmail knows no mailer {item.mailer or '(empty)'}, which {item.key} names."
    advice = f"Use one of {MAILER_CHOICES}."
    return Finding("mailer_unknown", severity, item.key, text, advice, "mailer")


def _own_name(item: RoutingObject, facts: HostFacts) -> tuple[Finding, ...]:
    if item.key not in facts.class_w or item.kind is ObjectKind.VIRTUAL_DOMAIN:
        return ()
    text = (
        f"{facts.name} takes {item.key} for its own name: its mail goes to the local MTA, "
        "and the table is not asked."
    )
    advice = "Remove the route, or the name from the host's class w."
    return (Finding(OWN_NAME, Severity.WARNING, item.key, text, advice, "key"),)


def _duplicate_keys(objects: Iterable[RoutingObject]) -> Iterable[Finding]:
    keys = [item.key for item in objects]
    if all(map(lt, keys, islice(keys, 1, None))):
        return  # In order, and so each of them once: counting takes five times as long.
    counts = Counter(keys)
    for key in sorted(key for key, count in counts.items() if count > 1):
        text = f"{key} is there {counts[key]} times: makemap refuses a second value."
        yield _error("key_duplicate", key, text, "Keep one of them.", "key")


def _duplicate_relays(relays: Iterable[RelayTarget]) -> Iterable[Finding]:
    counts = Counter(relay.name for relay in relays)
    for name in sorted(name for name, count in counts.items() if count > 1):
        text = f"{counts[name]} relay targets have the name {name}."
        yield _error("relay_duplicate", name, text, "Give each its own name.", "name")


def _hidden_relays(
    to_look_at: Iterable[RoutingObject], relays: Iterable[RelayTarget]
) -> Iterable[Finding]:
    """Routes that write a relay target out: the fallback would keep them."""
    values = {relay_value(relay): relay.name for relay in relays if relay.hosts}
    for item in to_look_at:
        name = values.get(f"{item.mailer}:{item.next_hop}") if item.mailer else None
        if name is not None and item.enabled:
            text = f"{item.key} writes out the relay target {name}: the fallback keeps that line."
            advice = f"Let the route name {name}."
            severity = Severity.WARNING
            yield Finding("relay_written_out", severity, item.key, text, advice, "relay_target")


def _whole(
    to_look_at: Iterable[RoutingObject], intent: Intent, facts: HostFacts
) -> Iterable[Finding]:
    if not any(item.enabled for item in intent.objects):
        text = f"Nothing is left in the table of {intent.server}."
        advice = "All mail would go straight to the MX."
        yield Finding("table_empty", Severity.WARNING, intent.server, text, advice)
    elif not any(item.key == DEFAULT_KEY and item.enabled for item in to_look_at):
        text = f"{intent.server} has no . key: all other mail goes straight to the MX."
        advice = "Add a route for . that names the relay target."
        yield Finding("default_missing", Severity.WARNING, intent.server, text, advice)
    if len(mailers_of(intent, facts)) > OWN_MAILERS:
        text = f"sendmail takes {OWN_MAILERS} mailers beside its own, one for each port but 25."
        names = ", ".join(relay.name for relay in intent.relay_targets if relay_mailer(relay))
        advice = f"Let some of {names} listen on port 25."
        yield _error("too_many_mailers", intent.server, text, advice, "port")


def _about(item: RoutingObject, findings: Iterable[Finding]) -> tuple[Finding, ...]:
    return tuple(replace(finding, subject=item.key) for finding in findings)


def _error(code: str, subject: str, text: str, advice: str, field: str) -> Finding:
    return Finding(code, Severity.ERROR, subject, text, advice, field)
