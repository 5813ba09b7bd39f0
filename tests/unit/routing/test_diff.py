"""Line differences, folded, by difflib or by one walk."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.core import diff
from routing.core.diff import DiffLine, FileDiff, diff_bundles, diff_texts
from routing.core.render import render
from tests.unit.routing.values import FACTS, MOVED_MTA, SEED, intent, virtual

LINES = st.lists(
    st.sampled_from(
        ["", "a", "b", "c", "d\tx", "d\ty", "e", "e\r", "\ff", "g\u2028\x85h", "\v\x1c"]
    ),
    max_size=12,
)


def apply(found: FileDiff, old: list[str]) -> list[str]:
    """The new text from the old one and the difference, taking line numbers at their word."""
    new: list[str] = []
    at = 0
    for hunk in found.hunks:
        new += old[at : at + hunk.skipped]
        at += hunk.skipped
        for line in hunk.lines:
            if line.old is not None:
                assert old[at] == line.text
                assert line.old == at + 1
                at += 1
            if line.new is not None:
                new.append(line.text)
                assert line.new == len(new)
    assert len(old) - at == found.after
    return new + old[at:]


@pytest.mark.parametrize("limit", [0, 4000])
@given(LINES, LINES)
def test_a_difference_turns_the_old_text_into_the_new(
    limit: int, old: list[str], new: list[str]
) -> None:
    small, diff.SMALL = diff.SMALL, limit
    try:
        found = diff_texts("x", "\n".join(old), "\n".join(new))
    finally:
        diff.SMALL = small

    assert apply(found, "\n".join(old).splitlines()) == "\n".join(new).splitlines()
    signs = [line.sign for hunk in found.hunks for line in hunk.lines]
    assert (signs.count("+"), signs.count("-")) == (found.added, found.removed)


def test_equal_texts_have_no_hunk() -> None:
    assert diff_texts("x", "a\nb\n", "a\nb\n") == FileDiff("x", 0, 0, (), 2)


def test_a_changed_line_stands_between_three_unchanged_ones() -> None:
    old = [str(number) for number in range(20)]
    new = [*old[:10], "ten", *old[11:]]

    found = diff_texts("x", "\n".join(old), "\n".join(new))

    (hunk,) = found.hunks
    assert (found.added, found.removed, hunk.skipped, found.after) == (1, 1, 7, 6)
    assert hunk.lines[3:5] == (DiffLine(11, None, "-", "10"), DiffLine(None, 11, "+", "ten"))


def test_far_changes_are_two_hunks_and_near_ones_one() -> None:
    old = [str(number) for number in range(30)]

    far = diff_texts("x", "\n".join(old), "\n".join(["x", *old[1:20], "y", *old[21:]]))
    near = diff_texts("x", "\n".join(old), "\n".join(["x", *old[1:6], "y", *old[7:]]))

    assert [hunk.skipped for hunk in far.hunks] == [0, 13]
    assert len(near.hunks) == 1


def test_a_large_table_is_compared_in_one_walk() -> None:
    old = "".join(f"k{number:06}.org\tesmtp:[127.0.0.1]\n" for number in range(20000))
    new = old.replace("k010000.org\tesmtp:[127.0.0.1]", "k010000.org\tesmtp:[192.0.2.1]")

    found = diff_texts("mailertable", old, new.replace("k000007.org\tesmtp:[127.0.0.1]\n", ""))

    assert (found.added, found.removed, len(found.hunks)) == (1, 2, 2)
    signs = [line.sign for line in found.hunks[1].lines]
    assert signs == [" ", " ", " ", "-", "+", " ", " ", " "]


def test_only_files_that_differ_are_shown() -> None:
    more = intent(*SEED.objects, virtual(9, "z.org"))

    found = diff_bundles(render(SEED, FACTS), render(more, FACTS))

    assert [(item.name, item.added, item.removed) for item in found] == [
        ("mailertable", 1, 0),
        ("mailertable-fallback", 1, 0),
    ]


def test_the_first_release_adds_every_line() -> None:
    found = diff_bundles(None, render(SEED, MOVED_MTA))

    assert {item.removed for item in found} == {0}
    assert len(found) == 5
