"""Lists in every writing: what is read of them, and that an export is read as it was."""

from __future__ import annotations

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from routing.core.intent import ObjectKind
from routing.core.listed import read_list
from routing.core.listed_tables import COLUMNS
from routing.core.tables import csv_lines, guarded, json_lines, unguarded

CELL = st.text(st.characters(codec="utf-8", exclude_characters="\r\0"), max_size=30)
FORMULAS = st.builds("".join, st.lists(st.sampled_from(["'", "=", "+", "-", "@", "\t", " ", "x"])))


@given(CELL | FORMULAS)
@example(" \n")
def test_a_guarded_cell_is_no_formula_and_is_read_as_it_was(cell: str) -> None:
    assert unguarded(guarded(cell)) == cell
    assert not guarded(cell).lstrip(" ").startswith(("=", "+", "-", "@", "\t", "\n"))


@given(FORMULAS)
def test_a_cell_that_nobody_guarded_loses_nothing_that_was_no_guard(cell: str) -> None:
    assert cell in (unguarded(cell), f"'{unguarded(cell)}")


@given(st.lists(CELL | FORMULAS, min_size=1, max_size=4), st.sampled_from([csv_lines, json_lines]))
def test_what_is_written_is_read_again(notes: list[str], lines: object) -> None:
    rows = [row(f"d{n}.example.org", note=note) for n, note in enumerate(notes)]
    text = "".join(lines(rows, COLUMNS))  # type: ignore[operator]  # one of two functions
    found = read_list(text.replace("\n", "\r\n") if lines is json_lines else text, server="other")
    assert not found.findings
    assert [(item.key, item.note, item.server) for item in found.lines] == [
        (row["key"], row["note"], "listes") for row in rows
    ]


def test_every_wrong_row_of_a_table_is_told_with_its_line() -> None:
    text = (
        'key,kind,enabled,note\nok.org,,,"two\nlines"\n,,,\n'
        "a.org,planet,,\nb.org,,maybe,\n,route,,x\n"
    )
    found = read_list(text, server="listes")
    assert [(finding.line, finding.code) for finding in found.findings] == [
        (5, "kind_unknown"),
        (6, "enabled_unknown"),
        (7, "key_missing"),
    ]
    assert [(item.key, item.line, item.note) for item in found.lines] == [
        ("ok.org", 2, "two\nlines")
    ]


def test_a_table_with_a_column_that_is_none_is_refused() -> None:
    found = read_list("key,colour\na.org,red\n", server="listes")
    assert [(item.code, item.line) for item in found.findings] == [("column_unknown", 2)]


def test_a_spreadsheet_may_write_semicolons() -> None:
    found = read_list("key;note\na.org;one, two\n", server="listes")
    assert [(item.key, item.note) for item in found.lines] == [("a.org", "one, two")]


def test_broken_json_is_told_with_its_line() -> None:
    found = read_list('[\n{"key": "a.org"},\n{"key" "b.org"}\n]', server="listes")
    assert [(item.code, item.line) for item in found.findings] == [("json_broken", 3)]
    found = read_list('[\n{"key": ["a.org"]},\n7\n]', server="listes")
    assert {item.code for item in found.findings} == {"cell_shape", "row_shape"}


@pytest.mark.parametrize(
    "text",
    [
        "[" * 100_000,
        '[{"key": %s}]' % ("9" * 5000),
        '[{"key": {}, "kind": [], "note": {"a": 1}}]',
        '[{"key": "a.org", "note": "\\ud800"}]',
        '[{"key": "a.org", "note": "\\u0000"}]',
        '[{"key": "a.org"}',
        '{"key": "a.org"} more',
        'key,note\na.org,"' + "x" * 200_000 + '"\n',
        'key,note\na.org,"open\n',
        "key,note\na.org,one,two\n",
    ],
)
def test_what_is_no_list_is_an_error_and_no_crash(text: str) -> None:
    found = read_list(text, server="listes")
    assert found.findings


def test_one_key_twice_on_one_server_is_an_error_that_names_the_first_line() -> None:
    rows = [row("a.org"), row("A.org."), row("a.org", server="two")]
    found = read_list(json.dumps(rows), server="")
    assert [(item.server, item.key) for item in found.lines] == [
        ("listes", "a.org"),
        ("two", "a.org"),
    ]
    assert [item.code for item in found.findings] == ["key_duplicate"]


def test_a_plain_list_of_names_has_comments_blank_lines_and_values() -> None:
    found = read_list("\ufeff# ours\n\nA.org # this\r\n  b.org\tesmtp:[x.org]\n", server="listes")
    assert [(item.line, item.key, item.value) for item in found.lines] == [
        (3, "a.org", None),
        (4, "b.org", "esmtp:[x.org]"),
    ]
    assert found.lines[0].kind is None


def row(key: str, **more: str) -> dict[str, str]:
    """One line of an export."""
    plain = {"server": "listes", "key": key, "kind": ObjectKind.VIRTUAL_DOMAIN.value}
    return dict.fromkeys(COLUMNS, "") | plain | {"enabled": "yes"} | more
