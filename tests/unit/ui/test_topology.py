"""The picture of where mail goes: nothing lies on another, every arrow has its own ends."""

from __future__ import annotations

from itertools import combinations

import pytest

from mailadmin.ui.topology import (
    INSET,
    LETTER,
    LINE,
    WIDE_LETTER,
    Arrow,
    Box,
    Edge,
    Link,
    Node,
    Picture,
    Topology,
    drawn,
    fitted,
)

LABEL = "1 234 567 virtual domains, from 19"


def _nodes(side: str, count: int) -> tuple[Node, ...]:
    """One of them with the longest name that there is."""
    ids = [f"{side}{at}" for at in range(count)]
    return tuple(Node(i, i + (at == 1) * ("n" * 29), "", "/") for at, i in enumerate(ids))


def _picture(left: int, right: int) -> Picture:
    """Every source to every target, the edges in no good order."""
    sources, targets = _nodes("s", left), _nodes("t", right)
    edges = [Edge(s.id, t.id, "ok", LABEL) for s in sources for t in targets]
    return drawn(Topology(sources, targets, tuple(reversed(edges))))


SIZES = pytest.mark.parametrize(
    ("left", "right"), [(1, 0), (1, 1), (1, 4), (2, 3), (6, 5), (6, 9), (20, 9), (3, 12)]
)


def _apart(one: Box, other: Box) -> bool:
    across = one.x + one.width <= other.x or other.x + other.width <= one.x
    return across or one.y + one.height <= other.y or other.y + other.height <= one.y


def _box(picture: Picture, node: Node) -> Box:
    return next(box for box in picture.boxes if box.node is node)


@SIZES
def test_every_box_has_its_own_place_inside_the_picture(left: int, right: int) -> None:
    picture = _picture(left, right)
    assert len(picture.boxes) == left + right
    assert len(picture.arrows) == left * right
    for one, other in combinations(picture.boxes, 2):
        assert _apart(one, other), (one, other)
    for box in picture.boxes:
        assert min(box.x, box.y) >= 0
        assert box.x + box.width <= picture.width
        assert box.y + box.height <= picture.height


@SIZES
def test_every_label_stands_alone_in_the_box_that_its_arrow_leaves(left: int, right: int) -> None:
    picture = _picture(left, right)
    for arrow in picture.arrows:
        box = _box(picture, arrow.source)
        assert arrow.label_x >= box.x + INSET
        # The target's name ends where the box does, and leaves room before it.
        assert arrow.label_x + len(arrow.label) * LETTER < arrow.to_x - len(arrow.to) * LETTER
        assert arrow.to_x == box.x + box.width - INSET
        # Under the name and the note, whose base lines are 23 and 42 below the top.
        assert box.y + 42 + LINE // 2 <= arrow.label_y <= box.y + box.height
        assert abs(arrow.start[1] - arrow.label_y) < LINE // 2
    for one, other in combinations(picture.arrows, 2):
        if one.source is other.source:
            assert abs(one.label_y - other.label_y) >= LINE


@SIZES
def test_no_line_runs_over_words(left: int, right: int) -> None:
    """All words are in boxes, and every line stays between the two columns."""
    picture = _picture(left, right)
    for arrow in picture.arrows:
        source, target = _box(picture, arrow.source), _box(picture, arrow.target)
        assert source.x + source.width == arrow.start[0] < arrow.end[0] < target.x
        assert source.y < arrow.start[1] < source.y + source.height
        assert target.y < arrow.end[1] < target.y + target.height


@SIZES
def test_no_two_arrows_share_an_end_and_those_of_one_box_never_cross(left: int, right: int) -> None:
    arrows = _picture(left, right).arrows
    assert len({arrow.start for arrow in arrows}) == len(arrows)
    assert len({arrow.end for arrow in arrows}) == len(arrows)
    for one, other in combinations(arrows, 2):
        if one.source is other.source or one.target is other.target:
            assert _same_way(one, other), (one, other)


def _same_way(one: Arrow, other: Arrow) -> bool:
    return (one.start[1] < other.start[1]) == (one.end[1] < other.end[1])


def test_an_arrow_to_what_is_left_out_is_not_drawn() -> None:
    topology = Topology(_nodes("s", 1), _nodes("t", 1), (Edge("s0", "t9", "ok", "1 route"),))
    assert drawn(topology).arrows == ()


def test_the_words_say_every_arrow_whole_under_its_source() -> None:
    members = (Link("listes", "/listes/"), Link("forums", "/forums/"))
    sources = (Node("g", "2 list servers", "all in sync", "/", "ok", members), *_nodes("s", 1))
    edges = (Edge("s0", "t1", "ok", LABEL), Edge("g", "t0", "ok", "x"), Edge("g", "t1", "ok", "y"))
    picture = drawn(Topology(sources, _nodes("t", 2), edges))
    said = {w.source.id: [(a.target.id, a.edge.label) for a in w.arrows] for w in picture.words}
    assert said == {"g": [("t0", "x"), ("t1", "y")], "s0": [("t1", LABEL)]}
    assert [node.id for node in picture.groups] == ["g"]


def test_what_has_no_room_is_cut_and_says_so() -> None:
    node = Node("a", "a" * 31, "b" * 80, "/")
    box = Box(node, 0, 0, 60)
    assert len(box.name) * WIDE_LETTER <= box.width - 2 * INSET
    assert len(box.note) * LETTER <= box.width - 2 * INSET
    assert box.name.endswith("…")
    assert box.note.endswith("…")
    assert fitted("smtp1", 100) == "smtp1"


def test_each_line_says_what_takes_it_and_where_it_leads() -> None:
    edges = (Edge("s0", "t0", "ok", "3 virtual domains"), Edge("s0", "t1", "ok", "1 route"))
    first, second = drawn(Topology(_nodes("s", 1), _nodes("t", 2), edges)).arrows
    assert (first.label, first.to) == ("3 virtual domains", "t0")
    assert second.label == "1 route"
    assert second.to.startswith("t1nnnnnnnn")
    assert second.to.endswith("…")
