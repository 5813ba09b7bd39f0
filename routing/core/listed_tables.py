"""Routing objects as a table: the columns of the file that a list gives, and reading it again."""

from __future__ import annotations

from collections.abc import Iterator

from routing.core.findings import Finding
from routing.core.intent import ObjectKind
from routing.core.listed_values import Listed, ListText
from routing.core.names import normalise_key
from routing.core.tables import NO, YES, Columns, Row, read_rows, table_error
from routing.core.tags import normal_tags

OBJECTS = Columns(
    said=("server", "key", "kind", "enabled", "relay", "mailer", "next_hop", "note", "tags"),
    shown=("value", "state", "changed_by", "changed_at"),
    first="key",
)
COLUMNS = OBJECTS.every
REMOVED = "removed"
"""The state of a line about an object that has no row any more: it is passed over."""


def read_table(text: str) -> ListText:
    """Read CSV or JSON. Every finding has its line."""
    rows, findings = read_rows(text, OBJECTS, _wrong)
    found = (_listed(row) for row in rows if row.cells.get("state") != REMOVED)
    return ListText(tuple(found), findings)


def _wrong(row: Row) -> Iterator[Finding]:
    kind, enabled = row.text("kind"), row.text("enabled")
    if kind and kind not in set(ObjectKind):
        advice = f"Write one of {', '.join(ObjectKind)}."
        yield table_error("kind_unknown", f"There is no kind {kind}.", advice, row.line)
    if enabled and enabled.lower() not in YES | NO:
        words = f"{enabled} is neither yes nor no."
        yield table_error("enabled_unknown", words, "Write yes or no.", row.line)


def _listed(row: Row) -> Listed:
    kind, enabled, tags = row.text("kind"), (row.text("enabled") or "").lower(), row.text("tags")
    return Listed(
        line=row.line,
        key=normalise_key(row.text("key") or ""),
        server=(row.text("server") or "").strip(),
        kind=ObjectKind(kind) if kind else None,
        enabled=enabled in YES if enabled else None,
        relay=row.text("relay"),
        mailer=row.text("mailer"),
        next_hop=row.text("next_hop"),
        note=row.text("note"),
        tags=None if tags is None else normal_tags(tags),
    )
