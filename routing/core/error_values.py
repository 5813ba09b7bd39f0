"""`error:` values: what sendmail makes of their text.

Measured on 8.17.1: the text is read as an address, so `()` is a comment, `"<>\\` vanish or break
it, `%` and a digit becomes an argument of the map, and blanks beside punctuation are dropped. A
status without a reply code after it is taken for words, and a reply code of class 4 alone for no
error at all.
"""

from __future__ import annotations

import re

from routing.core.findings import Finding, Severity

ERROR_CHARACTERS = re.compile(r"[A-Za-z0-9 .,:;_/?=#'!@+&-]*")
CODED = re.compile(
    r"(?:(?P<status>[245]\.\d{1,3}\.\d{1,3}):)?(?:(?P<reply>\d{3}) )?"
    r"(?:(?P<second>[245]\.\d{1,3}\.\d{1,3}) )?(?P<words>.*)"
)
LEADING_CODES = re.compile(r"^[45]\d\d\s+(?:[45]\.\d{1,3}\.\d{1,3}\s+)?")
EXAMPLE = "Write 5.7.1:550 and the words, for example 5.7.1:550 This domain is closed."


def check_error_text(text: str, *, field: str = "next_hop") -> tuple[Finding, ...]:
    """Findings about what stands after `error:`: `5.7.1:550 words`, `550 5.7.1 words`, or words."""
    findings: list[Finding] = []
    stray = sorted(set(ERROR_CHARACTERS.sub("", text)))
    if stray:
        wrong = f"holds {' '.join(repr(sign)[1:-1] for sign in stray)}, which sendmail takes away"
        findings.append(_error("error_characters", text, wrong, "Leave these out.", field))
    match = CODED.fullmatch(text)
    if match is None or not match["words"].strip():
        findings.append(_error("error_text_missing", text, "has no words", EXAMPLE, field))
        return tuple(findings)
    classes = {code[0] for code in (match["status"], match["reply"], match["second"]) if code}
    if classes - {"4", "5"}:
        findings.append(_error("error_code", text, "has a code that is no error", EXAMPLE, field))
    elif len(classes) > 1:
        wrong = "says both permanent (5) and temporary (4)"
        findings.append(_error("error_code", text, wrong, "Use one class in all codes.", field))
    elif match["second"] and not match["reply"]:
        wrong = f"has {match['second']} without a reply code: sendmail takes it for words"
        findings.append(_error("error_code", text, wrong, EXAMPLE, field))
    elif classes == {"4"} and not match["status"]:
        wrong = "has a reply code of class 4 alone, which sendmail does not take for an error"
        advice = "Write 4.7.1:450 and the words, for example 4.7.1:450 Try again later."
        findings.append(_error("error_code", text, wrong, advice, field))
    return tuple(findings)


def shown_text(value: str) -> str:
    """The words that sendmail shows for what stands after `error:`: without the codes.

    `5.7.1:550 go away` and `nohost:550 go away` show `go away`; sendmail takes any three words
    with dots for a status. Blanks are not kept exactly.
    """
    head, colon, rest = value.partition(":")
    words = rest if colon and re.fullmatch(r"[\w-]+(?:\.[\w-]+\.[\w-]+)?", head.strip()) else value
    return LEADING_CODES.sub("", words.strip(), count=1)


def _error(code: str, subject: str, wrong: str, advice: str, field: str) -> Finding:
    text = f"The error text {wrong}."
    return Finding(code, Severity.ERROR, subject, text, advice, field)
