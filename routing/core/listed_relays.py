"""A pasted list of relay targets: a name with its hosts on each line, or a table of them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from routing.core.findings import Finding
from routing.core.names import RELAY_NAME, check_port, normalise_name
from routing.core.tables import TEXT_LIMIT, Columns, Row, is_table, read_rows, settled, table_error
from routing.core.tags import normal_tags

RELAYS = Columns(
    said=("name", "hosts", "port", "note", "tags"),
    shown=("value", "routes", "state", "changed_by", "changed_at"),
    first="name",
    numbers=frozenset({"port"}),
)
BETWEEN = re.compile(r"[\s,;]+")


@dataclass(frozen=True, slots=True)
class ListedRelay:
    """What one line says of one relay target. None: the list does not say it; an empty one: it
    says nothing is there."""

    line: int
    name: str
    hosts: tuple[str, ...] | None = None
    port: str | None = None
    note: str | None = None
    tags: str | None = None


@dataclass(frozen=True, slots=True)
class RelayText:
    """The lines that can be used, in their order, and what is wrong with the others."""

    lines: tuple[ListedRelay, ...]
    findings: tuple[Finding, ...] = ()


def read_relays(text: str) -> RelayText:
    """Read a pasted list. Every finding has its line; a line with an error is not in `lines`.

    A plain line is a name, its hosts in order and perhaps a port: `smtp1 a.example b.example 587`.
    A line of hosts alone is named by the first label of the first: `smtp2.example` is smtp2.
    """
    text, unread = settled(text, TEXT_LIMIT)
    if unread:
        return RelayText((), unread)
    if is_table(text, RELAYS):
        rows, findings = read_rows(text, RELAYS, _wrong)
        return _once([_of_row(row) for row in rows], [*findings])
    return _read_lines(text)


def _read_lines(text: str) -> RelayText:
    lines: list[ListedRelay] = []
    findings: list[Finding] = []
    for number, raw in enumerate(text.split("\n"), start=1):
        words = [word for word in BETWEEN.split(raw.partition("#")[0]) if word]
        if not words:
            continue
        item = _of_words(number, words)
        wrong = [*_about_port(item.port, number)]
        if not item.name:
            said = f"{words[0]} gives no name for a relay target."
            advice = f"Write a short name before it, for example smtp1 {words[0]}."
            wrong.append(table_error("name_missing", said, advice, number))
        findings += wrong
        lines += [] if wrong else [item]
    return _once(lines, findings)


def _of_words(number: int, words: list[str]) -> ListedRelay:
    port = words.pop() if len(words) > 1 and words[-1].isdigit() else None
    first = words[0].lower()
    if RELAY_NAME.fullmatch(first) and not first.isdigit():
        return ListedRelay(number, first, _hosts(words[1:]) or None, port)
    label = first.partition(".")[0]
    named = RELAY_NAME.fullmatch(label) and not label.isdigit()
    return ListedRelay(number, label if named else "", _hosts(words), port)


def _wrong(row: Row) -> Iterator[Finding]:
    yield from _about_port(row.text("port"), row.line)


def _about_port(port: str | None, line: int) -> Iterator[Finding]:
    for found in check_port(port) if port and port.strip() else ():
        yield table_error(found.code, found.text, found.advice, line)


def _of_row(row: Row) -> ListedRelay:
    hosts, tags, port = row.text("hosts"), row.text("tags"), row.text("port")
    return ListedRelay(
        line=row.line,
        name=(row.text("name") or "").strip().lower(),
        hosts=None if hosts is None else _hosts(BETWEEN.split(hosts)),
        port=None if port is None else port.strip(),
        note=row.text("note"),
        tags=None if tags is None else normal_tags(tags),
    )


def _hosts(words: list[str]) -> tuple[str, ...]:
    return tuple(normalise_name(word) for word in words if word)


def _once(lines: list[ListedRelay], findings: list[Finding]) -> RelayText:
    """Every name once: a second line for it is an error that names the first."""
    first: dict[str, int] = {}
    kept = []
    for item in lines:
        if item.name not in first:
            first[item.name] = item.line
            kept.append(item)
            continue
        words = f"{item.name} is on line {first[item.name]} already."
        findings.append(table_error("name_duplicate", words, "Remove one of the two.", item.line))
    return RelayText(tuple(kept), tuple(sorted(findings, key=lambda finding: finding.line)))
