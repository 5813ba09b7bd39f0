"""A table as a mapping of its text, and the keys that another one changes."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.core import plan as planning
from routing.core import table_lines as module
from routing.core.bundle import Bundle
from routing.core.plan import make_plan
from routing.core.table_lines import TableLines

KEYS = st.text(alphabet="abc.-", min_size=1, max_size=4)
TABLES = st.dictionaries(KEYS, st.sampled_from(["x:[1]", "y:[2]", ""]), max_size=12)


@pytest.fixture(params=[4, 16, 16384], autouse=True, scope="module")
def stride(request: pytest.FixtureRequest) -> Iterator[None]:
    """Small ones, so that small tables have many."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "STRIDE", request.param)
        yield


def text_of(table: dict[str, str]) -> str:
    return "".join(f"{key}\t{value}\n" for key, value in sorted(table.items()))


@given(TABLES, TABLES)
def test_a_table_is_a_mapping_of_its_text(table: dict[str, str], other: dict[str, str]) -> None:
    lines = TableLines.of(text_of(table))

    assert dict(lines) == lines.whole() == table
    assert list(lines) == sorted(table)
    assert len(lines) == len(table)
    assert all((key in lines) == (key in table) for key in other)


@given(TABLES, TABLES, st.randoms())
def test_the_keys_that_change_are_found_in_whatever_order_they_are(
    table: dict[str, str], other: dict[str, str], random: Random
) -> None:
    wanted = {key for key, _ in table.items() ^ other.items()}
    shuffled = text_of(other).splitlines(keepends=True)
    random.shuffle(shuffled)

    for text in (text_of(other), "".join(shuffled), f"no tab\n\n{''.join(shuffled)}".rstrip("\n")):
        after, keys = TableLines.of(text_of(table)).changed_to(text)

        assert keys == wanted
        assert (dict(after), list(after), len(after)) == (other, sorted(other), len(other))


@pytest.mark.parametrize(
    "text",
    [
        "b\t2\n\na\t1\nno tab\n",
        "a\t1\nb\t2",
        "a\t1\nb\t2\nc\n",
        "a\t1\nb\n\nb\t2\n",
        "\na\t1\nb\t2\n",
    ],
)
def test_a_text_out_of_order_is_read_all_the_same(text: str) -> None:
    lines = TableLines.of(text)

    assert dict(lines) == {"a": "1", "b": "2"}
    assert len(lines) == 2
    assert dict(TableLines.of("").changed_to(text)[0]) == {"a": "1", "b": "2"}


def test_each_line_of_a_long_table_is_found() -> None:
    table = {f"k{number:04}": str(number) for number in range(3000)}
    lines = TableLines.of(text_of(table))

    assert {key: lines[key] for key in table} == table
    assert not any(key in lines for key in ("", "k", "k0000a", "k2999a", "k3000", "j", "z", "."))


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
