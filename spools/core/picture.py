"""A spool over time as paths of an SVG, for who has no script: an area and a line.

Gaps stay open: nothing is drawn over a time that nobody looked at.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 720, 200
NARROWEST = 3

Dot = tuple[float, float | None]
"""Seconds since the chart began, and a figure, None in a gap."""


@dataclass(frozen=True, slots=True)
class Picture:
    """`area` and `line` are paths in a box of WIDTH by HEIGHT, each by a scale of its own that ends
    at `area_top` and `line_top`; `gaps` and `runs` are (x, width), `marks` are x."""

    area: str
    line: str
    area_top: float
    line_top: float
    gaps: tuple[tuple[float, float], ...]
    marks: tuple[float, ...]
    runs: tuple[tuple[float, float], ...] = ()


def picture_of(
    area: Sequence[Dot],
    line: Sequence[Dot],
    *,
    length_s: float,
    gaps: Iterable[tuple[float, float]] = (),
    marks: Iterable[float] = (),
    runs: Iterable[tuple[float, float]] = (),
) -> Picture:
    """Draw figures over `length_s` seconds; `gaps` and `runs` are (from, to)."""
    area_top, line_top = _top(area), _top(line)
    return Picture(
        " ".join(_area(part) for part in _parts(area, length_s, area_top)),
        " ".join(_line(part) for part in _parts(line, length_s, line_top)),
        area_top,
        line_top,
        tuple((round(_x(at, length_s), 1), round(_x(end - at, length_s), 1)) for at, end in gaps),
        tuple(round(_x(at, length_s), 1) for at in marks),
        tuple(_span(at, end, length_s) for at, end in runs),
    )


def _top(dots: Iterable[Dot]) -> float:
    return max((value for _, value in dots if value is not None), default=0.0)


def _x(at: float, length_s: float) -> float:
    return min(max(at, 0.0), length_s) / length_s * WIDTH


def _span(at: float, end: float, length_s: float) -> tuple[float, float]:
    """What is short is seen all the same, and nothing is drawn outside."""
    left, right = _x(at, length_s), _x(end, length_s)
    width = max(right - left, NARROWEST)
    return round(min(left, WIDTH - width), 1), round(width, 1)


def _parts(dots: Iterable[Dot], length_s: float, top: float) -> Iterator[list[tuple[float, float]]]:
    """Runs of points without a gap."""
    run = list[tuple[float, float]]()
    for at, value in dots:
        if value is None:
            if run:
                yield run
            run = []
        else:
            share = value / top if top else 0.0
            run.append((_x(at, length_s), HEIGHT - share * (HEIGHT - 4)))
    if run:
        yield run


def _line(run: Sequence[tuple[float, float]]) -> str:
    path = "L".join(f"{x:.1f} {y:.1f}" for x, y in run)
    return f"M{path}" if len(run) > 1 else f"M{path}h1"


def _area(run: Sequence[tuple[float, float]]) -> str:
    first, last = run[0][0], max(run[-1][0], run[0][0] + 1)
    tops = "L".join(f"{x:.1f} {y:.1f}" for x, y in run)
    return f"M{first:.1f} {HEIGHT}L{tops}L{last:.1f} {HEIGHT}Z"
