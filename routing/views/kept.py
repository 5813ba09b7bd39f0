"""Messages that the wrapper kept, as lines of a mail host's page."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from mailadmin.ui.words import UNKNOWN

NAMES_SHOWN = 3
EXITS: Mapping[str, str] = {
    "70": "an error inside sendmail, the spool may have the message",
    "71": "an error of the system, the spool may have the message",
    "72": "a file of the system is missing",
    "73": "a file could not be written",
    "74": "an error while reading or writing",
    "75": "a failure for now",
    "76": "the other side broke the protocol",
    "77": "no permission",
    "78": "the configuration is wrong",
}
"""What sendmail means by the exit codes (sysexits.h) after which the wrapper keeps a message."""


@dataclass(frozen=True, slots=True)
class KeptLine:
    """One kept message. `message_id` is "" where its head names none; `at` None for a damaged one.

    kind: work while somebody works on it, bad when it is damaged, warn for what waits for a person.
    """

    id: str
    message_id: str
    at: datetime | None
    sender: str
    recipients: str
    why: str
    kind: str
    release: str


def kept_lines(kept: Iterable[Mapping[str, Any]]) -> tuple[KeptLine, ...]:
    """Lines from what *observe* reports (the fields of `spools.core.kept`), in its order."""
    return tuple(_line(item) for item in kept)


def _line(item: Mapping[str, Any]) -> KeptLine:
    why, kind = _why(item)
    return KeptLine(
        id=str(item["id"]),
        message_id=str(item.get("message_id") or ""),
        at=item.get("at"),
        sender=_sender(item.get("sender")),
        recipients=_recipients(item),
        why=why,
        kind=kind,
        release=str(item.get("release") or ""),
    )


def _why(item: Mapping[str, Any]) -> tuple[str, str]:
    problem, ended = str(item.get("problem") or ""), str(item.get("ended") or "")
    if item.get("running"):
        return "Being submitted now.", "work"
    if problem:
        return f"Damaged: {problem}.", "bad"
    how, _, number = ended.partition(" ")
    if how == "exit":
        meaning = EXITS.get(number, "")
        return f"sendmail ended with exit {number}{f': {meaning}' if meaning else ''}.", "warn"
    if how == "signal":
        return f"sendmail was ended by signal {number}, the spool may have the message.", "warn"
    return "The wrapper was ended before sendmail was.", "warn"


def _sender(sender: str | None) -> str:
    """The null sender has a spelling of its own; None is one that the arguments do not name."""
    return UNKNOWN if sender is None else sender or "<>"


def _recipients(item: Mapping[str, Any]) -> str:
    if item.get("recipients_in_header"):
        return "those in its header"
    names = [str(name) for name in item.get("recipients") or ()][:NAMES_SHOWN]
    more = int(item.get("recipients_total") or len(names)) - len(names)
    return ", ".join([*names, *([f"{more} more"] if more > 0 else [])]) or UNKNOWN
