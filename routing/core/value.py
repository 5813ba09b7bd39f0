"""The right side of a mailertable line as sendmail reads it: ruleset MailerToTriple.

Measured on 8.17.1: the map fills `%0` (the key), and for a suffix `%1` (what stands before it) and
`%2` (the label beside it); a blank between two words becomes a dot, beside an operator it is
dropped; a value without one word and a colon sends the search to the `.` key; a mailer that is not
defined stops sendmail with exit 70.
"""

from __future__ import annotations

import re
from collections.abc import Container
from dataclasses import dataclass
from enum import StrEnum

from routing.core.error_values import shown_text
from routing.core.mailers import ERROR

LOCAL = "local"
OPERATORS = r".:%@!^/\[\]+,;"
USABLE = re.compile(r"\s*[^\s" + OPERATORS + r"()<>\"\\]+\s*:")
SEVERAL_WORDS = re.compile(r"\s*\w[^:]*[.\s]+[^:\s][^:]*:")
NO_WORD = re.compile(r"\s*:\s*[^A-Za-z0-9\s]")
ARGUMENT = re.compile(r"%([%0-9])")
OPAQUE = re.compile(r"[^\x20-\x7e\t]|[()<>\"\\]")
BESIDE_OPERATOR = re.compile(rf"\s*([{OPERATORS}])\s*")
LOCAL_USER = re.compile(r"[A-Za-z0-9._+@-]*")


class Meaning(StrEnum):
    """What a value makes sendmail do."""

    HOP = "hands over to a next hop"
    ERROR = "refuses"
    LOCAL = "is a local recipient"
    UNKNOWN_MAILER = "stops: no such mailer"
    OPAQUE = "cannot be told from the text"


@dataclass(frozen=True, slots=True)
class Triple:
    """`host` is the next hop in lower case, the text for ERROR, empty for the others."""

    meaning: Meaning
    mailer: str
    host: str = ""


def is_usable(value: str) -> bool:
    """False for a value that sendmail passes over, on to the `.` key."""
    return USABLE.match(value) is not None


def is_opaque(value: str, *, full_key: bool) -> bool:
    """Of values that are not usable: those that sendmail does not simply pass over.

    What is left of it stays in the address that is looked up next (`[esmtp]:<a>`, `::a`), and at a
    full key it may be taken for a mailer after all (`es.mtp:host`).
    """
    if full_key and SEVERAL_WORDS.match(value):
        return True
    return OPAQUE.search(value) is not None or NO_WORD.match(value) is not None


def takes_arguments(value: str) -> bool:
    """True when the answer depends on the name that was asked."""
    return ARGUMENT.search(value) is not None


def read_value(value: str, *, mailers: Container[str], arguments: tuple[str, ...] = ()) -> Triple:
    """What a usable value means. `mailers` are the defined ones, in lower case; `arguments` are
    %0, %1 and so on, missing ones are empty."""
    filled = ARGUMENT.sub(lambda match: _argument(match[1], arguments), value)
    mailer, _, rest = filled.partition(":")
    mailer, rest = mailer.strip().lower(), rest.strip()
    if OPAQUE.search(rest) or (not rest and mailer != LOCAL):
        return Triple(Meaning.OPAQUE, mailer)
    if mailer == ERROR:
        text = shown_text(rest)
        return Triple(Meaning.ERROR, ERROR, text) if text else Triple(Meaning.OPAQUE, ERROR)
    if mailer == LOCAL:
        known = LOCAL_USER.fullmatch(rest) is not None
        return Triple(Meaning.LOCAL if known else Meaning.OPAQUE, LOCAL)
    if mailer not in mailers:
        return Triple(Meaning.UNKNOWN_MAILER, mailer)
    if rest.startswith(":"):
        return Triple(Meaning.OPAQUE, mailer)
    return Triple(Meaning.HOP, mailer, _next_hop(rest))


def _argument(sign: str, arguments: tuple[str, ...]) -> str:
    if sign == "%":
        return "%"
    index = int(sign)
    return arguments[index] if index < len(arguments) else ""


def _next_hop(text: str) -> str:
    """`user@host` hands to that user at the host; host names are folded to lower case."""
    joined = re.sub(r"\s+", ".", BESIDE_OPERATOR.sub(r"\1", text)).lower()
    user, at, host = joined.partition("@")
    return host if at and user and host else joined
