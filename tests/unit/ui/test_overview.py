"""The first page as values: what is worst stands first, nothing drawn lies on another, all join."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import combinations

import pytest

from mailadmin.ui.overview import (
    MOST_NEEDS,
    Box,
    Edge,
    Event,
    Need,
    Node,
    Panel,
    Part,
    Picture,
    Topology,
    drawn,
    joined,
    worst_first,
)

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


def _nodes(side: str, count: int) -> tuple[Node, ...]:
    return tuple(Node(f"{side}{at}", f"{side}{at}", "", "/") for at in range(count))


def _picture(left: int, right: int) -> Picture:
    sources, targets = _nodes("s", left), _nodes("t", right)
    edges = tuple(Edge(s.id, t.id, "ok", "1 route") for s in sources for t in targets)
    return drawn(Topology(sources, targets, edges))


def _apart(one: Box, other: Box) -> bool:
    across = one.x + one.width <= other.x or other.x + other.width <= one.x
    return across or one.y + one.height <= other.y or other.y + other.height <= one.y


@pytest.mark.parametrize("left", [1, 2, 3, 6])
@pytest.mark.parametrize("right", [0, 1, 2, 5, 6])
def test_every_box_has_its_own_place_inside_the_picture(left: int, right: int) -> None:
    picture = _picture(left, right)
    assert len(picture.boxes) == left + right
    assert len(picture.arrows) == left * right
    for one, other in combinations(picture.boxes, 2):
        assert _apart(one, other), (one, other)
    for box in picture.boxes:
        assert box.x >= 0
        assert box.y >= 0
        assert box.x + box.width <= picture.width
        assert box.y + box.height <= picture.height


@pytest.mark.parametrize("left", [1, 2, 3, 6])
@pytest.mark.parametrize("right", [1, 2, 5, 6])
def test_no_label_lies_on_another_or_outside(left: int, right: int) -> None:
    picture = _picture(left, right)
    shown = [arrow for arrow in picture.arrows if arrow.labelled]
    assert shown
    for one, other in combinations(shown, 2):
        near = abs(one.label_y - other.label_y) < 14
        assert not (near and abs(one.label_x - other.label_x) < 7 * len("1 route")), (one, other)
    assert all(0 < a.label_x < picture.width and 0 < a.label_y < picture.height for a in shown)
    if left == 1:
        assert len(shown) == right


def test_an_arrow_to_what_is_left_out_is_not_drawn() -> None:
    topology = Topology(_nodes("s", 1), _nodes("t", 1), (Edge("s0", "t9", "ok", "1 route"),))
    assert drawn(topology).arrows == ()


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
        topology=Topology(_nodes("s", 1)),
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


def test_the_version_is_another_for_anything_that_the_page_would_say() -> None:
    base = Part(needs=(_need("a", "bad", 5),), checked=NOON)
    others = [
        joined([Part(needs=(_need("a", "bad", 6),), checked=NOON)]),
        joined([Part(needs=(_need("a", "bad", 5),), checked=NOON + timedelta(seconds=1))]),
        joined([base], failed=True),
        joined([base, Part(events=(Event("point", "muted", "pushed", NOON),))]),
    ]
    versions = {found.version for found in (joined([base]), *others)}
    assert len(versions) == 1 + len(others)
    assert joined([base]).version == joined([base]).version
