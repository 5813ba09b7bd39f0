"""One value has one spelling, and what has none is refused with its place."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailadmin.wire.core.canonical import MAX_DEPTH, CanonicalError, Json, canonical, parse

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXT,
    lambda inner: st.lists(inner) | st.dictionaries(TEXT, inner),
    max_leaves=20,
)


@given(VALUES)
def test_a_value_comes_back_as_it_was(value: Json) -> None:
    assert parse(canonical(value).decode()) == value


@given(st.dictionaries(TEXT, st.integers(), min_size=2))
def test_the_order_of_keys_does_not_matter(value: dict[str, int]) -> None:
    turned = dict(reversed(value.items()))

    assert canonical(turned) == canonical(value)


def test_the_form_has_sorted_keys_no_spaces_and_utf_8() -> None:
    assert (
        canonical({"b": [1, None, True], "a": "é\n"}) == '{"a":"é\\n","b":[1,null,true]}'.encode()
    )


@pytest.mark.parametrize(
    ("value", "where"),
    [
        ({"rows": [{"age": 1.5}]}, "$.rows[0].age"),
        ({"a": float("nan")}, "$.a"),
        ({"a": b"bytes"}, "$.a"),
        ({"a": {1, 2}}, "$.a"),
        (["\ud800"], "$[0]"),
        ({1: "number as key"}, "$"),
    ],
)
def test_what_has_no_canonical_form_is_refused_with_its_place(value: object, where: str) -> None:
    with pytest.raises(CanonicalError) as caught:
        canonical(value)  # type: ignore[arg-type]

    assert caught.value.where == where


def test_nesting_has_a_limit() -> None:
    deep: Json = []
    for _ in range(MAX_DEPTH + 1):
        deep = [deep]

    with pytest.raises(CanonicalError, match="nested deeper"):
        canonical(deep)


@pytest.mark.parametrize(
    "text",
    [
        '{"b":1,"a":2}',
        '{"a": 1}',
        '{"a":1,"a":1}',
        '{"a":1.0}',
        '{"a":NaN}',
        '{"a":1e3}',
        '"\\u00e9"',
        '{"a":1} ',
        "",
        "nonsense",
        "[" * 100_000,
        '"\\ud800"',
    ],
)
def test_a_text_in_another_form_is_refused(text: str) -> None:
    with pytest.raises(CanonicalError):
        parse(text)


def test_a_number_of_any_size_is_kept_exactly() -> None:
    assert parse(canonical({"n": 2**60}).decode()) == {"n": 2**60}
    assert json.loads(canonical({"n": 2**60})) == {"n": 2**60}
