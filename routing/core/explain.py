"""What a resolution means, in sentences for a person: what decided, and what sendmail does then."""

from __future__ import annotations

from routing.core.address import Mailbox
from routing.core.bv import Answer
from routing.core.mailers import ERROR
from routing.core.next_hop import split_next_hop
from routing.core.resolve import DEEPEST, Resolution, Why
from routing.core.table import candidates

NOBODY_FINDS = "sendmail asks the MX of {domain}, past every relay."


def explain(
    found: Resolution, mailbox: Mailbox, *, host: str, local_mta: Answer, value: str = ""
) -> tuple[str, ...]:
    """Sentences about one answer: why it is that one, then what happens to the mail.

    `host` names the list server, `local_mta` is its (mailer, next hop), and `value` the right side
    of the line that decided, empty where none did.
    """
    return (_why(found, mailbox, host), _what(found, mailbox, host, local_mta, value))


def _why(found: Resolution, mailbox: Mailbox, host: str) -> str:
    domain = mailbox.domain
    match found.why:
        case Why.EXACT:
            return f"The line {found.key} decides: it is the whole name."
        case Why.SUFFIX:
            return f"{_passed(found, domain)} The line {found.key} decides: the nearest suffix."
        case Why.DEFAULT:
            return f"{_passed(found, domain)} The line . decides: it takes everything else."
        case Why.NO_KEY:
            return f"No line decides for {domain}, and the table has no line . for the rest."
        case Why.LITERAL:
            return f"{domain} is an address literal: the table is never asked about one."
        case Why.LOCAL:
            return (
                f"{domain} is a name of {host} itself (class w): the table is never asked about it."
            )
        case Why.UNQUALIFIED:
            return f"The address has no domain, so it is one of {host} itself."
        case Why.TOO_DEEP:
            return f"{domain} has more labels than sendmail follows ({DEEPEST})."
        case Why.UNKNOWN_MAILER:
            return f"The line {found.key} decides, but it names no mailer of this configuration."
        case Why.OPAQUE:
            return f"The line {found.key} decides, with a value that only sendmail itself can read."


def _passed(found: Resolution, domain: str) -> str:
    """Which keys sendmail tried in vain before the one that decided."""
    tried = list(candidates(domain))
    before = tried[: tried.index(found.key)] if found.key in tried else tried
    if len(before) == 1:
        return f"There is no line {before[0]} that can be used."
    return f"There is no line {', '.join(before[:-1])} or {before[-1]} that can be used."


def _what(found: Resolution, mailbox: Mailbox, host: str, local_mta: Answer, value: str) -> str:
    if found.why is Why.TOO_DEEP:
        return f"It gives up and {NOBODY_FINDS.format(domain=mailbox.domain)}"
    if found.why is Why.UNKNOWN_MAILER:
        return f"sendmail stops at {value} with exit code 70; the message is not accepted."
    if found.why is Why.OPAQUE:
        return f"The value is {value}. A push shows what sendmail makes of it."
    if found.mailer == ERROR:
        return f"The message is refused: {found.host}"
    if found.answer == local_mta:
        return f"The MTA on {host} takes it, at {local_mta[1]}: that is where its lists are."
    if found.why is Why.NO_KEY:
        return f"sendmail sends it straight to the MX of {mailbox.domain}."
    return f"sendmail hands it to {_hops(found.host)}."


def _hops(host: str) -> str:
    """Brackets mean that host itself; without them its MX is asked."""
    said = [_hop(part) for part in split_next_hop(host)]
    if len(said) == 1:
        return said[0]
    return f"the first that answers of {', '.join(said[:-1])} and {said[-1]}"


def _hop(host: str) -> str:
    if host.startswith("["):
        return f"{host[1:-1]} itself, without a look at its MX"
    return f"the MX of {host}"
