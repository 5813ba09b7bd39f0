"""Edits: the difference of two intents, what a picked one needs, and what it makes."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.core.edits import Edit, Op, apply_edits, compute_edits, pull_in
from routing.core.findings import Severity
from routing.core.intent import Intent
from routing.core.validate import validate_intent
from tests.unit.routing.values import (
    FACTS,
    FEW_KEYS,
    SEED,
    SMTP1,
    SMTP2,
    intent,
    intents,
    local,
    to_relay,
    virtual,
)

PAIRS = st.tuples(intents(FEW_KEYS), intents(FEW_KEYS))


def ids(*numbers: int) -> frozenset[UUID]:
    return frozenset(UUID(int=number) for number in numbers)


def pulled(live: Intent | None, rows: Intent, *picked: int) -> frozenset[UUID]:
    return pull_in(compute_edits(live, rows), ids(*picked))


def test_each_kind_of_edit_is_found_with_both_values() -> None:
    rows = intent(
        virtual(1, "renater.fr", enabled=False),
        virtual(2, "demo.sympa.org"),
        local(4, "host.renater.fr"),
        to_relay(5, "."),
        virtual(6, "new.org"),
    )

    assert compute_edits(SEED, rows) == (
        Edit(UUID(int=3), "virtual_domain", Op.DELETE, "jres.org", virtual(3, "jres.org"), None),
        Edit(UUID(int=6), "virtual_domain", Op.CREATE, "new.org", None, virtual(6, "new.org")),
        Edit(
            UUID(int=1),
            "virtual_domain",
            Op.UPDATE,
            "renater.fr",
            virtual(1, "renater.fr"),
            virtual(1, "renater.fr", enabled=False),
        ),
    )


def test_before_the_first_release_everything_is_new() -> None:
    edits = compute_edits(None, SEED)

    assert {edit.op for edit in edits} == {Op.CREATE}
    assert [edit.name for edit in edits][:2] == ["smtp1", "."]
    assert apply_edits(None, SEED, frozenset()) == Intent("listes")


def test_intents_of_two_servers_are_not_compared() -> None:
    with pytest.raises(ValueError, match="smtp9"):
        compute_edits(intent(server="smtp9"), SEED)


def test_a_route_pulls_in_the_new_relay_target_that_it_names() -> None:
    rows = intent(*SEED.objects, to_relay(6, "a.org", SMTP2))

    assert pulled(SEED, rows, 6) == ids(6, 1002)
    assert apply_edits(SEED, rows, ids(6)) == rows


def test_a_route_pulls_in_the_changed_relay_target_that_it_names() -> None:
    moved = replace(SMTP1, port=26)
    rows = intent(*SEED.objects, to_relay(6, "a.org", moved), relays=[moved])

    assert pulled(SEED, rows, 6) == ids(6, 1001)
    assert pulled(SEED, rows, 1001) == ids(1001)


def test_a_key_that_moved_joins_both_objects() -> None:
    live = intent(virtual(1, "a.org"), virtual(2, "b.org"))
    rows = intent(virtual(1, "b.org"), virtual(2, "c.org"))

    assert pulled(live, rows, 1) == ids(1, 2)
    assert pulled(live, rows, 2) == ids(1, 2)


def test_a_key_that_changed_its_kind_joins_both_objects() -> None:
    live = intent(virtual(1, "a.org"))
    rows = intent(local(2, "a.org"))

    assert pulled(live, rows, 2) == ids(1, 2)
    assert pulled(live, rows, 1) == ids(1, 2)


def test_a_relay_target_that_goes_pulls_in_the_routes_that_left_it() -> None:
    live = intent(to_relay(1, "."), to_relay(2, "a.org"), virtual(3, "b.org"))
    rows = intent(to_relay(1, ".", SMTP2), virtual(3, "b.org", enabled=False))

    assert pulled(live, rows, 1001) == ids(1001, 1, 2, 1002)
    assert pulled(live, rows, 3) == ids(3)


def test_a_relay_targets_name_that_moved_joins_both() -> None:
    twin = replace(SMTP2, name="smtp1")
    live = intent(to_relay(1, "."))
    rows = intent(to_relay(1, ".", twin), relays=[twin])

    assert pulled(live, rows, 1002) == ids(1001, 1002, 1)


def test_ids_that_are_no_edit_are_dropped() -> None:
    assert pulled(SEED, SEED, 1, 99) == frozenset()


def test_a_colleagues_edit_stays_out() -> None:
    rows = intent(*SEED.objects[:-1], virtual(6, "mine.org"), virtual(7, "half-done.org"))

    got = apply_edits(SEED, rows, ids(6))

    assert [item.key for item in got.objects if item not in SEED.objects] == ["mine.org"]
    assert set(SEED.objects) < set(got.objects)


@given(PAIRS)
def test_all_edits_give_the_rows_and_none_the_live_intent(pair: tuple[Intent, Intent]) -> None:
    live, rows = pair
    everything = frozenset(edit.object_id for edit in compute_edits(live, rows))

    assert apply_edits(live, rows, everything) == rows
    assert apply_edits(live, rows, frozenset()) == live
    assert (
        apply_edits(
            None, rows, frozenset(compute.object_id for compute in compute_edits(None, rows))
        )
        == rows
    )


@given(PAIRS, st.data())
def test_any_pick_of_two_valid_intents_gives_a_valid_one(
    pair: tuple[Intent, Intent], data: st.DataObject
) -> None:
    live, rows = pair
    edits = compute_edits(live, rows)
    every = sorted({edit.object_id for edit in edits})
    picked = frozenset(data.draw(st.sets(st.sampled_from(every))) if every else ())

    got = apply_edits(live, rows, picked)

    findings = validate_intent(got, FACTS)
    assert [finding for finding in findings if finding.severity is Severity.ERROR] == []


@given(PAIRS, st.data())
def test_pulling_in_twice_adds_nothing(pair: tuple[Intent, Intent], data: st.DataObject) -> None:
    live, rows = pair
    edits = compute_edits(live, rows)
    every = sorted({edit.object_id for edit in edits})
    picked = frozenset(data.draw(st.sets(st.sampled_from(every))) if every else ())

    once = pull_in(edits, picked)

    assert picked <= once <= frozenset(every)
    assert pull_in(edits, once) == once


@given(intents())
def test_an_intent_against_itself_has_no_edit(same: Intent) -> None:
    assert compute_edits(same, same) == ()
