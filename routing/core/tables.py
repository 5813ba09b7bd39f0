"""Tables as people exchange them, CSV and JSON: written with a head, and read again exactly so.

A cell that a spreadsheet would run as a formula gets an apostrophe before it, and reading takes it
off; a cell that only looks as if one had been put there gets one more, so nothing is ever lost.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from routing.core.findings import Finding, Severity
from routing.core.tags import check_tags

Cells = Mapping[str, Any]
TEXT_LIMIT = 2_000_000
"""Characters of a list that comes by a browser."""
FORMULA = re.compile(r"'*\s*[=+\-@\uff1d\uff0b\uff0d\uff20\t\r\n]")
UNKEPT = re.compile(r"[\0\ud800-\udfff]")
"""JSON can spell them: the null and halves of pairs."""
YES, NO = frozenset({"yes", "true", "1"}), frozenset({"no", "false", "0"})


@dataclass(frozen=True, slots=True)
class Columns:
    """What a table may have: columns that say something, and those that only tell, which reading
    passes over. `first` is the one without which a row is none, `numbers` may be JSON numbers."""

    said: tuple[str, ...]
    shown: tuple[str, ...]
    first: str
    numbers: frozenset[str] = frozenset()

    @property
    def every(self) -> tuple[str, ...]:
        """Those of a file that we write."""
        return (*self.said, *self.shown)


@dataclass(frozen=True, slots=True)
class Row:
    """One row that can be used, with the line on which it begins."""

    line: int
    cells: Cells

    def text(self, name: str) -> str | None:
        """A cell as text; None: the table does not say it, "": it says nothing is there."""
        return text_of(self.cells.get(name))


Check = Callable[[Row], Iterable[Finding]]


def guarded(cell: str) -> str:
    """The cell as a spreadsheet may have it."""
    return f"'{cell}" if FORMULA.match(cell) else cell


def unguarded(cell: str) -> str:
    """The reverse of `guarded`."""
    return cell[1:] if cell.startswith("'") and FORMULA.match(cell[1:]) else cell


def csv_lines(rows: Iterable[Mapping[str, str]], columns: Sequence[str]) -> Iterator[str]:
    """A table with a head, line by line."""
    yield _csv_line(columns)
    for row in rows:
        yield _csv_line(guarded(row[name]) for name in columns)


def json_lines(rows: Iterable[Mapping[str, str]], columns: Sequence[str]) -> Iterator[str]:
    """A JSON array with one object a line."""
    before = "[\n"
    for row in rows:
        yield before + json.dumps({name: row[name] for name in columns}, ensure_ascii=False)
        before = ",\n"
    yield "\n]\n" if before == ",\n" else "[]\n"


def settled(text: str, longest: int | None) -> tuple[str, tuple[Finding, ...]]:
    """A text with plain ends of line, or "" and why it is not read."""
    if longest is not None and len(text) > longest:
        words = f"The list has {len(text)} characters, more than {longest}."
        return "", (table_error("list_long", words, "Send it in parts.", 0),)
    return text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n"), ()


def is_table(text: str, columns: Columns) -> bool:
    """Whether a text is one of these and not a plain list."""
    return is_json(text) or columns.first in _head(text)


def is_json(text: str) -> bool:
    """No name begins so."""
    return text.lstrip().startswith(("[", "{"))


def read_rows(
    text: str, columns: Columns, check: Check
) -> tuple[tuple[Row, ...], tuple[Finding, ...]]:
    """Read CSV or JSON. Every finding has its line; a row with one is not among the rows. `check`
    tells what is wrong with the cells of a row."""
    found: list[Row] = []
    findings: list[Finding] = []
    try:
        for line, cells in _json_rows(text) if is_json(text) else _csv_rows(text):
            row = Row(line, cells if isinstance(cells, dict) else {})
            wrong = [*_wrong(line, cells, columns), *check(row)]
            findings += wrong
            if not wrong:
                found.append(row)
    except json.JSONDecodeError as error:
        words = f"This is no JSON from here on: {error.msg}."
        findings.append(table_error("json_broken", words, "Export it again.", error.lineno))
    except (ValueError, RecursionError):
        words = "This is no JSON that a list could be."
        findings.append(table_error("json_broken", words, "Export it again.", 1))
    except csv.Error as error:
        words = f"This is no CSV: {error}."
        findings.append(table_error("csv_broken", words, "Export it again.", 1))
    return tuple(found), tuple(findings)


def text_of(cell: Any) -> str | None:
    """A cell as text, yes or no for a truth."""
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    return None if cell is None else str(cell)


def table_error(code: str, text: str, advice: str, line: int) -> Finding:
    """What is wrong with a line of a list."""
    return Finding(code, Severity.ERROR, "", text, advice, "list", line)


def _csv_line(cells: Iterable[str]) -> str:
    out = io.StringIO()
    csv.writer(out).writerow(cells)
    return out.getvalue()


def _head(text: str) -> list[str]:
    """The columns that the first line names, with whichever sign is between them."""
    first = text.lstrip("\n").partition("\n")[0]
    return [name.strip().strip('"').lower() for name in first.split(_between(first))]


def _between(first: str) -> str:
    """Spreadsheets of half the world write semicolons."""
    return max(",;\t", key=first.count)


def _csv_rows(text: str) -> Iterator[tuple[int, dict[str, Any]]]:
    between = _between(text.lstrip("\n").partition("\n")[0])
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=between, strict=True)
    head: list[str] | None = None
    before = 0
    for cells in reader:
        line, before = before + 1, reader.line_num
        if not any(cells):
            continue
        if head is None:
            head = [name.strip().lower() for name in cells]
            continue
        row: dict[str, Any] = dict(zip(head, map(unguarded, cells), strict=False))
        if len(cells) > len(head):
            row["more"] = cells[len(head) :]
        yield line, row


def _json_rows(text: str) -> Iterator[tuple[int, Any]]:
    """The objects of an array, or one object, each with the line on which it begins."""
    decoder, at = json.JSONDecoder(), _past_blanks(text, 0)
    if text[at : at + 1] == "{":
        item, end = decoder.raw_decode(text, at)
        yield _line_of(text, at), item
        _nothing_after(text, end)
        return
    at = _past_blanks(text, at + 1)
    if text[at : at + 1] == "]":
        _nothing_after(text, at + 1)
        return
    line, counted = 1, 0
    while True:
        item, end = decoder.raw_decode(text, at)
        line, counted = line + text.count("\n", counted, at), at
        yield line, item
        end = _past_blanks(text, end)
        if text[end : end + 1] == "]":
            _nothing_after(text, end + 1)
            return
        if text[end : end + 1] != ",":
            raise json.JSONDecodeError("a comma or a bracket is missing", text, end)
        at = _past_blanks(text, end + 1)


def _past_blanks(text: str, at: int) -> int:
    while at < len(text) and text[at] in " \t\n":
        at += 1
    return at


def _line_of(text: str, at: int) -> int:
    return 1 + text.count("\n", 0, at)


def _nothing_after(text: str, at: int) -> None:
    if text[at:].strip():
        raise json.JSONDecodeError("something follows the end", text, _past_blanks(text, at))


def _wrong(line: int, cells: Any, columns: Columns) -> Iterator[Finding]:
    """Everything that keeps a row from being read, whatever its table is of."""
    if not isinstance(cells, dict):
        words = "This is no object with columns."
        yield table_error("row_shape", words, "Export it again.", line)
        return
    for name, cell in cells.items():
        if name in columns.every and not _is_cell(name, cell, columns):
            words = f"The column {name} holds neither a text nor yes or no."
            yield table_error("cell_shape", words, "Write a text.", line)
        elif UNKEPT.search(str(cell)):
            words = f"The column {name} holds a character that no database keeps."
            yield table_error("cell_character", words, "Write it without.", line)
    unknown = sorted(str(name) for name in cells.keys() - set(columns.every) if str(name))
    if unknown:
        words = f"There is no column {', '.join(unknown)}."
        advice = f"The columns are {', '.join(columns.said)}."
        yield table_error("column_unknown", words, advice, line)
    if not str(cells.get(columns.first) or "").strip():
        words = f"This line names no {columns.first}."
        advice = "Write one, or remove it."
        yield table_error(f"{columns.first}_missing", words, advice, line)
    for found in check_tags(text_of(cells.get("tags")) or ""):
        yield replace(found, field="list", line=line)


def _is_cell(name: str, cell: Any, columns: Columns) -> bool:
    if isinstance(cell, str | bool | None):
        return True
    return isinstance(cell, int) and name in columns.numbers
