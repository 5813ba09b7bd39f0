"""What happened to a push, in sentences."""

from __future__ import annotations

from mailadmin.audit.queries import EventRow
from mailadmin.ui.parts import Event
from routing.queries.pushes import PushRecord

Line = tuple[str, str, str]
OK, BAD, UNK = "circle-check", "alert-octagon", "circle-dashed"
SENTENCES: dict[str, Line] = {
    "push.proposed": ("git-pull-request", "muted", "proposed it"),
    "push.proved": (OK, "ok", "Proved on every host"),
    "push.deploying": ("player-play", "muted", "began to deploy it"),
    "push.stopped": (BAD, "bad", "Stopped"),
    "push.active": (OK, "ok", "Live everywhere"),
    "push.failed": (BAD, "bad", "Failed"),
    "push.superseded": (UNK, "unk", "Superseded"),
    "push.expired": (UNK, "unk", "Expired"),
    "approval.approved": (OK, "ok", "approved"),
    "approval.refused": (BAD, "bad", "refused it"),
    "target.staged": (OK, "ok", "Staged on"),
    "target.activated": (OK, "ok", "Switched"),
    "target.confirmed": (OK, "ok", "Confirmed on"),
    "target.reverted": (BAD, "bad", "Went back:"),
    "target.failed": (BAD, "bad", "Failed on"),
    "target.given_up": (UNK, "unk", "gave it up on"),
    "push.given_up": (UNK, "unk", "Given up on every host"),
    "target.unreachable": (BAD, "bad", "No answer from"),
}
"""Steps that say nothing new beside another one (push.approved, push.staging) are left out."""

PEOPLE = frozenset(
    {
        "push.proposed",
        "push.deploying",
        "approval.approved",
        "approval.refused",
        "target.given_up",
    }
)


def activity(record: PushRecord) -> tuple[Event, ...]:
    """Newest first."""
    return tuple(_event(event) for event in record.events if event.action in SENTENCES)


def _event(event: EventRow) -> Event:
    icon, kind, text = SENTENCES[event.action]
    actor = event.actor_name if event.action in PEOPLE else ""
    return Event(icon, kind, " ".join([text, *_more(event)]), event.at, actor=actor)


def _more(event: EventRow) -> list[str]:
    if event.action == "approval.approved":
        return [event.digest[:8]]
    if event.action == "approval.refused":
        return [f"“{event.note}”"]
    if event.action == "target.given_up":
        return [f"{event.host}: “{event.note}”"]
    if event.host:
        return [event.host]
    superseded = event.action == "push.superseded"
    return [event.note.removeprefix("superseded ")] if superseded and event.note else []
