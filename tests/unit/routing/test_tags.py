"""Tags: what is one, and that the same words are the same value however they are written."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.core.listed import read_list
from routing.core.listed_tables import COLUMNS
from routing.core.tables import csv_lines, json_lines
from routing.core.tags import (
    LONGEST_TAG,
    MOST_TAGS,
    check_tags,
    distinct_words,
    normal_tags,
    with_tags,
    without_tags,
)
from tests.unit.routing.test_listed import row

WORD = st.from_regex(r"[a-z0-9\u00e0-\u00f6][a-z0-9._:/-]{0,20}", fullmatch=True)
TAGS = st.lists(WORD, max_size=MOST_TAGS).map(" ".join)


@given(st.text(max_size=200))
def test_normal_tags_are_normal_already(text: str) -> None:
    once = normal_tags(text)
    assert normal_tags(once) == once
    assert once.split() == sorted(set(once.split()))
    assert "  " not in once and once == once.strip()


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("Paris  lyon", "lyon paris"),
        ("paris, lyon;PARIS\tparis", "lyon paris"),
        ("caf\u00e9 cafe\u0301", "caf\u00e9"),
        ("\uff30aris\u00a0x", "paris x"),
        ("", ""),
        (" , ", ""),
    ],
)
def test_words_are_kept_in_one_way(written: str, kept: str) -> None:
    assert normal_tags(written) == kept


@pytest.mark.parametrize(
    "word", ["paris", "7", "customer-7", "a.b/c:d_e", "caf\u00e9", "\u0915\u093f"]
)
def test_a_word_of_any_script_is_a_tag(word: str) -> None:
    assert check_tags(word) == ()


@pytest.mark.parametrize(
    "word", ["-paris", "=1+1", "@x", "a+b", "<b>", "a\u200bb", "'x", "/", "\u0301"]
)
def test_what_is_no_word_is_told(word: str) -> None:
    assert [found.code for found in check_tags(word)] == ["tag_shape"]


def test_everything_wrong_is_told_at_once() -> None:
    words = " ".join(f"t{n}" for n in range(MOST_TAGS - 1))
    text = f"{words} -x {'y' * (LONGEST_TAG + 1)}"
    found = check_tags(text, "jres.org")
    assert [item.code for item in found] == ["tags_many", "tag_shape", "tag_long"]
    assert {(item.subject, item.field) for item in found} == {("jres.org", "tags")}
    assert not check_tags(words) and not check_tags("y" * LONGEST_TAG)


@given(TAGS, TAGS)
def test_what_was_added_is_taken_away_again(tags: str, more: str) -> None:
    both = with_tags(tags, more)
    assert set(both.split()) == {*tags.split(), *more.split()}
    assert set(without_tags(both, more).split()) == {*tags.split()} - {*more.split()}


def test_the_words_of_many_rows_are_told_once() -> None:
    assert distinct_words(["b a", "", "b c"]) == ("a", "b", "c")


@given(st.lists(TAGS, min_size=1, max_size=4), st.sampled_from([csv_lines, json_lines]))
def test_tags_that_are_written_are_read_again(tags: list[str], lines: object) -> None:
    rows = [row(f"d{n}.example.org", tags=normal_tags(text)) for n, text in enumerate(tags)]
    found = read_list("".join(lines(rows, COLUMNS)), server="")  # type: ignore[operator]  # one of two
    assert not found.findings
    assert [item.tags for item in found.lines] == [line["tags"] for line in rows]


def test_wrong_tags_of_a_table_are_told_with_their_line() -> None:
    found = read_list("key,tags\na.org,Paris LYON\nb.org,-x <y>\nc.org\n", server="listes")
    assert [(item.key, item.tags) for item in found.lines] == [
        ("a.org", "lyon paris"),
        ("c.org", None),
    ]
    assert [(item.code, item.line) for item in found.findings] == [
        ("tag_shape", 3),
        ("tag_shape", 3),
    ]
