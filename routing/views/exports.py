"""A list as a file, sent while its rows are read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from django.http import HttpRequest, StreamingHttpResponse
from django.http.response import HttpResponseBase

from mailadmin.asked import Asked
from routing.core.tables import csv_lines, json_lines

Rows = Iterable[Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class Export:
    """A kind of file that a list can be had as."""

    content_type: str
    lines: Callable[[Rows, Sequence[str]], Iterator[str]]


EXPORTS: Mapping[str, Export] = {
    "csv": Export("text/csv; charset=utf-8", csv_lines),
    "json": Export("application/json", json_lines),
}


def exports_of(asked: Asked) -> tuple[tuple[str, str], ...]:
    """Each kind of file with its address."""
    return tuple((name, asked.href(format=name)) for name in EXPORTS)


def file_of(
    request: HttpRequest, *, name: str, columns: Sequence[str], rows: Callable[[], Rows]
) -> HttpResponseBase | None:
    """The file that the address asks for, None when it asks for the page. The rows are asked for
    only then; each has all of the columns."""
    ending = request.GET.get("format", "")
    export = EXPORTS.get(ending)
    if export is None:
        return None
    disposition = {"Content-Disposition": f'attachment; filename="{name}.{ending}"'}
    lines = export.lines(rows(), columns)
    return StreamingHttpResponse(lines, content_type=export.content_type, headers=disposition)
