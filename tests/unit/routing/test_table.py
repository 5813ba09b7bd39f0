"""Lines of a table found by halving: the same as by reading it from its beginning."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.core.intent import Intent
from routing.core.render import render
from routing.core.table import Table, candidates, value_in
from tests.unit.routing.values import FACTS, intents

# Signs below and above a dot, the lowest and the highest that a key may have among them.
KEYS = st.text(alphabet="!-.09aé~", min_size=1, max_size=5)
TABLES = st.dictionaries(KEYS, st.sampled_from(["", "x", "esmtp:[a]", "~" * 90]), max_size=30)


def text_of(table: dict[str, str]) -> str:
    return "".join(sorted(f"{key}\t{value}\n" for key, value in table.items()))


def by_plain_search(text: str, key: str) -> str | None:
    rows = (line.partition("\t") for line in text.split("\n") if "\t" in line)
    return {found: value for found, _, value in rows}.get(key)


@given(TABLES, st.lists(KEYS, max_size=10))
def test_a_value_is_the_one_that_a_plain_search_finds(
    table: dict[str, str], others: list[str]
) -> None:
    text = text_of(table)
    for written in (text, text.removesuffix("\n")):
        for key in ("", *table, *others):
            assert value_in(written, key) == by_plain_search(written, key)


@given(intents())
def test_each_line_of_a_rendered_table_decides_for_its_domain(wanted: Intent) -> None:
    files = render(wanted, FACTS).files
    for name in ("mailertable", "mailertable-fallback"):
        whole = Table.from_text(files[name])
        for key in whole.values:
            domain = key.strip(".") or "any.example"
            about = Table.about(domain, files[name]).values
            asked = set(candidates(domain))
            assert about == {k: value for k, value in whole.values.items() if k in asked}


@pytest.mark.parametrize("lines", [1, 2, 3, 1000, 1023, 1024, 1025])
def test_each_line_is_found_and_nothing_between_two(lines: int) -> None:
    table = {f"k{number:04}": str(number) for number in range(lines)}
    text = text_of(table)

    assert {key: value_in(text, key) for key in table} == table
    assert not any(value_in(text, f"{key}a") for key in table)
    assert [value_in(text, key) for key in ("", "k", ".", "z")] == [None] * 4
