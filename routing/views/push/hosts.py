"""The mail hosts of a push, in order of activation."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from django.urls import reverse

from mailadmin.audit.queries import EventRow
from mailadmin.ui.push_page import HostRow, LogLine
from routing.core.states import PushState
from routing.models import HostState, PushTarget
from routing.queries.pushes import PushRecord, is_silent
from routing.views.push.requirements import error_text, heard_since, state_of

LOGGED = frozenset({PushState.DEPLOYING, PushState.STOPPED, PushState.ACTIVE})
LINES: dict[str, tuple[str, str, str]] = {
    "target.staged": ("ok", "circle-check", "The release is staged"),
    "target.activated": ("ok", "circle-check", "Switched current to it"),
    "target.confirmed": ("ok", "circle-check", "The live configuration answers as proved"),
    "target.reverted": ("bad", "alert-octagon", "Went back to the former release"),
    "target.failed": ("bad", "alert-octagon", "Failed"),
    "target.given_up": ("unk", "ban", "Given up"),
    "target.unreachable": ("bad", "alert-octagon", "Did not answer"),
}
TALK: dict[str, str] = {
    "stage": "Building the release",
    "activate": "Switching to the release",
    "prove": "Asking sendmail",
    "confirm": "Making it the last good release",
    "revert": "Going back to the former release",
}


def hosts(record: PushRecord) -> tuple[HostRow, ...]:
    """One row per mail host."""
    several = len(record.targets) > 1
    return tuple(
        _row(record, target.row, first=several and place == 0)
        for place, target in enumerate(record.targets)
    )


def _row(record: PushRecord, row: PushTarget, *, first: bool) -> HostRow:
    state = state_of(row.host)
    drift, kind = drift_words(state)
    return HostRow(
        name=row.host.name,
        href=reverse("mail-host", args=[row.host.name]),
        state=row.state,
        tag="first, canary" if first else "",
        live=(state.live or "") if state else "",
        goes_to=row.revision.digest,
        drift=drift,
        drift_kind=kind,
        drift_at=state.deploy_at if state else None,
        error=error_text(row) if row.error else "",
        raw=raw_error(row.error),
        log=_log(record, row) if record.state in LOGGED else (),
    )


def drift_words(state: HostState | None) -> tuple[str, str]:
    """What is not as it was activated, and the kind of colour; ("", "") before anybody looked."""
    if state is None or state.deploy_at is None:
        return "", ""
    files = sorted({str(item["file"]) for item in state.drift})
    return (f"{', '.join(files)} differs", "bad") if files else ("none", "")


def raw_error(error: dict[str, Any] | None) -> str:
    """The machine's own words, beside code and sentence."""
    more = {name: value for name, value in (error or {}).items() if name not in ("code", "text")}
    if not more:
        return ""
    texts = [value for value in more.values() if isinstance(value, str)]
    return "\n".join(texts) if len(texts) == len(more) else json.dumps(more, indent=1)


def _log(record: PushRecord, row: PushTarget) -> tuple[LogLine, ...]:
    """Oldest first: what this host reported, and what it is asked now."""
    lines = [_line(event) for event in reversed(_of_host(record.events, row.host.name))]
    if row.attempt is not None and row.attempt.verb in TALK:
        lines.append(LogLine("work", "loader-2", TALK[row.attempt.verb], row.attempt.created_at))
        if is_silent(row, heard_since()):
            seen = row.attempt.agent.last_seen_at
            lines.append(LogLine("warn", "alert-triangle", "Does not answer, last word", seen))
    return tuple(lines)


def _of_host(events: Iterable[EventRow], name: str) -> list[EventRow]:
    return [event for event in events if event.host == name and event.action in LINES]


def _line(event: EventRow) -> LogLine:
    kind, icon, text = LINES[event.action]
    note = event.note.partition(": ")[2] or event.note if kind == "bad" else ""
    return LogLine(kind, icon, f"{text}: {note}" if note else text, event.at)
