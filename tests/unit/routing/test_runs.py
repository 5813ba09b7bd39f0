"""Where long texts of lines differ, found in strides."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.core import runs as module
from routing.core.runs import Run, runs_of_tables

LINES = st.lists(st.text(alphabet="abc.-\t", max_size=4), max_size=20)


def ended(lines: list[str]) -> str:
    return "".join(f"{line}\n" for line in lines)


def put_together(old: str, new: str, runs: list[Run]) -> bool:
    """Whether the runs are all of both texts, in order and in whole lines, and say what is the
    same."""
    sides = [(old[run.old_from : run.old_to], new[run.new_from : run.new_to]) for run in runs]
    return (
        "".join(left for left, _ in sides) == old
        and "".join(right for _, right in sides) == new
        and all(part.endswith("\n") for pair in sides for part in pair if part)
        and all((left == right) == run.same for run, (left, right) in zip(runs, sides, strict=True))
    )


@given(LINES, LINES)
def test_the_runs_are_all_of_both_texts(old: list[str], new: list[str]) -> None:
    texts = ended(old), ended(new)
    assert put_together(*texts, list(runs_of_tables(*texts)))


@pytest.mark.parametrize("place", [0, 1, 511, 1819, 1820, 1821, 2999])
@pytest.mark.parametrize("what", ["more", "less", "other"])
def test_one_difference_is_found_wherever_it_is(place: int, what: str) -> None:
    old = [f"k{number:05}\tv" for number in range(3000)]
    new = list(old)
    if what == "more":
        new.insert(place, f"{old[place].partition(chr(9))[0][:-1]}\tw")
        new.sort()
    elif what == "less":
        del new[place]
    else:
        new[place] += "w"

    found = list(runs_of_tables(ended(old), ended(new)))

    assert put_together(ended(old), ended(new), found)
    lengths = [r.old_to - r.old_from + r.new_to - r.new_from for r in found if not r.same]
    assert lengths == {"more": [8], "less": [9], "other": [9, 10]}[what]
    assert len(found) <= 4


def test_texts_are_compared_in_strides() -> None:
    assert module.STRIDE == 16384, "the places above are about it: a line has nine characters"
