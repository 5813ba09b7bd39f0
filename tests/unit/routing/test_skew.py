"""The difference of two clocks in words."""

from __future__ import annotations

import pytest

from routing.core.skew import expired_words, skew_words


@pytest.mark.parametrize(
    ("skew_s", "words"),
    [
        (0, "in step"),
        (-4.9, "in step"),
        (5, "5 s ahead"),
        (-99, "99 s behind"),
        (3600, "60 min ahead"),
        (-3600, "60 min behind"),
        (6 * 3600, "6 h ahead"),
        (-400 * 86400, "400 days behind"),
    ],
)
def test_a_difference_has_its_size_and_its_side(skew_s: float, words: str) -> None:
    assert skew_words(skew_s) == words


def test_an_expired_order_names_the_clock_only_where_it_is_the_cause() -> None:
    assert "The clock of listes is 60 min ahead" in expired_words("listes", 3600)
    assert "Set its clock, then try again." in expired_words("listes", 3600)
    assert "clock" not in expired_words("listes", 2)
    assert "clock" not in expired_words("listes", -3600)
