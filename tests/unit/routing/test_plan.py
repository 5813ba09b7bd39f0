"""The plan per key, and the guards."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.core.bundle import Bundle
from routing.core.edits import Op
from routing.core.intent import Intent, RoutingObject
from routing.core.plan import Change, Plan, guards, make_plan, plan_from_json, plan_to_json
from routing.core.render import render
from tests.unit.routing.values import (
    FACTS,
    FEW_KEYS,
    MOVED_MTA,
    SEED,
    SMTP1,
    SMTP2,
    intent,
    intents,
    route,
    to_relay,
    virtual,
)


def bundle(wanted: Intent) -> Bundle:
    return render(wanted, FACTS)


def plan(before: Intent | None, after: Intent) -> Plan:
    return make_plan(None if before is None else bundle(before), bundle(after))


def without(wanted: Intent, *keys: str) -> list[RoutingObject]:
    return [item for item in wanted.objects if item.key not in keys]


def codes(found: Plan) -> list[str]:
    assert all(guard.text and guard.advice for guard in guards(found))
    return [guard.code for guard in guards(found)]


def test_a_new_domain_was_routed_by_another_key_before() -> None:
    found = plan(SEED, intent(*SEED.objects, virtual(6, "lists.example")))

    assert found.changes == (
        Change(
            op=Op.CREATE,
            key="lists.example",
            before="esmtp:[smtp1.renater.fr]",
            after="esmtp:[127.0.0.1]",
            before_by=".",
            after_by="",
            fallback_before="",
            fallback_after="esmtp:[127.0.0.1]",
        ),
    )
    assert (found.keys_before, found.keys_after, found.first) == (5, 6, False)
    assert (found.other_files, found.mailers) == ((), ())
    assert codes(found) == []


def test_a_deleted_domain_is_routed_by_the_nearest_suffix_after() -> None:
    live = intent(*SEED.objects, route(6, ".fr", "esmtp", "[192.0.2.9]"))

    found = plan(live, intent(*without(live, "renater.fr")))

    (change,) = found.changes
    assert (change.op, change.key) == (Op.DELETE, "renater.fr")
    assert (change.after, change.after_by) == ("esmtp:[192.0.2.9]", ".fr")
    assert change.fallback_after == "esmtp:[192.0.2.9]"


def test_changes_are_in_order_deletes_first() -> None:
    after = intent(
        *without(SEED, "jres.org", "demo.sympa.org", "renater.fr"),
        route(1, "renater.fr", "esmtp", "[192.0.2.1]"),
        virtual(8, "b.org"),
        virtual(9, "a.org"),
    )

    found = plan(SEED, after)

    assert [(change.op.value, change.key) for change in found.changes] == [
        ("delete", "demo.sympa.org"),
        ("delete", "jres.org"),
        ("update", "renater.fr"),
        ("create", "a.org"),
        ("create", "b.org"),
    ]


def test_the_first_release_creates_every_key_and_needs_no_reason() -> None:
    found = plan(None, SEED)

    assert found.first
    assert {change.op for change in found.changes} == {Op.CREATE}
    assert found.keys == {item.key for item in SEED.objects}
    assert found.other_files == ("sympa-fallback.mc", "sympa.conf", "sympa.mc")
    assert codes(found) == []


def test_a_change_that_only_the_fallback_sees_is_in_the_plan() -> None:
    written = intent(*SEED.objects, route(6, "a.org", "esmtp", "[smtp1.renater.fr]"))
    named = intent(*SEED.objects, to_relay(6, "a.org"))

    (change,) = plan(written, named).changes

    assert (change.op, change.key) == (Op.UPDATE, "a.org")
    assert change.before == change.after == "esmtp:[smtp1.renater.fr]"
    assert (change.fallback_before, change.fallback_after) == ("esmtp:[smtp1.renater.fr]", "")
    assert change.to_relay


def test_a_change_of_the_default_needs_a_reason() -> None:
    moved = intent(*without(SEED, "."), to_relay(5, ".", SMTP2))

    assert codes(plan(SEED, moved)) == ["default_key", "relay_target"]
    assert codes(plan(SEED, intent(*without(SEED, ".")))) == ["default_key"]


def test_a_relay_targets_new_host_needs_a_reason() -> None:
    live = intent(*SEED.objects, to_relay(6, "a.org", SMTP2))
    moved = replace(SMTP2, hosts=("smtp3.renater.fr",))

    found = plan(live, intent(*live.objects, relays=[SMTP1, moved]))

    assert codes(found) == ["relay_target"]


def test_a_relay_targets_new_port_needs_a_reason_though_no_key_changes() -> None:
    live = intent(*SEED.objects, to_relay(6, "a.org", SMTP2))
    moved = replace(SMTP2, port=2527)

    found = plan(live, intent(*live.objects, relays=[SMTP1, moved]))

    assert found.changes == ()
    assert found.other_files == ("sympa-fallback.mc", "sympa.mc")
    assert found.mailers == ("relay_smtp2",)
    assert codes(found) == ["relay_target"]


def test_a_moved_local_mta_is_named() -> None:
    found = make_plan(render(SEED, FACTS), render(SEED, MOVED_MTA))

    assert found.mailers == ("local_mta",)
    assert {change.key for change in found.changes} == {"renater.fr", "demo.sympa.org", "jres.org"}


@pytest.mark.parametrize(
    ("keys", "touched", "guarded"), [(10, 3, False), (10, 4, True), (9, 9, False), (20, 7, True)]
)
def test_more_than_three_in_ten_need_a_reason(keys: int, touched: int, guarded: bool) -> None:
    domains = [virtual(n, f"d{n}.org") for n in range(1, keys)]
    default = to_relay(99, ".")
    live = intent(default, *domains)
    kept = domains[: len(domains) - touched] if touched < keys else [virtual(98, "z.org")]

    found = plan(live, intent(default, *kept))

    assert ("many_keys" in codes(found)) is guarded


def test_many_new_keys_need_no_reason() -> None:
    live = intent(to_relay(99, "."), *(virtual(n, f"d{n}.org") for n in range(1, 12)))
    more = intent(*live.objects, *(virtual(n, f"d{n}.org") for n in range(200, 300)))

    assert codes(plan(live, more)) == []


def test_an_empty_table_needs_a_reason_always() -> None:
    assert codes(plan(SEED, intent())) == ["default_key", "empty_table"]
    assert codes(plan(None, intent())) == ["empty_table"]


def test_saved_lines_that_a_first_release_leaves_out_need_a_reason() -> None:
    first = make_plan(None, bundle(SEED), left_out=3)

    assert codes(first) == ["left_out"]
    assert guards(first)[0].text.startswith("3 saved lines are not in the first release")
    assert plan_from_json(plan_to_json(first)) == first
    assert codes(make_plan(None, bundle(SEED))) == []


def test_a_later_release_may_leave_a_colleagues_lines_out() -> None:
    assert codes(make_plan(bundle(SEED), bundle(SEED), left_out=3)) == []


@given(st.tuples(intents(FEW_KEYS), intents(FEW_KEYS)))
def test_a_plan_is_stored_and_read_back(pair: tuple[Intent, Intent]) -> None:
    found = plan(*pair)

    assert plan_from_json(plan_to_json(found)) == found


@given(intents(FEW_KEYS))
def test_the_same_bundle_changes_nothing(same: Intent) -> None:
    found = plan(same, same)

    assert (found.changes, found.other_files, found.mailers) == ((), (), ())
    assert codes(found) == ([] if found.keys_after else ["empty_table"])


@given(st.tuples(intents(FEW_KEYS), intents(FEW_KEYS)))
def test_applying_the_changes_to_the_old_table_gives_the_new_one(
    pair: tuple[Intent, Intent],
) -> None:
    before, after = (dict_of(bundle(side)) for side in pair)

    for change in plan(*pair).changes:
        if change.op is Op.DELETE:
            del before[change.key]
        else:
            before[change.key] = change.after

    assert before == after


def dict_of(made: Bundle) -> dict[str, str]:
    lines = made.files["mailertable"].splitlines()
    return dict(line.split("\t") for line in lines)


def test_the_ids_of_objects_do_not_reach_the_plan() -> None:
    renumbered = intent(*(replace(item, id=UUID(int=item.id.int + 50)) for item in SEED.objects))

    assert plan(SEED, renumbered).changes == ()
