"""Ticks of any number of edits in one short field."""

from __future__ import annotations

from uuid import UUID

import pytest

from routing.views import ticks as module
from routing.views.ticks import Filter, Line, Start, Ticks, TooManyTicks, read_ticks

LINES = [
    Line(UUID(int=n), f"d{n:02}.example", ("create", "update", "delete")[n % 3], "listes")
    for n in range(1, 31)
]
SHARED = UUID(int=99)
RELAY = [Line(SHARED, "smtp1", "update", "listes"), Line(SHARED, "smtp1", "update", "forums")]


def nobody() -> frozenset[UUID]:
    raise AssertionError("not asked")


def numbers(ticks: Ticks, mine: frozenset[UUID] | None = None) -> set[int]:
    found = ticks.of([*LINES, *RELAY], nobody if mine is None else lambda: mine)
    return {identity.int for identity in found}


ALL = {line.id.int for line in LINES} | {99}


def test_it_begins_with_none_all_or_ones_own() -> None:
    assert numbers(Ticks()) == set()
    assert numbers(Ticks(Start.ALL)) == ALL
    assert numbers(Ticks(Start.MINE), frozenset({UUID(int=3), UUID(int=500)})) == {3}


def test_filters_tick_and_untick_in_their_order() -> None:
    ticks = Ticks().by_filter(True, Filter("D1"), LINES)
    assert numbers(ticks) == set(range(10, 20))
    ticks = ticks.by_filter(False, Filter("", "create"), LINES)
    assert numbers(ticks) == {n for n in range(10, 20) if n % 3}
    ticks = ticks.by_filter(True, Filter("d12"), LINES)
    assert numbers(ticks) == {n for n in range(10, 20) if n % 3} | {12}
    # The same filter again counts as new.
    ticks = ticks.by_filter(True, Filter("D1"), LINES)
    assert numbers(ticks) == set(range(10, 20))


def test_one_by_one_comes_last_until_a_filter_hits_the_same() -> None:
    ticks = Ticks(Start.ALL).one_by_one({UUID(int=5): False, UUID(int=15): False})
    assert numbers(ticks) == ALL - {5, 15}
    ticks = ticks.by_filter(True, Filter("d1"), LINES)
    assert numbers(ticks) == ALL - {5}
    assert UUID(int=15) not in ticks.single


def test_a_relay_target_of_two_servers_is_one_tick() -> None:
    forums = Ticks().by_filter(True, Filter("", "", "forums"), RELAY)
    assert numbers(forums) == {99}
    assert numbers(forums.by_filter(False, Filter("smtp", "", "listes"), RELAY)) == set()


def test_what_is_packed_is_read_again() -> None:
    ticks = Ticks(Start.MINE).by_filter(True, Filter('"d1', "create", "listes"), LINES)
    ticks = ticks.one_by_one({UUID(int=5): False, UUID(int=6): True})
    assert read_ticks(ticks.packed()) == ticks
    assert read_ticks(Ticks().packed()) == Ticks()


@pytest.mark.parametrize(
    "text",
    ["", "x", "null", "[]", '["all"]', '["every",[],{}]', '["all",[1],{}]', '["all",[],[]]',
     '["all",[],{"x":1}]', '{"a":1}', '["all",[[1,2,3]],{}]', "[" * 10_000],
)  # fmt: skip
def test_what_nobody_packed_is_no_tick(text: str) -> None:
    assert read_ticks(text) == Ticks()


def test_a_form_carries_so_many_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_SINGLE", 3)
    monkeypatch.setattr(module, "MOST_RULES", 2)
    full = Ticks().one_by_one({UUID(int=n): True for n in range(3)})
    with pytest.raises(TooManyTicks):
        full.one_by_one({UUID(int=3): True})
    rules = Ticks().by_filter(True, Filter("a"), LINES).by_filter(True, Filter("b"), LINES)
    rules.by_filter(False, Filter("b"), LINES)
    with pytest.raises(TooManyTicks):
        rules.by_filter(True, Filter("c"), LINES)
    packed = full.packed()
    monkeypatch.setattr(module, "MOST_SINGLE", 2)
    assert read_ticks(packed) == Ticks()
