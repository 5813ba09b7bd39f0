"""Which objects are passed in bulk: the findings are the same as when each of them is looked at."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.core import validate
from routing.core.intent import Intent, ObjectKind, RoutingObject
from routing.core.plain import BLOCK, not_plain
from routing.core.validate import validate_intent, validate_object
from tests.unit.routing.values import FACTS, ROUGH_TEXT, SMTP1, to_relay, virtual

LABELS = st.text(alphabet="az09-_A.[]é \n", min_size=0, max_size=4) | st.sampled_from(
    ["x" * 63, "x" * 64, "xn--a", "10", "255"]
)
NAMES = st.lists(LABELS, min_size=1, max_size=5).map(".".join) | st.sampled_from(
    [
        "10.0.0.1",
        "jres.org",
        "jres.org\na.org",
        ".jres.org",
        "listes.renater.fr",
        "x" * 60 + ("." + "y" * 60) * 3,
        ".",
        "",
    ]
)
PLAIN_NAMES = st.sampled_from(["a.org", "b.org", "c-d.org", "e_f.x.org"])
OBJECTS = st.builds(
    RoutingObject,
    id=st.just(UUID(int=7)),
    kind=st.sampled_from(ObjectKind),
    key=st.tuples(st.sampled_from(["", "."]), NAMES).map("".join) | ROUGH_TEXT,
    enabled=st.booleans(),
    relay_target=st.sampled_from([None, SMTP1.id, UUID(int=1)]),
    mailer=st.sampled_from(["", "esmtp"]),
    next_hop=st.sampled_from(["", "[host.example]", "[smtp1.renater.fr]"]),
)
USUAL = st.builds(
    RoutingObject,
    id=st.just(UUID(int=7)),
    kind=st.sampled_from([ObjectKind.VIRTUAL_DOMAIN, ObjectKind.LOCAL_HOST]),
    key=PLAIN_NAMES,
)
MIXED = st.lists(USUAL | OBJECTS, max_size=20)


def intent_of(*objects: RoutingObject) -> Intent:
    """As they are: neither in order nor each key once."""
    return Intent("listes", objects, (SMTP1,))


@given(MIXED)
def test_the_findings_are_those_of_looking_at_each_object(objects: list[RoutingObject]) -> None:
    wanted = intent_of(*objects)
    in_bulk = validate_intent(wanted, FACTS)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(validate, "not_plain", lambda intent, facts: intent.objects)
        assert validate_intent(wanted, FACTS) == in_bulk


@given(OBJECTS)
def test_what_is_passed_has_no_finding(item: RoutingObject) -> None:
    if not list(not_plain(intent_of(item), FACTS)):
        assert validate_object(item, facts=FACTS) == ()


@given(MIXED, st.integers(0, 2 * BLOCK))
def test_the_others_of_a_block_change_nothing(objects: list[RoutingObject], many: int) -> None:
    alone = [item for item in objects if list(not_plain(intent_of(item), FACTS))]
    usual = [virtual(1, "jres.org")] * many

    assert list(not_plain(intent_of(*usual, *objects, *usual), FACTS)) == alone


@pytest.mark.parametrize(
    "item",
    [
        virtual(7, "jres.org"),
        RoutingObject(UUID(int=7), ObjectKind.LOCAL_HOST, "a_b.x-1.example", enabled=False),
        to_relay(7, ".jres.org"),
        virtual(7, f"{'x' * 63}.{'y' * 63}.{'z' * 63}.{'a' * 51}"),
        to_relay(7, f".{'x' * 63}.{'y' * 63}.{'z' * 63}.{'a' * 51}"),
    ],
)
def test_the_usual_object_is_passed(item: RoutingObject) -> None:
    assert list(not_plain(intent_of(item), FACTS)) == []


@pytest.mark.parametrize("place", [0, 1, BLOCK - 1, BLOCK, 2 * BLOCK, 3 * BLOCK - 1])
@pytest.mark.parametrize(
    "odd",
    [
        virtual(7, f"{'x' * 64}.org"),
        virtual(7, f"{'x' * 63}.{'y' * 63}.{'z' * 63}.{'a' * 52}"),
        virtual(7, "jres-.org"),
        virtual(7, "jres.org\n"),
        virtual(7, "a.org\nb.org"),
        virtual(7, ".jres.org"),
        virtual(7, "listes.renater.fr"),
        replace(to_relay(7, "jres.org"), relay_target=UUID(int=1)),
    ],
)
def test_what_needs_a_look_is_found_wherever_it_is(odd: RoutingObject, place: int) -> None:
    objects = [virtual(1, "a.org")] * (3 * BLOCK)
    objects[place] = odd

    assert list(not_plain(intent_of(*objects), FACTS)) == [odd]
