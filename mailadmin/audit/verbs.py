"""What an event is called on a page: an icon, how it looks, and words before its subject.

Every verb that the code writes is here; `tests/unit/test_audit_verbs.py` reads the sources for one
that is not. An event of a release that was newer is shown by its own name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Verb:
    """kind: ok, warn, bad, unk, muted: the colour of the icon. "added domain" jres.org."""

    icon: str
    kind: str
    words: str


ADDED, CHANGED, DELETED = ("plus", "muted"), ("pencil", "muted"), ("minus", "muted")
GOOD, BAD, OVER = ("circle-check", "ok"), ("alert-octagon", "bad"), ("circle-dashed", "unk")


def _kept(noun: str, words: str) -> dict[str, Verb]:
    """Rows that people add, change and delete."""
    return {
        f"{noun}.created": Verb(*ADDED, f"added {words}"),
        f"{noun}.changed": Verb(*CHANGED, f"changed {words}"),
        f"{noun}.deleted": Verb(*DELETED, f"deleted {words}"),
    }


VERBS: Mapping[str, Verb] = {
    **_kept("virtual_domain", "virtual domain"),
    **_kept("local_host", "local host"),
    **_kept("route", "route"),
    **_kept("foreign_line", "foreign line"),
    **_kept("relay_target", "relay target"),
    **_kept("mail_host", "mail host"),
    "bulk.saved": Verb("checks", "muted", "saved in one go"),
    **_kept("saved_filter", "saved filter"),
    "columns.chosen": Verb("columns-3", "muted", "chose the columns of the list"),
    "mail_host.retired": Verb("archive", "unk", "retired mail host"),
    "mail_host.reinstated": Verb("arrow-back-up", "muted", "took back mail host"),
    "retirement.began": Verb("archive", "unk", "began to retire"),
    "retirement.moved": Verb("arrow-right", "unk", "moved the retirement of"),
    "retirement.planned": Verb("calendar", "muted", "planned the retirement of"),
    "retirement.ended": Verb("arrow-back-up", "muted", "stopped retiring"),
    "fallback.policy": Verb("settings", "muted", "changed the fallback policy of"),
    "fallback.proposed": Verb("settings", "muted", "proposed an automatic fallback for"),
    "fallback.dropped": Verb("settings", "muted", "dropped the proposed fallback policy of"),
    "fallback.asked": Verb("help", "warn", "asked for a fallback of"),
    "fallback.withdrawn": Verb(*OVER, "took back the question about"),
    "fallback.confirmed": Verb(*GOOD, "confirmed a fallback of"),
    "fallback.declined": Verb("ban", "unk", "declined a fallback of"),
    "maintenance.began": Verb("tool", "muted", "began maintenance of"),
    "maintenance.ended": Verb("tool", "muted", "ended maintenance of"),
    "agent.registered": Verb("key", "muted", "let in"),
    "agent.revoked": Verb("key-off", "unk", "shut out"),
    "reading.asked": Verb("file-search", "muted", "asked for the files of"),
    "reading.answered": Verb("file-search", "muted", "read the files of"),
    "reading.failed": Verb(*BAD, "could not read the files of"),
    "person.created": Verb("user-plus", "muted", "made the account of"),
    "person.roles_changed": Verb("user-edit", "muted", "changed the roles of"),
    "person.closed": Verb("user-off", "unk", "closed the account of"),
    "person.opened": Verb("user-check", "muted", "opened the account of"),
    "person.link_made": Verb("link", "muted", "made a set-password link for"),
    "person.password_set": Verb("lock", "muted", "set by link the password of"),
    "person.factors_changed": Verb("shield-lock", "muted", "changed the second factor of"),
    "person.factors_removed": Verb("shield-off", "unk", "removed the second factor of"),
    "person.password_changed": Verb("lock", "muted", "changed the password of"),
    "demo.set": Verb("adjustments", "warn", "set, in the demonstration, the mail server"),
    "demo.sent": Verb("send", "muted", "sent, in the demonstration, messages from"),
    "push.proposed": Verb("git-pull-request", "muted", "proposed"),
    "push.staging": Verb("loader-2", "muted", "began to build"),
    "push.proved": Verb(*GOOD, "proved"),
    "push.approved": Verb(*GOOD, "marked as approved"),
    "push.deploying": Verb("player-play", "muted", "began to deploy"),
    "push.active": Verb(*GOOD, "made live everywhere"),
    "push.failed": Verb(*BAD, "ended as failed"),
    "push.stopped": Verb(*BAD, "stopped"),
    "push.refused": Verb(*BAD, "ended as refused"),
    "push.superseded": Verb(*OVER, "superseded"),
    "push.given_up": Verb("ban", "bad", "ended as given up"),
    "push.expired": Verb(*OVER, "closed as expired"),
    "approval.approved": Verb("thumb-up", "ok", "approved"),
    "approval.refused": Verb(*BAD, "refused"),
    "flush.started": Verb("send", "warn", "began to send by the fallback:"),
    "flush.cancelled": Verb("ban", "unk", "cancelled"),
    "flush.ended": Verb("flag", "muted", "ended"),
    "retry.started": Verb("refresh", "work", "began to try again:"),
    "retry.cancelled": Verb("ban", "unk", "cancelled"),
    "retry.ended": Verb("flag", "muted", "ended"),
    "target.pending": Verb("loader-2", "muted", "sent back to be built"),
    "target.staged": Verb(*GOOD, "built"),
    "target.activated": Verb(*GOOD, "switched"),
    "target.confirmed": Verb(*GOOD, "confirmed"),
    "target.reverted": Verb(*BAD, "went back from"),
    "target.failed": Verb(*BAD, "failed at"),
    "target.given_up": Verb("ban", "bad", "gave up"),
    "target.unreachable": Verb(*BAD, "heard nothing for"),
}


def verb_of(action: str) -> Verb:
    """How an event is shown. One that nobody listed keeps its own name."""
    return VERBS.get(action) or Verb("point", "muted", action.replace("_", " ").replace(".", " "))
