"""What kind of trouble a reason is, in so few words that monitoring can have a label for each."""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum

from spools.core.reasons import reply_in
from spools.core.summary import Summary


class ReasonClass(StrEnum):
    """Who or what put a message off.

    CONNECTION: nobody answered, or the connection broke. NAME: its name could not be looked up.
    POLICY: the receiver minds who sends (x.7.x of DSN, greylisting, reputation). BUSY: its server
    or network cannot now (x.3 to x.5, or 421 without a DSN code). RECIPIENT: it minds the address
    or mailbox (x.1, x.2). OTHER is the rest.
    """

    CONNECTION = "connection"
    NAME = "name"
    POLICY = "policy"
    BUSY = "busy"
    RECIPIENT = "recipient"
    OTHER = "other"


_C = ReasonClass
_HELD = "Held:"
_NAME = re.compile(r"host map: lookup|name server:|host name lookup failure", re.IGNORECASE)
_POLICY = re.compile(r"gr[ea]y-?list|reputation|\bspf\b|\bdkim\b|\bdmarc\b|\brbl\b", re.IGNORECASE)
_DSN = re.compile(r"(?<![0-9.])[45]\.([0-9])\.[0-9]{1,3}(?![0-9.])")
_CONNECTION = re.compile(
    r"connection (refused|timed out|reset|closed|lost)|no route to host|network is unreachable"
    r"|host is down|read error|premature|i/o error|broken pipe",
    re.IGNORECASE,
)
_SUBJECTS: Mapping[str, ReasonClass] = {
    "1": _C.RECIPIENT,
    "2": _C.RECIPIENT,
    "3": _C.BUSY,
    "4": _C.BUSY,
    "5": _C.BUSY,
    "7": _C.POLICY,
}
"""The subject of a DSN code (RFC 3463, section 3)."""


def class_of(reason: str) -> ReasonClass | None:
    """Of an answer, whole or folded; None for a message that was not tried, or is held."""
    if not reason or reason.startswith(_HELD):
        return None
    if _NAME.search(reason):
        return _C.NAME
    reply = reply_in(reason)
    if reply is None:
        return _C.CONNECTION if _CONNECTION.search(reason) else _C.OTHER
    if _POLICY.search(reason, reply.start()):
        return _C.POLICY
    if dsn := _DSN.search(reason, reply.start()):
        return _SUBJECTS.get(dsn[1], _C.OTHER)
    return _C.BUSY if reply[0] == "421" else _C.OTHER


def deferred_by_class(found: Summary) -> Mapping[ReasonClass, int]:
    """Messages that were put off, in each class. What is beyond the reasons that a scan tells one
    by one is OTHER."""
    counts = dict.fromkeys(ReasonClass, 0)
    for row in found.reasons:
        if (kind := class_of(row.reason)) is not None:
            counts[kind] += row.messages
    if found.other_reasons is not None:
        counts[_C.OTHER] += found.other_reasons.messages
    return counts
