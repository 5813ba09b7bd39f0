"""Small lines of figures, and the picture of a chart: gaps stay open."""

from __future__ import annotations

from mailadmin.ui.spark import HEIGHT, spark_path
from spools.core.picture import HEIGHT as TALL
from spools.core.picture import NARROWEST, WIDTH, picture_of


def test_a_line_goes_from_nothing_to_the_highest() -> None:
    assert spark_path([0, 5, 10]) == f"M2.0 {HEIGHT - 2}.0L36.0 11.0L70.0 2.0"


def test_a_gap_lifts_the_pen_and_a_lonely_figure_is_a_dot() -> None:
    path = spark_path([1, None, 1, 1, None, 1])
    assert path.count("M") == 3
    assert path.count("L") == 1
    assert path.count("h.1") == 2


def test_too_little_is_no_line() -> None:
    assert spark_path([]) == spark_path([3]) == spark_path([None, 3, None]) == ""


def test_all_zero_lies_on_the_ground() -> None:
    assert spark_path([0, 0]) == f"M2.0 {HEIGHT - 2}.0L70.0 {HEIGHT - 2}.0"


def test_a_picture_has_a_part_for_each_run() -> None:
    made = picture_of(
        [(0, 1), (10, 2), (20, None), (30, 4)],
        [(0, None), (10, 60), (20, 60)],
        length_s=40,
        gaps=[(15, 25)],
        marks=[20],
    )
    assert (made.area.count("M"), made.area.count("Z")) == (2, 2)
    assert made.line.count("M") == 1
    assert (made.area_top, made.line_top) == (4, 60)
    assert (made.gaps, made.marks) == (((WIDTH * 15 / 40, WIDTH / 4),), (WIDTH / 2,))
    assert made.area.startswith(f"M0.0 {TALL}L")


def test_a_run_is_seen_however_short_and_ends_with_the_picture() -> None:
    made = picture_of([], [], length_s=WIDTH, runs=[(10, 30), (50, 50), (WIDTH, WIDTH), (-9, 9000)])
    assert made.runs == ((10, 20), (50, NARROWEST), (WIDTH - NARROWEST, NARROWEST), (0, WIDTH))


def test_nothing_is_an_empty_picture() -> None:
    made = picture_of([], [(0, None)], length_s=10)
    assert (made.area, made.line, made.area_top) == ("", "", 0)
