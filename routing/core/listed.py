"""A list that somebody pasted or uploaded: names one a line, lines of a mailertable, or a table."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from routing.core.findings import Finding, Severity
from routing.core.listed_tables import OBJECTS, read_table
from routing.core.listed_values import Listed, ListText
from routing.core.mailertable import parse_mailertable
from routing.core.names import normalise_key
from routing.core.tables import TEXT_LIMIT, is_table, settled


def read_list(text: str, *, server: str, longest: int | None = TEXT_LIMIT) -> ListText:
    """Read a list of at most `longest` characters; `server` is where a line belongs that names
    none. Every finding has its line; a line with an error is not in `lines`."""
    text, unread = settled(text, longest)
    if unread:
        return ListText((), unread)
    found = read_table(text) if is_table(text, OBJECTS) else _read_lines(text)
    placed = (replace(item, server=item.server or server) for item in found.lines)
    return _once(ListText(tuple(placed), found.findings))


def _once(found: ListText) -> ListText:
    """Every key of a server once: a second line for it is an error that names the first."""
    first: dict[tuple[str, str], int] = {}
    lines, findings = [], [*found.findings]
    for item in found.lines:
        before = first.get((item.server, item.key))
        if before is None:
            first[item.server, item.key] = item.line
            lines.append(item)
            continue
        words = f"{item.key} is on line {before} already."
        advice = "Remove one of the two."
        findings.append(_error("key_duplicate", item.key, words, advice, item.line))
    return ListText(tuple(lines), tuple(sorted(findings, key=lambda finding: finding.line)))


def _read_lines(text: str) -> ListText:
    names: list[Listed] = []
    pairs: list[str] = []
    for number, raw in enumerate(text.split("\n"), start=1):
        name, value = _split(raw)
        pairs.append(f"{name}\t{value}" if value else "")
        if name and not value:
            names.append(Listed(number, normalise_key(name)))
    parsed = parse_mailertable("\n".join(pairs))
    valued = [Listed(line.number, line.key, value=line.value) for line in parsed.lines]
    lines = sorted((*names, *valued), key=lambda item: item.line)
    return ListText(tuple(lines), _about_lines(parsed.findings))


def _split(raw: str) -> tuple[str, str]:
    """Name and value of a line; a comment may follow a name, and is no value."""
    line = raw.strip()
    if not line or line.startswith("#"):
        return "", ""
    name, _, value = line.replace("\t", " ").partition(" ")
    value = value.strip()
    return name, "" if value.startswith("#") else value


def _about_lines(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """In a pasted list a second value for a key is one thing with a second name for it."""
    return tuple(replace(finding, field="list") for finding in findings)


def _error(code: str, subject: str, text: str, advice: str, line: int) -> Finding:
    return Finding(code, Severity.ERROR, subject, text, advice, "list", line)
