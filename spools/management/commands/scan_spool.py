"""`manage.py scan_spool DIR [--json | --count]`."""

from __future__ import annotations

import json
import time
from argparse import ArgumentParser
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from spools.agent.depth import depth
from spools.agent.spool_scan import Scanned, SpoolScan
from spools.core.summary import (
    AGE_EDGES_MIN,
    QUEUED,
    DomainRow,
    MessageRow,
    State,
    Summary,
    row_to_json,
)

MESSAGES_SHOWN = 20


class Command(BaseCommand):
    """Look through a spool on this machine as an agent does: no lock, and nothing is written."""

    help = "Print what waits in a spool: a directory, or /PATH/q* for many queue directories."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The spool."""
        parser.add_argument("spool", type=Path, metavar="DIR")
        how = parser.add_mutually_exclusive_group()
        how.add_argument("--json", action="store_true", help="all of it, for programs")
        how.add_argument(
            "--count", action="store_true", help="how many wait or are held, by their names alone"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Look through it once."""
        spool = options["spool"].absolute()
        try:
            lines = [str(depth(spool))] if options["count"] else _scanned(spool, options["json"])
        except OSError as error:
            raise CommandError(
                f"{error.filename or spool} cannot be read: {error.strerror}."
            ) from None
        self.stdout.write("\n".join(lines))


def _scanned(spool: Path, as_json: bool) -> list[str]:
    scanned = SpoolScan(spool).scan(at=int(time.time()))
    return list(_json(scanned) if as_json else _text(scanned))


def _json(scanned: Scanned) -> Iterator[str]:
    messages = [row_to_json(row) for row in scanned.listed.values()]
    found = {"summary": scanned.summary.to_json(), "messages": messages}
    yield json.dumps(found, ensure_ascii=False, indent=1)


def _text(scanned: Scanned) -> Iterator[str]:
    summary = scanned.summary
    yield f"{summary.queued} messages, {summary.recipients} recipients, {summary.data_bytes} bytes"
    yield f"oldest since {_moment(summary.oldest)}, last try {_moment(summary.last_try)}"
    yield from (
        f"{count:>8} {state.replace('_', ' ')}"
        for state, count in sorted(summary.states.items())
        if state not in QUEUED or state is State.HELD
    )
    yield from _domains(summary)
    yield from _reasons(summary)
    yield from _messages(list(scanned.listed.values()))


def _domains(summary: Summary) -> Iterator[str]:
    """The table of qshape, in recipients."""
    heads = (*(str(edge) for edge in AGE_EDGES_MIN), f"{AGE_EDGES_MIN[-1]}+")
    yield "\nrecipients by domain, and by age in minutes"
    yield f"{'':32} {'all':>8}{''.join(f'{head:>7}' for head in heads)}"
    rows: list[DomainRow] = [*summary.domains]
    if summary.other_domains is not None:
        rows.append(summary.other_domains)
    for row in rows:
        name = row.domain or ("none" if row is not summary.other_domains else "others")
        counts = "".join(f"{count:>7}" for count in row.ages)
        yield f"{name:32} {row.recipients:>8}{counts}"


def _reasons(summary: Summary) -> Iterator[str]:
    yield "\nmessages by reason"
    for row in summary.reasons:
        yield f"{row.messages:>8} {row.reason or 'not tried yet'}"
    if summary.other_reasons is not None:
        yield f"{summary.other_reasons.messages:>8} others"


def _messages(rows: Sequence[MessageRow]) -> Iterator[str]:
    yield f"\nthe first {min(len(rows), MESSAGES_SHOWN)} of {len(rows)} oldest messages"
    for row in rows[:MESSAGES_SHOWN]:
        sender = "unknown" if row.sender is None else row.sender
        more = row.recipients_total - len(row.recipients)
        names = ", ".join(row.recipients) + (f" and {more} more" if more else "")
        yield f"{row.key.lstrip('/')}  {row.state}  {_moment(row.created)}  {row.bytes} bytes"
        yield f"    {sender} to {names or 'nobody'}"
        yield f"    {row.reason or 'not tried yet'}"


def _moment(seconds: int | None) -> str:
    """A file may say any number."""
    if seconds is None:
        return "—"
    try:
        return datetime.fromtimestamp(seconds, UTC).strftime("%F %T UTC")
    except (ValueError, OverflowError, OSError):
        return str(seconds)
