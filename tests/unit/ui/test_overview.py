"""The first page as values: what is worst stands first, nothing drawn lies on another, all join."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from mailadmin.ui.overview import (
    MOST_NEEDS,
    Need,
    Panel,
    Part,
    SetupStep,
    joined,
    worst_first,
)
from mailadmin.ui.parts import Event
from mailadmin.ui.topology import Node, Topology

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)


def _need(name: str, kind: str, minutes: int | None = None) -> Need:
    at = None if minutes is None else NOON - timedelta(minutes=minutes)
    return Need(name, kind, "fact", "text", "Open", "/", at)


def test_what_is_worst_stands_first_and_in_it_what_lasts_longest() -> None:
    needs = [
        _need("edits", "warn"),
        _need("quiet", "unk", 900),
        _need("b", "bad", 5),
        _need("late", "warn", 7),
        _need("works", "work", 50),
        _need("a", "bad", 5),
        _need("old", "bad", 38),
    ]
    expected = ["old", "a", "b", "late", "edits", "works", "quiet"]
    for given in (needs, needs[::-1]):
        assert [need.id for need in worst_first(given)] == expected


def test_a_kind_that_has_no_urgency_is_refused() -> None:
    with pytest.raises(KeyError):
        worst_first([_need("fine", "ok")])


def test_what_all_say_is_joined() -> None:
    first = Part(
        needs=tuple(_need(f"n{at}", "warn", at) for at in range(MOST_NEEDS)),
        panels=(Panel("One", "/"),),
        events=(Event("point", "muted", "older", NOON - timedelta(minutes=1)),),
        checked=NOON,
    )
    second = Part(
        needs=(_need("worst", "bad"),),
        panels=(Panel("Two", "/"),),
        topology=Topology((Node("s", "s", "", "/"),)),
        events=(Event("point", "muted", "newer", NOON),),
        checked=NOON - timedelta(minutes=9),
    )
    found = joined([first, second])
    assert [need.id for need in found.needs] == ["worst", "n3", "n2", "n1"]
    assert [need.id for need in found.more] == ["n0"]
    assert [panel.label for panel in found.panels] == ["One", "Two"]
    assert [event.text for event in found.events] == ["newer", "older"]
    assert found.picture is not None
    # The older look: what is said of all is no newer than the oldest of it.
    assert found.checked == NOON - timedelta(minutes=9)


def test_rank_and_weight_go_before_age_within_a_kind() -> None:
    needs = [
        replace(_need("late", "warn", 900), rank=1),
        replace(_need("old", "bad", 900), rank=2),
        replace(_need("more", "bad", 1), rank=1, weight=9),
        replace(_need("less", "bad", 5), rank=1, weight=3),
        # When somebody looked last says nothing of how long it lasts.
        replace(_need("a-looked", "bad", 1), rank=3, looked=True),
        replace(_need("b-looked", "bad", 800), rank=3, looked=True),
    ]
    expected = ["more", "less", "old", "a-looked", "b-looked", "late"]
    for given in (needs, needs[::-1]):
        assert [need.id for need in worst_first(given)] == expected


def test_the_version_is_another_for_anything_that_the_page_would_say() -> None:
    base = Part(needs=(_need("a", "bad", 5),), panels=(Panel("One", "/"),), checked=NOON)
    others = [
        joined([replace(base, needs=(_need("a", "bad", 6),))]),
        joined([replace(base, needs=())]),
        joined([replace(base, panels=(Panel("One", "/", at=NOON),))]),
        joined([replace(base, panels=(Panel("One", "/", value="3"),))]),
        joined([replace(base, checked=None)]),
        joined([base], failed=True),
        joined([base, Part(events=(Event("point", "muted", "pushed", NOON),))]),
    ]
    versions = {found.version for found in (joined([base]), *others)}
    assert len(versions) == 1 + len(others)
    assert joined([base]).version == joined([base]).version


def test_a_look_that_finds_the_same_moves_the_moments_alone() -> None:
    looked = replace(_need("drift", "bad", 5), looked=True)
    first = Part(needs=(looked,), panels=(Panel("One", "/", at=NOON),), checked=NOON)
    later = NOON + timedelta(seconds=15)
    for again in (
        replace(first, needs=(replace(looked, at=later),)),
        replace(first, panels=(Panel("One", "/", at=later),)),
        replace(first, checked=later),
    ):
        assert joined([again]).version == joined([first]).version
        assert joined([again]).moments != joined([first]).moments


@pytest.mark.parametrize(
    ("part", "quiet"),
    [
        (Part(), True),
        (Part(needs=(_need("a", "unk"),)), False),
        (Part(steps=(SetupStep("host", "waits", "Add a mail host", ""),)), False),
    ],
)
def test_nobody_is_needed_only_where_nothing_waits(part: Part, quiet: bool) -> None:
    assert joined([part]).quiet is quiet
    assert joined([part], failed=True).quiet is False


@pytest.mark.parametrize(
    ("panels", "in_a_row"),
    [(0, "six"), (1, "six"), (5, "five"), (6, "six"), (7, "four"), (8, "four"), (10, "five")],
)
def test_the_rows_of_panels_are_about_as_long_as_each_other(panels: int, in_a_row: str) -> None:
    part = Part(panels=tuple(Panel(str(number), "/") for number in range(panels)))
    assert joined([part]).in_a_row == in_a_row
