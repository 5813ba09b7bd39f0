"""A scan's report as values. What an agent sends is believed only as far as it has the right shape
and size: of what has not, only a sentence is kept.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from mailadmin.wire.core.canonical import CanonicalError, parse
from spools.core.summary import (
    MOST_DOMAINS,
    MOST_MESSAGES,
    MOST_REASONS,
    MalformedSummary,
    MessageRow,
    SpoolReport,
    Summary,
)

MOST_SPOOLS = 200
LONGEST_NAME = 100
LONGEST_PLACE = 255
LONGEST_TEXT = 2000
MAX = 2**53
NAME = re.compile(r"[^/\x00-\x20\x7f]+")


@dataclass(frozen=True, slots=True)
class ScanReport:
    """`spools` came as they should. `refused` says by name why another one was not believed, under
    "" what cannot be said of one."""

    spools: tuple[SpoolReport, ...]
    refused: Mapping[str, str]


def read_report(body: Mapping[str, Any], blob: bytes | None) -> ScanReport:
    """The spools of a report's body and the lists of messages of its blob. Raises nothing."""
    try:
        rows = _rows(body)
        lists = _lists(blob)
    except MalformedSummary as error:
        return ScanReport((), {"": str(error)})
    read: dict[str, SpoolReport] = {}
    refused: dict[str, str] = {}
    for row in rows:
        name = _name(row)
        try:
            spool = _spool(row, lists.get(name))
            if name in read:
                raise MalformedSummary("Two spools have this name.")
            read[name] = spool
        except MalformedSummary as error:
            refused.setdefault(name, str(error))
    good = tuple(spool for name, spool in read.items() if name not in refused)
    return ScanReport(good, refused)


def _rows(body: Mapping[str, Any]) -> list[Any]:
    rows = body.get("spools")
    if not isinstance(rows, list):
        raise MalformedSummary("The report has no list of spools.")
    if len(rows) > MOST_SPOOLS:
        raise MalformedSummary(f"The report has {len(rows)} spools, more than {MOST_SPOOLS}.")
    return rows


def _lists(blob: bytes | None) -> Mapping[str, Any]:
    if blob is None:
        return {}
    try:
        lists = parse(blob.decode())
    except (CanonicalError, UnicodeDecodeError) as error:
        raise MalformedSummary(f"The lists of messages cannot be read: {error}.") from None
    if not isinstance(lists, Mapping):
        raise MalformedSummary("The lists of messages are no object.")
    return lists


def _name(row: Any) -> str:
    """What the row calls itself, "" where that is no name."""
    name = row.get("name") if isinstance(row, Mapping) else None
    good = isinstance(name, str) and len(name) <= LONGEST_NAME and NAME.fullmatch(name)
    return str(name) if good else ""


def _spool(row: Any, lists: Any) -> SpoolReport:
    if not _name(row):
        raise MalformedSummary("A spool has no name that can be shown.")
    given = lists if isinstance(lists, Mapping) else {}
    raw = {**row, "messages": given.get("messages", []), "gone": given.get("gone", [])}
    spool = SpoolReport.from_json(raw)
    if len(spool.token) > LONGEST_NAME:
        raise MalformedSummary("The token is too long.")
    if spool.summary is None:
        if not spool.problem:
            raise MalformedSummary("There are no figures and no problem that would say why.")
        return replace(spool, problem=spool.problem[:LONGEST_TEXT])
    _check(spool.summary)
    if len(spool.messages) > MOST_MESSAGES:
        raise MalformedSummary(f"More than {MOST_MESSAGES} messages are listed.")
    if not spool.base and lists is None and spool.token:
        raise MalformedSummary("The list of messages did not come.")
    return replace(spool, messages=tuple(_message(message) for message in spool.messages))


def _check(summary: Summary) -> None:
    if len(summary.domains) > MOST_DOMAINS or len(summary.reasons) > MOST_REASONS:
        raise MalformedSummary("More domains or reasons are listed than there may be.")
    for name, value in _counts(summary):
        if not 0 <= value < MAX:
            raise MalformedSummary(f"summary.{name} cannot be {value!r:.80}.")
    for moment in (summary.at, summary.oldest, summary.since, summary.last_try):
        if moment is not None and not -MAX < moment < MAX:
            raise MalformedSummary(f"A time of the summary cannot be {moment!r:.80}.")


def _counts(summary: Summary) -> Iterable[tuple[str, int]]:
    names = ("took_ms", "read", "queue_bytes", "data_bytes", "recipients", "domains_total")
    yield from ((name, getattr(summary, name)) for name in (*names, "arrived", "left"))
    yield from ((f"states.{state}", count) for state, count in summary.states.items())
    yield from (("ages", count) for count in summary.ages)
    others = (row for row in (summary.other_domains,) if row is not None)
    for domain in (*summary.domains, *others):
        yield from (("domains", count) for count in (domain.recipients, *domain.ages))
    more = (row for row in (summary.other_reasons,) if row is not None)
    yield from (("reasons", reason.messages) for reason in (*summary.reasons, *more))


def _message(row: MessageRow) -> MessageRow:
    """What a database can keep; a figure that cannot be is not known."""
    if not row.queue_id or len(row.queue_id) > LONGEST_PLACE or len(row.place) > LONGEST_PLACE:
        raise MalformedSummary(f"A message has no usable name: {row.key!r:.80}.")
    return replace(
        row,
        created=_moment(row.created),
        last_try=_moment(row.last_try),
        tries=_count(row.tries),
        bytes=_count(row.bytes),
        recipients_total=_count(row.recipients_total) or 0,
        queue_id=plain(row.queue_id),
        place=plain(row.place),
        sender=None if row.sender is None else plain(row.sender),
        recipients=tuple(plain(address) for address in row.recipients),
        reason=plain(row.reason),
    )


def plain(text: str) -> str:
    """Text that PostgreSQL keeps: without NUL, and no longer than anybody reads."""
    return text[:LONGEST_TEXT].replace("\0", "\ufffd")


def _moment(value: int | None) -> int | None:
    return value if value is not None and -MAX < value < MAX else None


def _count(value: int | None) -> int | None:
    return value if value is not None and 0 <= value < MAX else None
