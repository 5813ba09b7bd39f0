"""A spool over time: what its chart is drawn from, as a picture, as JSON and as a table."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from mailadmin.listing import ViewChip
from mailadmin.people.access import requires
from mailadmin.people.roles import Permission
from spools.core.picture import Picture, picture_of
from spools.models import Spool
from spools.queries.series import LENGTHS, Mark, Point, Series, Span, marks_of, series_of
from spools.views.wanted import Ask
from spools.views.watching import spool_href, spool_or_404

SPANS: Mapping[Span, str] = {Span.HOUR: "1 h", Span.DAY: "24 h", Span.WEEK: "7 d"}
STEPS: Mapping[Span, str] = {
    Span.HOUR: "each scan",
    Span.DAY: "in steps of five minutes",
    Span.WEEK: "in steps of an hour",
}
PLAIN = Span.DAY
MARKS_TOLD = 6
"""Under the chart; the table has all of them."""


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the table: the figures from the moment `at` on, or what was done then, in words."""

    at: datetime
    point: Point | None = None
    mark: Mark | None = None
    words: str = ""


@require_safe
@requires(Permission.READ)
def series(request: HttpRequest, host: str, name: str) -> HttpResponse:
    """The figures of a chart as columns; moments in seconds since the epoch, null in a gap."""
    row = spool_or_404(host, name)
    found = _series(row, span_of(request.GET.get("span", "")), timezone.now())
    return JsonResponse(
        {
            "begins": found.begins.timestamp(),
            "ends": found.ends.timestamp(),
            "at": [point.at.timestamp() for point in found.points],
            "depth": [point.depth for point in found.points],
            "oldest": [point.oldest_s for point in found.points],
            "in": [point.in_per_min for point in found.points],
            "out": [point.out_per_min for point in found.points],
            "gaps": [[begun.timestamp(), ended.timestamp()] for begun, ended in found.gaps],
            "marks": [_mark(mark, found) for mark in marks_of(row, found)],
        },
        headers={"Cache-Control": "no-store"},
    )


@require_safe
@requires(Permission.READ)
def numbers(request: HttpRequest, host: str, name: str) -> HttpResponse:
    """The same as a table, the newest first."""
    row, now = spool_or_404(host, name), timezone.now()
    span = span_of(request.GET.get("span", ""))
    found = _series(row, span, now)
    context = {
        "row": row,
        "rows": _rows(found, marks_of(row, found)),
        "step_words": STEPS[span],
        "span_words": SPANS[span],
        "spans": _chips(spool_href(row, "spool-numbers"), span),
        "back_href": f"{spool_href(row)}?span={span.value}",
    }
    return render(request, "spools/numbers.html", context)


def chart_context(row: Spool, text: str, ask: Ask) -> dict[str, Any]:
    """What the card of the chart writes down."""
    span, now = span_of(text), timezone.now()
    found = _series(row, span, now)
    marks = marks_of(row, found)
    begun = found.since is not None and found.since > found.begins + LENGTHS[span] / 50
    return {
        "span": span.value,
        "span_words": SPANS[span],
        "spans": tuple(
            ViewChip(
                label, ask.asked.href(span="" if value is PLAIN else value.value), value is span
            )
            for value, label in SPANS.items()
        ),
        "series_href": f"{spool_href(row, 'spool-series')}?span={span.value}",
        "numbers_href": f"{spool_href(row, 'spool-numbers')}?span={span.value}",
        "picture": _picture(found, marks),
        "marks": marks[:MARKS_TOLD],
        "marks_more": len(marks[MARKS_TOLD:]),
        "collecting_since": found.since if begun or found.since is None else None,
        "has_series": bool(found.known),
        "has_gaps": bool(found.gaps),
        "step_words": STEPS[span],
    }


def span_of(text: str) -> Span:
    """What an address says, a day for what it does not."""
    return Span(text) if text in set(Span) else PLAIN


def _series(row: Spool, span: Span, now: datetime) -> Series:
    return series_of(row, span, now=now, period=timedelta(seconds=settings.SCAN_SECONDS))


def _chips(place: str, span: Span) -> tuple[ViewChip, ...]:
    return tuple(
        ViewChip(label, f"{place}?span={value.value}", value is span)
        for value, label in SPANS.items()
    )


def _rows(found: Series, marks: Iterable[Mark]) -> tuple[Row, ...]:
    """Figures and what was done between them, the newest first."""
    rows = [Row(point.at, point=point) for point in found.points]
    rows += [row for mark in marks for row in _moments(mark, found)]
    return tuple(sorted(rows, key=lambda row: row.at, reverse=True))


def _moments(mark: Mark, found: Series) -> Iterator[Row]:
    """When a mark begins, and when one with a length ends: what lies in the time of the chart."""
    if not mark.is_run:
        yield Row(mark.at, mark=mark, words="became live")
        return
    if mark.at >= found.begins:
        yield Row(mark.at, mark=mark, words="began")
    if mark.until is None:
        yield Row(found.ends, mark=mark, words="goes on")
    else:
        yield Row(mark.until, mark=mark, words="ended")


def _mark(mark: Mark, found: Series) -> dict[str, Any]:
    """For the script: `until` is null for a moment."""
    until = (mark.until or found.ends) if mark.is_run else None
    return {
        "kind": mark.kind.value,
        "at": mark.at.timestamp(),
        "until": until.timestamp() if until else None,
        "text": mark.text,
    }


def _picture(found: Series, marks: Sequence[Mark]) -> Picture:
    def since(moment: datetime) -> float:
        return (moment - found.begins).total_seconds()

    return picture_of(
        [(since(point.at), point.depth) for point in found.points],
        [(since(point.at), point.oldest_s) for point in found.points],
        length_s=(found.ends - found.begins).total_seconds(),
        gaps=[(since(begun), since(ended)) for begun, ended in found.gaps],
        marks=[since(mark.at) for mark in marks if not mark.is_run],
        runs=[(since(mark.at), since(mark.until or found.ends)) for mark in marks if mark.is_run],
    )
