"""What is odd about a line, told with what happens to mail and the edit that mends it."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.core.facts import HostFacts
from routing.core.findings import Severity
from routing.core.intent import Intent, RelayTarget, RoutingObject, make_intent
from routing.core.oddities import Mend, Odd, Oddity, odd_lines
from routing.core.render import render, table_lines
from routing.core.resolve import Resolver, Table, Why
from routing.core.table import candidates
from tests.unit.routing.values import (
    FACTS,
    FEW_KEYS,
    SEED,
    foreign,
    intent,
    intents,
    local,
    route,
    to_relay,
    virtual,
)

LOOPING = RelayTarget(UUID(int=1003), "round", ("a.example", "listes.renater.fr"))


def odd(*objects: RoutingObject, facts: HostFacts = FACTS) -> tuple[Odd, ...]:
    return tuple(odd_lines(intent(*objects, relays=[*SEED.relay_targets, LOOPING]), facts))


def seen(found: tuple[Odd, ...]) -> list[tuple[str, Oddity, Mend | None]]:
    return [(one.item.key, one.kind, one.mend) for one in found]


def test_the_usual_table_has_nothing_odd() -> None:
    assert tuple(odd_lines(SEED, FACTS)) == ()


@pytest.mark.parametrize(
    ("item", "kind", "mend"),
    [
        (foreign(1, "a.org", "nosuch", "[b.example]"), Oddity.STOPS, Mend.DELETE),
        (to_relay(1, "a.org", LOOPING), Oddity.LOOP, Mend.RELAY),
        (route(1, "a.org", "esmtp", "[Listes.Renater.FR]"), Oddity.LOOP, Mend.NEXT_HOP),
        (route(1, "a.org", "esmtp", "[b.example]:[127.0.0.2]"), Oddity.LOOP, Mend.NEXT_HOP),
        (route(1, "a.org", "esmtp", "[127.0.0.1]"), Oddity.LOOPBACK, Mend.MAKE_VIRTUAL),
        (foreign(1, "a.org", "local", "someone"), Oddity.LOOPBACK, Mend.MAKE_VIRTUAL),
        (route(1, ".a.org", "esmtp", "[127.0.0.1]"), Oddity.LOOPBACK, Mend.ADD_VIRTUAL),
        (virtual(1, "a.org", enabled=False), Oddity.SWALLOWED, Mend.ENABLE),
        (route(1, "localhost", "esmtp", "[b.example]"), Oddity.SHADOWED, Mend.DELETE),
        (local(1, "listes.renater.fr"), Oddity.SHADOWED, Mend.DELETE),
        (route(1, "a.org", "esmtp", "a.org"), Oddity.OWN_MX, Mend.NEXT_HOP),
        (foreign(1, "*.org", "esmtp", "[b.example]"), Oddity.UNREACHABLE, Mend.DELETE),
        (foreign(1, "[192.0.2.1]", "esmtp", "[b.example]"), Oddity.UNREACHABLE, Mend.DELETE),
        (to_relay(1, "a.org"), Oddity.REDUNDANT, Mend.DELETE),
        (to_relay(1, ".a.org"), Oddity.REDUNDANT, Mend.DELETE),
    ],
)
def test_each_kind_is_told_with_its_edit(
    item: RoutingObject, kind: Oddity, mend: Mend | None
) -> None:
    assert seen(odd(item, to_relay(9, "."))) == [(item.key, kind, mend)]


@pytest.mark.parametrize(
    "item",
    [
        virtual(1, "a.org"),
        virtual(1, "localhost"),
        local(1, "a.org"),
        route(1, "a.org", "error", "5.7.1:550 closed"),
        route(1, "a.org", "esmtp", "[b.example]"),
        replace(route(1, "a.org", "esmtp", "[127.0.0.1]"), enabled=False),
    ],
)
def test_what_is_as_it_should_be_is_not_told(item: RoutingObject) -> None:
    assert odd(item, to_relay(9, ".")) == ()


def test_the_line_that_takes_a_disabled_domain_is_named() -> None:
    (found,) = odd(
        virtual(1, "lists.a.org", enabled=False), local(2, "x.org"), to_relay(3, ".a.org")
    )
    assert found.kind is Oddity.SWALLOWED
    assert "the line .a.org takes its mail: to [smtp1.renater.fr]" in found.finding.text


def test_a_virtual_domain_that_another_line_would_serve_as_well_is_kept() -> None:
    found = odd(virtual(1, "a.org"), route(2, ".org", "esmtp", "[127.0.0.1]"), to_relay(3, "."))
    assert seen(found) == [
        (".org", Oddity.LOOPBACK, Mend.ADD_VIRTUAL),
        ("a.org", Oddity.REDUNDANT, None),
    ]


def test_two_spellings_of_one_name_keep_the_stored_one() -> None:
    found = odd(
        foreign(1, "A.org", "esmtp", "[b.example]"),
        foreign(2, "bücher.example", "esmtp", "[b.example]"),
        foreign(3, "a.org", "esmtp", "[c.example]"),
        foreign(4, "xn--bcher-kva.example", "esmtp", "[c.example]"),
        foreign(5, "c.org.", "esmtp", "[c.example]"),
    )
    assert sorted(seen(found)) == [
        ("A.org", Oddity.TWIN, Mend.DELETE),
        ("bücher.example", Oddity.TWIN, Mend.DELETE),
        ("c.org.", Oddity.UNREACHABLE, Mend.DELETE),
    ]


def test_the_dot_is_never_deleted_from_here() -> None:
    (found,) = odd(foreign(1, ".", "nosuch", "[b.example]"))
    assert (found.kind, found.mend) == (Oddity.STOPS, None)
    (found,) = odd(route(1, ".", "esmtp", "[127.0.0.1]"))
    assert (found.kind, found.mend) == (Oddity.LOOPBACK, None)


def test_a_form_is_offered_only_for_a_line_that_has_one() -> None:
    (found,) = odd(foreign(1, "a.org", "esmtp", "[127.0.0.1]:25"), to_relay(9, "."))
    assert (found.kind, found.mend) == (Oddity.LOOP, None)
    (found,) = odd(route(1, ".", "esmtp", "[listes.renater.fr]"))
    assert (found.kind, found.mend) == (Oddity.LOOP, Mend.NEXT_HOP)


def test_a_relay_target_that_leads_back_is_named_for_its_edit() -> None:
    (found,) = odd(to_relay(1, ".", LOOPING))
    assert (found.kind, found.mend, found.relay) == (Oddity.LOOP, Mend.RELAY, "round")


@given(intents(FEW_KEYS))
def test_a_finding_never_blocks_and_every_text_says_what_to_do(wanted: Intent) -> None:
    render(wanted, FACTS)
    for found in odd_lines(wanted, FACTS):
        assert found.finding.severity is Severity.WARNING
        assert found.finding.code == f"line_{found.kind}"
        assert found.finding.subject == found.item.key
        assert found.finding.text.endswith(".")
        assert found.finding.advice.endswith(".")


@given(intents(FEW_KEYS), FEW_KEYS, st.sampled_from(["", "p.", "p.q."]))
def test_deleting_what_is_redundant_or_shadowed_moves_no_mail(
    wanted: Intent, key: str, below: str
) -> None:
    name = f"{below}{key.removeprefix('.') or 'any.example'}"
    for found in odd_lines(wanted, FACTS):
        if found.kind not in (Oddity.REDUNDANT, Oddity.SHADOWED, Oddity.UNREACHABLE):
            continue
        rest = replace(wanted, objects=tuple(o for o in wanted.objects if o.id != found.item.id))
        before, after = table_lines(wanted, FACTS), table_lines(rest, FACTS)
        for one, other in zip(before, after, strict=True):
            first = Resolver.of_host(Table(one), FACTS).resolve_name(name)
            second = Resolver.of_host(Table(other), FACTS).resolve_name(name)
            assert first.why is not Why.OPAQUE
            assert first.answer == second.answer


@given(intents(FEW_KEYS))
def test_one_object_alone_has_the_findings_that_it_has_in_the_whole_table(wanted: Intent) -> None:
    whole = [(one.item.id, one.finding, one.mend) for one in odd_lines(wanted, FACTS)]
    alone = []
    for item in wanted.objects:
        name = f"name{item.key}" if item.key.startswith(".") else item.key
        keys = set(candidates("any.example" if item.key == "." else name))
        few = {other.id: other for other in wanted.objects if other.key in keys}
        part = make_intent(wanted.server, few, {relay.id: relay for relay in wanted.relay_targets})
        alone += [
            (one.item.id, one.finding, one.mend)
            for one in odd_lines(part, FACTS)
            if one.item.id == item.id
        ]
    assert alone == whole
