"""Parts that several large pages show, as values.

Every `href` is an address ready to use, an empty one means "no link". Every moment is aware and in
UTC. A figure that nobody measured is None, never 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Link:
    """A word that leads somewhere."""

    label: str
    href: str


@dataclass(frozen=True, slots=True)
class Action:
    """One thing that the reader may do, or may not and then `reason` says why and who could.

    kind: primary, plain, danger. `fields` are posted with it (the digest that was shown).
    `asks` is the label of a reason to type; a form unfolds then and the label ends in "…".
    `ticks` are choices sent with it: name, label, ticked at first.
    """

    id: str
    label: str
    action: str
    kind: str = "plain"
    digest: str = ""
    reason: str = ""
    asks: str = ""
    confirm_label: str = ""
    fields: tuple[tuple[str, str], ...] = ()
    ticks: tuple[tuple[str, str, bool], ...] = ()


@dataclass(frozen=True, slots=True)
class Requirement:
    """status: met, warn, failed, waits, works.

    They stand in this order: staged, proved, base, guard, window, approvals. `lead` is the word
    before the age of `at`: "no drift, checked 12 s ago".
    """

    status: str
    statement: str
    note: str = ""
    at: datetime | None = None
    lead: str = ""


@dataclass(frozen=True, slots=True)
class Event:
    """One line of a time line. kind: ok, warn, bad, unk, work, muted."""

    icon: str
    kind: str
    text: str
    at: datetime
    actor: str = ""
    href: str = ""
    day: str = ""
