"""Whether a virtual domain is whole: robot, MTA, line, MX and SPF, each a cell of one row.

A cell is missing only where something said so. What nobody told stays unknown, and says why.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from routing.core.dns.judge import Judged, Mark
from routing.core.survey import Subject


class Column(StrEnum):
    """What must be there, in the order of the page."""

    ROBOT = "robot"
    ACCEPTED = "accepted"
    LINE = "line"
    MX = "mx"
    SPF = "spf"


SURVEYED: Mapping[Subject, Column] = {
    Subject.ROBOTS: Column.ROBOT,
    Subject.ACCEPTED: Column.ACCEPTED,
}


class State(StrEnum):
    """Of one cell. WAITS: saved and not live yet; OFF: switched off on purpose."""

    THERE = "there"
    MISSING = "missing"
    UNKNOWN = "unknown"
    WAITS = "waits"
    OFF = "off"


@dataclass(frozen=True, slots=True)
class Cell:
    """One answer. `why` explains what is not there; `advice` is what ends a gap."""

    state: State
    words: str
    why: str = ""
    advice: str = ""


@dataclass(frozen=True, slots=True)
class Telling:
    """What a survey says of one name. `is_whole`: it named everything that there is, else `trouble`
    says what was not read."""

    at: datetime
    source: str
    is_whole: bool
    has: bool
    trouble: str = ""


NOT_KNOWN = "Not known"
THERE = Cell(State.THERE, "Yes")
TAKE_IT = "Name it in class w or relay-domains of the MTA: its mail is refused until then."
WRITTEN_LATER = "The row was written after it was last told what is there."


def robot_cell(
    telling: Telling | None, changed_at: datetime | None, *, enabled: bool, silence: str = ""
) -> Cell:
    """Whether Sympa has a robot of that name; `silence` is why its agent does not tell it."""
    if telling is None:
        why = silence or "Nobody has told which robots this server has."
        return Cell(State.UNKNOWN, NOT_KNOWN, why)
    if telling.has:
        return THERE
    advice = "Make its robot.conf on the list server, or delete the virtual domain."
    return _absent(telling, changed_at, "robots", advice, enabled=enabled)


def accepted_cell(
    telling: Telling | None,
    changed_at: datetime | None,
    *,
    enabled: bool,
    answered: bool | None = None,
    silence: str = "",
) -> Cell:
    """Whether the MTA of the list server takes mail for it (class w or relay-domains).

    `answered` is what the MTA itself said, None where it did not; it goes before what others told.
    """
    if answered or (answered is None and telling is not None and telling.has):
        return THERE
    if answered is not None and enabled:
        return Cell(State.MISSING, "Refused", "The MTA itself refuses it.", TAKE_IT)
    if telling is None:
        why = silence or "Nobody has told what the MTA of this server takes."
        return Cell(State.UNKNOWN, NOT_KNOWN, why)
    if not telling.is_whole and not telling.trouble:
        why = "The class w that was imported does not name it; relay-domains was not read."
        return Cell(State.UNKNOWN, NOT_KNOWN, why)
    return _absent(telling, changed_at, "names that the MTA takes", TAKE_IT, enabled=enabled)


def line_cell(*, enabled: bool, is_live: bool, has_robot: bool) -> Cell:
    """The line of a virtual domain."""
    if enabled and is_live:
        return THERE
    if enabled:
        return Cell(State.WAITS, "Not live yet", "It is saved, and on no mail host.", "Propose it.")
    if has_robot:
        why = "It is disabled, and its robot is there: what its lists send to it goes elsewhere."
        return Cell(State.MISSING, "Disabled", why, "Enable it, or remove the robot.")
    return Cell(State.OFF, "Disabled", "It is remembered, and in no table.")


def no_line_cell(other: str) -> Cell:
    """A robot that has no virtual domain. `other` is what its name is in the table, "" for none."""
    if other:
        why = f"Its name is a {other}, so what its lists send to it goes there and not to Sympa."
        return Cell(State.MISSING, f"A {other}", why, "Make it a virtual domain.")
    why = "No line of the table has it: what its lists send to it goes out by the relay."
    return Cell(State.MISSING, "Missing", why, "Add it as a virtual domain.")


def dns_cell(judged: Judged, why: str) -> Cell:
    """MX or SPF."""
    if judged.mark is Mark.UNKNOWN:
        return Cell(State.UNKNOWN, NOT_KNOWN, why)
    found = judged.finding
    text, advice = (found.text, found.advice) if found else ("", "")
    state = State.THERE if judged.mark is Mark.GOOD else State.MISSING
    words = judged.words if state is State.MISSING else "Yes"
    return Cell(state, f"{words[:1].upper()}{words[1:]}", text, advice)


def gaps_of(cells: Mapping[Column, Cell]) -> tuple[tuple[Column, Cell], ...]:
    """The cells that are missing, in the order of the page."""
    return tuple((c, cells[c]) for c in Column if cells[c].state is State.MISSING)


def _absent(
    telling: Telling, changed_at: datetime | None, what: str, advice: str, *, enabled: bool
) -> Cell:
    if not telling.is_whole:
        why = f"Not all {what} were told. {telling.trouble}".strip()
        return Cell(State.UNKNOWN, NOT_KNOWN, why)
    if changed_at is not None and changed_at > telling.at:
        return Cell(State.UNKNOWN, NOT_KNOWN, WRITTEN_LATER)
    if not enabled:
        return Cell(State.OFF, "None", "The virtual domain is disabled.")
    return Cell(State.MISSING, "Missing", f"It is not among the {what}.", advice)
