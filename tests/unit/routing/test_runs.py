"""Where long lists of lines differ, found in strides."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.core import plan as planning
from routing.core import runs as module
from routing.core.bundle import Bundle
from routing.core.plan import make_plan
from routing.core.runs import Run, TableLines, runs_of_tables

KEYS = st.text(alphabet="abc.-", min_size=1, max_size=4)
TABLES = st.dictionaries(KEYS, st.sampled_from(["x:[1]", "y:[2]"]), max_size=12)


def text_of(table: dict[str, str]) -> str:
    return "".join(f"{key}\t{value}\n" for key, value in sorted(table.items()))


def put_together(old: list[str], new: list[str], runs: list[Run]) -> bool:
    """Whether the runs are all of both lists, in order, and say what is the same."""
    left = [line for run in runs for line in old[run.old_from : run.old_to]]
    right = [line for run in runs for line in new[run.new_from : run.new_to]]
    same = all(
        old[run.old_from : run.old_to] == new[run.new_from : run.new_to] for run in runs if run.same
    )
    return (left, right, same) == (old, new, True)


@given(st.lists(KEYS, max_size=20), st.lists(KEYS, max_size=20))
def test_the_runs_are_all_of_both_lists(old: list[str], new: list[str]) -> None:
    assert put_together(old, new, list(runs_of_tables(old, new)))


@pytest.mark.parametrize("place", [0, 1, 511, 512, 513, 1023, 1024, 2999])
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

    found = list(runs_of_tables(old, new))

    assert put_together(old, new, found)
    lines = sum(r.old_to - r.old_from + r.new_to - r.new_from for r in found if not r.same)
    assert lines == (2 if what == "other" else 1)
    assert len(found) <= 4


@given(TABLES, TABLES)
def test_a_table_is_a_mapping_of_its_text(table: dict[str, str], other: dict[str, str]) -> None:
    lines = TableLines(text_of(table))

    assert dict(lines) == lines.whole() == table
    assert len(lines) == len(table)
    assert all((key in lines) == (key in table) for key in other)
    wanted = {key for key, _ in table.items() ^ other.items()}
    assert lines.differ(TableLines(text_of(other))) == wanted


def test_a_text_out_of_order_is_read_all_the_same() -> None:
    lines = TableLines("b\t2\n\na\t1\nno tab\n")
    assert dict(lines) == {"a": "1", "b": "2"}


@given(TABLES, TABLES, TABLES, TABLES)
def test_a_plan_is_the_same_whichever_way_its_lines_are_looked_up(
    old: dict[str, str], new: dict[str, str], old_fallback: dict[str, str], fallback: dict[str, str]
) -> None:
    live = bundle(old, old_fallback)
    proposed = bundle(new, fallback)
    one_by_one = make_plan(live, proposed)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(planning, "MANY_LOOKED_UP", -1)
        assert make_plan(live, proposed) == one_by_one


def bundle(primary: dict[str, str], fallback: dict[str, str]) -> Bundle:
    files = {"mailertable": text_of(primary), "mailertable-fallback": text_of(fallback)}
    return Bundle("listes", files, {})


def test_lines_are_compared_in_strides() -> None:
    assert module.STRIDE == 512, "the places above are about it"
