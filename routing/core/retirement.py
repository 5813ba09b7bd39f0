"""Retiring a domain: its steps, which one an object stands at, and the text that refuses its mail.

The step is read from the object and never stored: a plain edit of it cannot contradict its page.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum

from routing.core.error_values import check_error_text
from routing.core.findings import Finding, Severity
from routing.core.intent import ObjectKind, RoutingObject
from routing.core.mailers import ERROR


class RetireStep(StrEnum):
    """Where a domain stands between ours and gone, in their order (docs/adr/0036)."""

    MANAGED = "managed"
    DRAINING = "draining"
    REJECTING = "rejecting"
    GONE = "gone"


ORDER = tuple(RetireStep)

REASONS: Mapping[str, str] = {
    "5.1.6": "it has moved, and nothing is forwarded",
    "5.1.2": "there is no such domain any more",
    "5.7.1": "mail for it is not accepted",
}
"""The enhanced status codes of RFC 3463 that fit a whole domain, each with what it says."""
REPLY = "550"
WORDS = "This domain has moved"
WORDS_LIMIT = 200
"""An SMTP reply has 512 octets in all (RFC 5321, 4.5.3.1.5), and the address stands in it too."""
BEGINS_WITH_CODE = re.compile(r"[245]\.\d{1,3}\.\d{1,3}\b")
"""Such a one takes the place of the status (measured on 8.17.1)."""
VALUE = re.compile(rf"(?P<status>[245]\.\d{{1,3}}\.\d{{1,3}}):{REPLY} (?P<words>.+)")


def step_of(item: RoutingObject | None, *, retiring: bool) -> RetireStep | None:
    """Where an object stands; None for one that is no step of retiring, such as another route."""
    if item is None:
        return RetireStep.GONE
    if item.kind is ObjectKind.VIRTUAL_DOMAIN:
        return RetireStep.DRAINING if retiring else RetireStep.MANAGED
    if item.kind is ObjectKind.ROUTE and item.mailer == ERROR:
        return RetireStep.REJECTING
    return None


def step_after(step: RetireStep | None) -> RetireStep | None:
    """The next step, None after the last one."""
    at = ORDER.index(step) + 1 if step else ORDER.index(RetireStep.REJECTING)
    return ORDER[at] if at < len(ORDER) else None


def step_before(step: RetireStep | None) -> RetireStep | None:
    """The step to go back to, None before the first one."""
    at = ORDER.index(step) - 1 if step else ORDER.index(RetireStep.DRAINING)
    return ORDER[at] if at >= 0 else None


def refusal(status: str, words: str) -> str:
    """What stands after `error:` in the table: `5.1.6:550 This domain has moved`."""
    return f"{status}:{REPLY} {' '.join(words.split())}"


def read_refusal(next_hop: str) -> tuple[str, str]:
    """Status and words of such a value; of another one the plain ones."""
    match = VALUE.fullmatch(next_hop)
    if match is None or match["status"] not in REASONS:
        return next(iter(REASONS)), WORDS
    return match["status"], match["words"]


def check_words(words: str) -> tuple[Finding, ...]:
    """Every reason why sendmail would say something else than these words."""
    plain = " ".join(words.split())
    findings = [*check_error_text(refusal(next(iter(REASONS)), plain), field="words")]
    if BEGINS_WITH_CODE.match(plain):
        wrong = "The words begin with a code, which sendmail then gives instead."
        advice = "Leave it out: the code is chosen above."
        findings.append(Finding("error_code", Severity.ERROR, plain, wrong, advice, "words"))
    if len(plain) > WORDS_LIMIT:
        wrong = f"The words have {len(plain)} characters, more than {WORDS_LIMIT}."
        findings.append(
            Finding("words_long", Severity.ERROR, plain, wrong, "Write fewer.", "words")
        )
    return tuple(findings)
