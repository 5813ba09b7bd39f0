"""A small line of figures, as the path of an SVG: no axes, gaps where nothing is known."""

from __future__ import annotations

from collections.abc import Sequence

WIDTH, HEIGHT, EDGE = 72, 22, 2


def spark_path(values: Sequence[float | None]) -> str:
    """`d` of a path in a box of WIDTH by HEIGHT, from nothing to the highest value; "" where
    fewer than two are known. A figure between two gaps is a dot of a line."""
    known = [value for value in values if value is not None]
    if len(known) < 2:
        return ""
    low, high = min(0.0, *known), max(known)
    step = (WIDTH - 2 * EDGE) / (len(values) - 1)
    parts, pen = list[str](), False
    for at, value in enumerate(values):
        if value is None:
            pen = False
            continue
        share = (value - low) / (high - low) if high > low else 0.0
        x, y = EDGE + at * step, HEIGHT - EDGE - share * (HEIGHT - 2 * EDGE)
        parts.append(f"{'L' if pen else 'M'}{x:.1f} {y:.1f}")
        last = at == len(values) - 1 or values[at + 1] is None
        if last and not pen:
            parts.append("h.1")
        pen = True
    return "".join(parts)
