"""The one dictionary that gives every state its kind, its word and its icon.

Kinds are ok, warn, bad and unk; work is motion. A state missing here fails a test, not a page.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

ICONS: Mapping[str, str] = {
    "ok": "circle-check",
    "warn": "alert-triangle",
    "bad": "alert-octagon",
    "unk": "circle-dashed",
    "work": "loader-2",
}


@dataclass(frozen=True, slots=True)
class Badge:
    """What a status badge shows. `spins` only while something really moves."""

    kind: str
    word: str
    icon: str
    spins: bool = False


def _badge(kind: str, word: str, *, spins: bool = False) -> Badge:
    return Badge(kind=kind, word=word, icon=ICONS[kind], spins=spins)


PUSH: Mapping[str, Badge] = {
    "proposed": _badge("warn", "Proposed"),
    "staging": _badge("work", "Staging", spins=True),
    "failed": _badge("bad", "Failed"),
    "proved": _badge("warn", "Waiting for approval"),
    "approved": _badge("warn", "Approved, not live"),
    "deploying": _badge("work", "Deploying", spins=True),
    "stopped": _badge("bad", "Stopped"),
    "active": _badge("ok", "Active"),
    "refused": _badge("bad", "Refused"),
    "superseded": _badge("unk", "Superseded"),
    "expired": _badge("unk", "Expired"),
    "given_up": _badge("unk", "Given up"),
}

TARGET: Mapping[str, Badge] = {
    "pending": _badge("unk", "Pending"),
    "staged": _badge("work", "Staged"),
    "activated": _badge("work", "Activated", spins=True),
    "confirmed": _badge("ok", "Confirmed"),
    "reverted": _badge("bad", "Reverted"),
    "failed": _badge("bad", "Failed"),
    "unreachable": _badge("bad", "Unreachable"),
    "given_up": _badge("unk", "Given up"),
}

OBJECT: Mapping[str, Badge] = {
    "live": _badge("ok", "Live"),
    "edited": _badge("warn", "Edited"),
    "new": _badge("warn", "New"),
    "removed": _badge("warn", "Removed"),
    "in_push": _badge("work", "In push"),
    "disabled": _badge("unk", "Disabled"),
    "unused": _badge("unk", "Not used"),
}

AGENT: Mapping[str, Badge] = {
    "seen": _badge("ok", "Answers"),
    "late": _badge("warn", "Late"),
    "away": _badge("bad", "No news"),
    "never": _badge("unk", "Never seen"),
}

HOST: Mapping[str, Badge] = {
    "in_service": _badge("ok", "In service"),
    "retired": _badge("unk", "Retired"),
}

DRIFT: Mapping[str, Badge] = {
    "none": _badge("ok", "None"),
    "drift": _badge("bad", "Drift"),
    "unknown": _badge("unk", "Unknown"),
}

FINDING: Mapping[str, Badge] = {
    "error": _badge("bad", "Error"),
    "warning": _badge("warn", "Warning"),
    "info": _badge("unk", "Note"),
}

DNS: Mapping[str, Badge] = {
    "good": _badge("ok", "Good"),
    "warn": _badge("warn", "Works, with a fault"),
    "bad": _badge("bad", "Wrong"),
    "unknown": _badge("unk", "Not known"),
    "was_good": _badge("unk", "Was good"),
    "was_warn": _badge("unk", "Had a fault"),
    "was_bad": _badge("unk", "Was wrong"),
    "was_unknown": _badge("unk", "Not known"),
    "found": _badge("unk", "Found"),
    "missing": _badge("bad", "None"),
}

NEED: Mapping[str, Badge] = {
    "done": _badge("ok", "Done"),
    "waiting": _badge("work", "Waiting"),
    "missing": _badge("bad", "Missing"),
    "unknown": _badge("unk", "Not known"),
}

DEMO: Mapping[str, Badge] = {
    "accepts": _badge("ok", "Takes everything"),
    "refuses": _badge("bad", "Refuses connections"),
    "later": _badge("warn", "Answers 451"),
    "never": _badge("bad", "Answers 550"),
    "silent": _badge("bad", "Says nothing"),
}

RELAY: Mapping[str, Badge] = {
    "healthy": _badge("ok", "Healthy"),
    "suspect": _badge("warn", "Suspect"),
    "down": _badge("bad", "Down"),
    "overloaded": _badge("warn", "Overloaded"),
    "recovering": _badge("warn", "Recovering"),
    "maintenance": Badge("unk", "Maintenance", "tool"),
    "unknown": _badge("unk", "Unknown"),
}

SPOOL: Mapping[str, Badge] = {
    "empty": _badge("ok", "Empty"),
    "flows": _badge("ok", "Flows"),
    "old": _badge("warn", "Old mail"),
    "blocked": _badge("bad", "Relay down"),
    "broken": _badge("bad", "Broken"),
    "unreadable": _badge("bad", "Unreadable"),
    "silent": _badge("unk", "No news"),
    "unscanned": _badge("unk", "Not scanned yet"),
    "unlisted": _badge("unk", "Scanned no more"),
}

MESSAGE: Mapping[str, Badge] = {
    "waiting": _badge("ok", "Waiting"),
    "held": _badge("warn", "Held"),
    "lost": _badge("bad", "Lost"),
    "new": _badge("work", "Being written"),
    "damaged": _badge("bad", "Damaged"),
    "unreadable": _badge("bad", "Unreadable"),
    "no_data": _badge("bad", "No body"),
    "orphaned": _badge("warn", "Orphaned"),
}

RUN: Mapping[str, Badge] = {
    "ordered": _badge("work", "Ordered", spins=True),
    "running": _badge("work", "Running", spins=True),
    "cancelling": _badge("warn", "Being cancelled"),
    "finished": _badge("ok", "Finished"),
    "cancelled": _badge("unk", "Cancelled"),
    "stopped": _badge("warn", "Stopped"),
    "failed": _badge("bad", "Failed"),
}

FATE: Mapping[str, Badge] = {
    "sent": _badge("ok", "Sent"),
    "deferred": _badge("warn", "Deferred"),
    "bounced": _badge("bad", "Bounced"),
    "untouched": _badge("unk", "Untouched"),
    "unknown": _badge("unk", "Not known"),
}

WAY: Mapping[str, Badge] = {
    "open": _badge("ok", "Open"),
    "closed": _badge("bad", "Closed"),
    "unreachable": _badge("warn", "Not reached"),
}

FAMILIES: Mapping[str, Mapping[str, Badge]] = {
    "push": PUSH,
    "target": TARGET,
    "object": OBJECT,
    "agent": AGENT,
    "host": HOST,
    "drift": DRIFT,
    "finding": FINDING,
    "need": NEED,
    "dns": DNS,
    "relay": RELAY,
    "demo": DEMO,
    "spool": SPOOL,
    "message": MESSAGE,
    "run": RUN,
    "fate": FATE,
    "way": WAY,
}


def badge_of(family: str, state: str) -> Badge:
    """Return the badge of a state. Raises KeyError for a word that no table knows."""
    return FAMILIES[family][str(state)]
