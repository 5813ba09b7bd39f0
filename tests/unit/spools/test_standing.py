"""The word for how a spool stands, and that each has a badge."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mailadmin.ui.badges import MESSAGE, SPOOL
from spools.core.standing import RANK, Seen, Standing, standing_of
from spools.core.summary import State

WELL = Seen(listed=True, problem=False, figure_s=10, waiting=3, broken=0, oldest_s=60)


@pytest.mark.parametrize(
    ("seen", "word"),
    [
        (WELL, Standing.FLOWS),
        (replace(WELL, waiting=0, oldest_s=None), Standing.EMPTY),
        (replace(WELL, oldest_s=None), Standing.FLOWS),
        (replace(WELL, oldest_s=1800), Standing.FLOWS),
        (replace(WELL, oldest_s=1801), Standing.OLD),
        (replace(WELL, oldest_s=1801, broken=1), Standing.BROKEN),
        (replace(WELL, oldest_s=1801, relay_down=True), Standing.BLOCKED),
        (replace(WELL, broken=1, relay_down=True), Standing.BROKEN),
        (replace(WELL, waiting=0, oldest_s=None, relay_down=True), Standing.EMPTY),
        (replace(WELL, figure_s=121, relay_down=True), Standing.SILENT),
        (replace(WELL, figure_s=120), Standing.FLOWS),
        (replace(WELL, figure_s=121, broken=1), Standing.SILENT),
        (replace(WELL, figure_s=121, problem=True), Standing.UNREADABLE),
        (replace(WELL, figure_s=None), Standing.UNSCANNED),
        (replace(WELL, figure_s=None, problem=True), Standing.UNREADABLE),
        (replace(WELL, listed=False, problem=True), Standing.UNLISTED),
        (replace(WELL, figure_s=-3600), Standing.FLOWS),
    ],
)
def test_the_worst_that_is_known_is_the_word(seen: Seen, word: Standing) -> None:
    assert standing_of(seen, period_s=30, old_s=1800) is word


def test_each_standing_and_each_state_of_a_message_has_a_badge() -> None:
    assert set(SPOOL) == {standing.value for standing in Standing}
    assert set(MESSAGE) == {state.value for state in State}


def test_what_is_not_known_is_neither_good_nor_bad() -> None:
    unknown = (Standing.SILENT, Standing.UNSCANNED, Standing.UNLISTED)
    assert {SPOOL[standing].kind for standing in unknown} == {"unk"}


def test_the_worst_stands_first() -> None:
    kinds = [SPOOL[standing].kind for standing in sorted(RANK, key=lambda s: RANK[s])]
    assert kinds[0] == "bad"
    assert kinds.index("warn") < kinds.index("ok")
