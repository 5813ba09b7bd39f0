"""What a mail server's answer to RCPT means, and which addresses it may be asked about."""

from __future__ import annotations

import re
from enum import StrEnum

MOST_ADDRESSES = 50
"""Of one order: a session of so many takes a sound server a second."""
ADDRESS = re.compile(r"[A-Za-z0-9._+=/-]{1,64}@[A-Za-z0-9._-]{1,255}")
"""Plain ones only: what is written here goes into an SMTP session."""
POSTMASTER = "postmaster"
"""Every domain has to take mail for it (RFC 5321, 4.5.1)."""


class Verdict(StrEnum):
    """A temporary refusal, greylisting among them, says nothing for good."""

    ACCEPTED = "accepted"
    LATER = "later"
    REFUSED = "refused"
    NOT_ASKED = "not_asked"


def verdict_of(code: int) -> Verdict:
    """Of the three digits of a reply."""
    match code // 100:
        case 2:
            return Verdict.ACCEPTED
        case 4:
            return Verdict.LATER
        case _:
            return Verdict.REFUSED


def address_in(domain: str) -> str:
    """The address that a domain is asked about where no other one is chosen."""
    return f"{POSTMASTER}@{domain}"


NOBODY = "no-such-list-9f2c"
"""Of an address that cannot be there. sendmail relays for every client on loopback, so it takes
`postmaster@` of any domain at all; only a domain that is its own makes it refuse this one."""


BY_POLICY = "5.7."
"""In a refusal: of the whole domain (RFC 3463: security or policy), and not of one address."""


def knows_domain(stranger: str, text: str) -> bool | None:
    """Whether an MTA has a domain for its own, by its answer about an address that nobody has; None
    where that does not tell. `stranger` is a Verdict or ""."""
    return BY_POLICY not in text if stranger == Verdict.REFUSED else None


def stranger_in(domain: str) -> str:
    """An address of a domain that nobody has."""
    return f"{NOBODY}@{domain}"
