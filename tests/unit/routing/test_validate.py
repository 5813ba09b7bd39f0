"""Findings about intent: all at once, each with what to write."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

import pytest
from hypothesis import given

from routing.core.findings import Finding, Severity
from routing.core.intent import Intent, ObjectKind, RelayTarget, RoutingObject
from routing.core.validate import validate_intent, validate_object, validate_relay
from tests.unit.routing.values import (
    FACTS,
    SEED,
    SMTP1,
    foreign,
    intent,
    intents,
    local,
    route,
    to_relay,
    virtual,
)


def codes(findings: tuple[Finding, ...]) -> list[str]:
    assert all(finding.text and finding.advice and finding.subject for finding in findings)
    return [finding.code for finding in findings]


def errors(findings: tuple[Finding, ...]) -> list[str]:
    return codes(tuple(f for f in findings if f.severity is Severity.ERROR))


def test_the_example_is_without_findings() -> None:
    assert validate_intent(SEED, FACTS) == ()


@given(intents())
def test_what_the_strategy_makes_is_valid(wanted: Intent) -> None:
    assert errors(validate_intent(wanted, FACTS)) == []


@pytest.mark.parametrize(
    ("item", "code"),
    [
        (virtual(1, "JRES.org"), "key_spelling"),
        (virtual(1, "jres.org:25"), "key_invalid"),
        (virtual(1, ".jres.org"), "key_not_full"),
        (virtual(1, "."), "key_not_full"),
        (local(1, ".renater.fr"), "key_not_full"),
        (replace(virtual(1, "a.org"), relay_target=SMTP1.id), "value_not_wanted"),
        (replace(local(1, "a.org"), next_hop="[b.org]"), "value_not_wanted"),
        (replace(to_relay(1, "a.org"), mailer="esmtp"), "route_twice"),
        (route(1, "a.org", "", ""), "route_empty"),
        (route(1, "a.org", "esmtp", "[b.org]:2526"), "next_hop_port"),
        (route(1, "a.org", "error", "5.7.1:450 x"), "error_code"),
        (route(1, "a.org", "uucp", "old"), "mailer_unknown"),
        (route(1, "a.org", "local", "joe"), "mailer_unknown"),
        (route(1, "a.org", "local_mta", "[127.0.0.1]"), "mailer_reserved"),
        (route(1, "a.org", "relay_smtp1", "[smtp1]"), "mailer_reserved"),
        (replace(to_relay(1, "."), enabled=False), "default_disabled"),
        (replace(foreign(1, "a.org", "x", "y"), relay_target=SMTP1.id), "value_not_wanted"),
        (foreign(1, "a.org", "x y", "z"), "foreign_value"),
        (foreign(1, "a.org", "esmtp", "a\nb.org\tx:y"), "foreign_value"),
        (foreign(1, "a.org", "esmtp", "é"), "foreign_value"),
        (foreign(1, "a.org", "esmtp", "x" * 501), "next_hop_long"),
        (route(1, "a.org", "error", "5.7.1:550 " + "no " * 200), "next_hop_long"),
    ],
)
def test_one_fault_of_an_object_gives_one_error(item: RoutingObject, code: str) -> None:
    assert errors(validate_object(item, facts=FACTS)) == [code]


def test_a_foreign_line_with_an_unknown_mailer_is_a_warning() -> None:
    (finding,) = validate_object(foreign(1, "a.org", "uucp", "old"))

    assert (finding.code, finding.severity) == ("mailer_unknown", Severity.WARNING)


def test_a_route_for_a_name_of_the_host_itself_is_a_warning() -> None:
    own = route(1, "listes.renater.fr", "esmtp", "[192.0.2.1]")

    (finding,) = validate_object(own, facts=FACTS)

    assert (finding.code, finding.severity) == ("key_is_own_name", Severity.WARNING)
    assert validate_object(virtual(1, "listes.renater.fr"), facts=FACTS) == ()
    assert validate_object(own) == ()


@pytest.mark.parametrize(
    ("relay", "code"),
    [
        (replace(SMTP1, hosts=()), "relay_empty"),
        (replace(SMTP1, name="Smtp 1"), "relay_name_invalid"),
        (replace(SMTP1, port=0), "port_invalid"),
        (replace(SMTP1, hosts=("[smtp1]",)), "host_invalid"),
        (replace(SMTP1, hosts=("a.org", "a.org")), "relay_host_twice"),
        (replace(SMTP1, hosts=("127.0.0.1",)), "relay_loopback"),
        (replace(SMTP1, hosts=("smtp1.renater.fr", "localhost")), "relay_loopback"),
        (replace(SMTP1, hosts=("Listes.renater.fr.",)), "relay_loopback"),
        (
            replace(SMTP1, hosts=tuple(f"smtp{n}.{'a' * 40}.org" for n in range(16))),
            "relay_too_long",
        ),
    ],
)
def test_one_fault_of_a_relay_target_gives_one_error(relay: RelayTarget, code: str) -> None:
    assert errors(validate_relay(relay, facts=FACTS)) == [code]


def test_two_objects_with_one_key_are_refused() -> None:
    both = Intent("listes", (virtual(1, "a.org"), local(2, "a.org")))

    assert errors(validate_intent(both, FACTS)) == ["key_duplicate"]


def test_a_route_to_an_unknown_relay_target_is_refused() -> None:
    lost = Intent("listes", (to_relay(1, "."),))

    assert errors(validate_intent(lost, FACTS)) == ["relay_unknown"]


def test_two_relay_targets_with_one_name_are_refused() -> None:
    twin = replace(SMTP1, id=UUID(int=9), hosts=("smtp9.renater.fr",))
    both = intent(to_relay(1, "."), to_relay(2, "a.org", twin), relays=[SMTP1, twin])

    assert errors(validate_intent(both, FACTS)) == ["relay_duplicate"]


def test_a_relay_target_that_is_written_out_is_a_warning() -> None:
    hidden = intent(to_relay(1, "."), route(2, "a.org", "esmtp", "[smtp1.renater.fr]"))

    (finding,) = validate_intent(hidden, FACTS)

    assert (finding.code, finding.severity) == ("relay_written_out", Severity.WARNING)


def test_no_way_out_and_no_line_at_all_are_warnings() -> None:
    assert codes(validate_intent(intent(virtual(1, "a.org")), FACTS)) == ["default_missing"]
    assert codes(validate_intent(intent(), FACTS)) == ["table_empty"]
    off = intent(virtual(1, "a.org", enabled=False))
    assert codes(validate_intent(off, FACTS)) == ["table_empty"]


def test_more_mailers_than_sendmail_knows_are_refused() -> None:
    relays = [RelayTarget(UUID(int=n), f"r{n}", (f"r{n}.org",), 2500 + n) for n in range(100, 117)]
    routes = [to_relay(relay.id.int + 100, f"k{relay.id.int}.org", relay) for relay in relays]

    fits = intent(to_relay(1, ".", relays[0]), *routes[:16], relays=relays)
    over = intent(to_relay(1, ".", relays[0]), *routes, relays=relays)

    assert errors(validate_intent(fits, FACTS)) == []
    assert errors(validate_intent(over, FACTS)) == ["too_many_mailers"]


def test_every_fault_is_reported_at_once() -> None:
    bad = Intent(
        "listes",
        (virtual(1, "a b"), to_relay(2, "."), route(3, "c.org", "", "")),
        (replace(SMTP1, port=0, hosts=("127.0.0.1",)),),
    )

    assert errors(validate_intent(bad, FACTS)) == [
        "key_invalid",
        "route_empty",
        "port_invalid",
        "relay_loopback",
    ]


def test_a_virtual_domain_is_one_full_name() -> None:
    (finding,) = validate_object(
        RoutingObject(UUID(int=1), ObjectKind.VIRTUAL_DOMAIN, ".jres.org"), facts=FACTS
    )

    assert finding.advice == "Write jres.org, or add a route for .jres.org."
