"""The files of a push, compared line by line with the live ones."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from django.urls import reverse

from mailadmin.ui.push_page import DiffLine, FileDiff
from mailadmin.ui.words import number
from routing.core.bundle import Bundle
from routing.core.diff import DiffLine as Line
from routing.core.diff import FileDiff as Diff
from routing.core.diff import Hunk, diff_texts
from routing.core.plan import TABLES
from routing.models import PushTarget
from routing.queries.pushes import PushRecord
from routing.queries.revisions import bundle_of

MOST_LINES = 2000
WIDEST_KEY = 60
"""A longer key moves its own value only, not those of all others out of sight."""
KINDS = {"+": "ins", "-": "del", " ": "same"}


def files(record: PushRecord) -> tuple[FileDiff, ...]:
    """Every file of every host, the differing ones of a host first, the very first one open."""
    found: list[FileDiff] = []
    for target in record.targets:
        row = target.row
        made = [file_of(row, diff) for diff in diffs(row)]
        found += sorted(made, key=lambda file: not file.differs)
    first = next((file.id for file in found if file.differs), "")
    return tuple(_opened(file) if file.id == first else file for file in found)


def diffs(row: PushTarget) -> tuple[Diff, ...]:
    """The live and the proposed text of each file, in order of name."""
    live: Bundle | None = bundle_of(row.base_revision) if row.base_revision else None
    proposed = bundle_of(row.revision)
    old = dict(live.files) if live else {}
    names = sorted(old.keys() | proposed.files.keys())
    return tuple(
        diff_texts(name, old.get(name, ""), proposed.files.get(name, "")) for name in names
    )


def file_of(row: PushTarget, diff: Diff, *, whole: bool = False) -> FileDiff:
    """One file as the page shows it; with `whole` however long it is."""
    length = sum(len(hunk.lines) for hunk in diff.hunks)
    too_long = length > MOST_LINES and not whole
    return FileDiff(
        id=f"file-{row.host.name}-{diff.name.replace('.', '-')}",
        host=row.host.name,
        name=diff.name,
        added=diff.added,
        removed=diff.removed,
        lines=() if too_long else tuple(_lines(diff)),
        open=whole,
        too_long=too_long,
        href=reverse("push-file", args=[row.push_id, row.host.name, diff.name]),
    )


def _opened(file: FileDiff) -> FileDiff:
    return FileDiff(
        file.id,
        file.host,
        file.name,
        file.added,
        file.removed,
        file.lines,
        True,
        file.too_long,
        file.href,
    )


def _lines(diff: Diff) -> Iterator[DiffLine]:
    if not diff.hunks:
        yield DiffLine("fold", "Nothing changes in this file")
        return
    width = _key_width(diff.hunks) if diff.name in TABLES else 0
    for hunk in diff.hunks:
        yield from _fold(hunk.skipped)
        for line in hunk.lines:
            yield DiffLine(KINDS[line.sign], _aligned(line.text, width), line.new or line.old)
    yield from _fold(diff.after)


def _fold(count: int) -> Iterator[DiffLine]:
    if count:
        words = "1 line is the same" if count == 1 else f"{number(count)} lines are the same"
        yield DiffLine("fold", words)


def _key_width(hunks: Iterable[Hunk]) -> int:
    lines: Iterator[Line] = (line for hunk in hunks for line in hunk.lines)
    widths = (len(line.text.partition("\t")[0]) for line in lines)
    return max((width for width in widths if width <= WIDEST_KEY), default=0)


def _aligned(text: str, width: int) -> str:
    """The value of a table's line under the values above it; a tab would stand anywhere."""
    key, tab, value = text.partition("\t")
    return f"{key.ljust(width)}  {value}" if tab and width else text
