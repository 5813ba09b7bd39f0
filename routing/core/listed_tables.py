"""Lists as tables: the CSV and JSON that a list page gives, and reading exactly that again.

A cell that a spreadsheet would run as a formula gets an apostrophe before it, and reading takes it
off; a cell that only looks as if one had been put there gets one more, so nothing is ever lost.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from routing.core.findings import Finding, Severity
from routing.core.intent import ObjectKind
from routing.core.listed_values import Listed, ListText
from routing.core.names import normalise_key
from routing.core.tags import check_tags, normal_tags

SAID = ("server", "key", "kind", "enabled", "relay", "mailer", "next_hop", "note", "tags")
"""The columns that say what an object is."""
SHOWN = ("value", "state", "changed_by", "changed_at")
"""Those that only tell; a list with them is read without them."""
COLUMNS = (*SAID, *SHOWN)
REMOVED = "removed"
"""The state of a line about an object that has no row any more: it is passed over."""
FORMULA = re.compile(r"'*\s*[=+\-@\uff1d\uff0b\uff0d\uff20\t\r\n]")
UNKEPT = re.compile(r"[\0\ud800-\udfff]")
"""JSON can spell them: the null and halves of pairs."""
YES, NO = frozenset({"yes", "true", "1"}), frozenset({"no", "false", "0"})


def guarded(cell: str) -> str:
    """The cell as a spreadsheet may have it."""
    return f"'{cell}" if FORMULA.match(cell) else cell


def unguarded(cell: str) -> str:
    """The reverse of `guarded`."""
    return cell[1:] if cell.startswith("'") and FORMULA.match(cell[1:]) else cell


def csv_lines(rows: Iterable[Mapping[str, str]], columns: Sequence[str] = COLUMNS) -> Iterator[str]:
    """A table with a head, line by line."""
    yield _csv_line(columns)
    for row in rows:
        yield _csv_line(guarded(row[name]) for name in columns)


def json_lines(
    rows: Iterable[Mapping[str, str]], columns: Sequence[str] = COLUMNS
) -> Iterator[str]:
    """A JSON array with one object a line."""
    before = "[\n"
    for row in rows:
        yield before + json.dumps({name: row[name] for name in columns}, ensure_ascii=False)
        before = ",\n"
    yield "\n]\n" if before == ",\n" else "[]\n"


def is_table(text: str) -> bool:
    """Whether a text is one of these and not a plain list."""
    return is_json(text) or "key" in _head(text)


def is_json(text: str) -> bool:
    """No name begins so."""
    return text.lstrip().startswith(("[", "{"))


def read_table(text: str) -> ListText:
    """Read CSV or JSON. Every finding has its line."""
    found: list[Listed] = []
    findings: list[Finding] = []
    try:
        for line, cells in _json_rows(text) if is_json(text) else _csv_rows(text):
            wrong = list(_wrong(line, cells))
            findings += wrong
            if not wrong and cells.get("state") != REMOVED:
                found.append(_listed(line, cells))
    except json.JSONDecodeError as error:
        words = f"This is no JSON from here on: {error.msg}."
        findings.append(_error("json_broken", words, "Export it again.", error.lineno))
    except (ValueError, RecursionError):
        words = "This is no JSON that a list could be."
        findings.append(_error("json_broken", words, "Export it again.", 1))
    except csv.Error as error:
        findings.append(_error("csv_broken", f"This is no CSV: {error}.", "Export it again.", 1))
    return ListText(tuple(found), tuple(findings))


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


def _wrong(line: int, cells: Any) -> Iterator[Finding]:
    """Everything that keeps a row from being read."""
    if not isinstance(cells, dict):
        yield _error("row_shape", "This is no object with columns.", "Export it again.", line)
        return
    for name, cell in cells.items():
        if name in COLUMNS and not isinstance(cell, str | bool | None):
            words = f"The column {name} holds neither a text nor yes or no."
            yield _error("cell_shape", words, "Write a text.", line)
        elif UNKEPT.search(str(cell)):
            words = f"The column {name} holds a character that no database keeps."
            yield _error("cell_character", words, "Write it without.", line)
    unknown = sorted(str(name) for name in cells.keys() - set(COLUMNS) if str(name))
    if unknown:
        words = f"There is no column {', '.join(unknown)}."
        yield _error("column_unknown", words, f"The columns are {', '.join(SAID)}.", line)
    if not str(cells.get("key") or "").strip():
        yield _error("key_missing", "This line names no key.", "Write one, or remove it.", line)
    kind = cells.get("kind")
    if kind and str(kind) not in set(ObjectKind):
        advice = f"Write one of {', '.join(ObjectKind)}."
        yield _error("kind_unknown", f"There is no kind {kind}.", advice, line)
    if (said := _text(cells.get("enabled"))) and said.lower() not in YES | NO:
        yield _error("enabled_unknown", f"{said} is neither yes nor no.", "Write yes or no.", line)
    for found in check_tags(_text(cells.get("tags")) or ""):
        yield replace(found, field="list", line=line)


def _listed(line: int, cells: Mapping[str, Any]) -> Listed:
    enabled = (_text(cells.get("enabled")) or "").lower()
    return Listed(
        line=line,
        key=normalise_key(str(cells["key"])),
        server=(_text(cells.get("server")) or "").strip(),
        kind=ObjectKind(cells["kind"]) if cells.get("kind") else None,
        enabled=enabled in YES if enabled else None,
        relay=_text(cells.get("relay")),
        mailer=_text(cells.get("mailer")),
        next_hop=_text(cells.get("next_hop")),
        note=_text(cells.get("note")),
        tags=None if (tags := _text(cells.get("tags"))) is None else normal_tags(tags),
    )


def _text(cell: Any) -> str | None:
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    return None if cell is None else str(cell)


def _error(code: str, text: str, advice: str, line: int) -> Finding:
    return Finding(code, Severity.ERROR, "", text, advice, "list", line)
