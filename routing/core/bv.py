"""What `sendmail -bv` says about addresses, read into answers.

Measured on 8.17.1: the lines do not come in the order of the question, equal recipients (two local
names with one user, say) are answered once, host names are folded to lower case, and an `error:`
value prints its text without the codes; one of class 4 prints a second line, which is left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from routing.core.mailers import ERROR

Answer = tuple[str, str]
"""(mailer, host). For an error: ("error", its text)."""

DELIVERABLE = re.compile(
    r"^(?P<address>.+?)\.\.\. deliverable: mailer (?P<mailer>[^,]+)(?P<rest>.*)$"
)
HOST = re.compile(r"^, host (?P<host>.*?)(?:, user .*)?$")
REFUSED = re.compile(r"^(?P<address>.+?)\.\.\. (?P<text>.+)$")
BUILTIN_ERROR = "*error*"


def parse_bv(output: str, addresses: Iterable[str]) -> Mapping[str, Answer]:
    """Answers of the addresses that were asked. One that got none is not in the result."""
    asked = set(addresses)
    answers: dict[str, Answer] = {}
    for line in output.splitlines():
        found = _read_line(line)
        if found is not None and found[0] in asked and found[1][0] != BUILTIN_ERROR:
            answers.setdefault(*found)
    return answers


def _read_line(line: str) -> tuple[str, Answer] | None:
    match = DELIVERABLE.match(line)
    if match:
        host = HOST.match(match["rest"])
        return match["address"], (match["mailer"], host["host"] if host else "")
    match = REFUSED.match(line)
    return (match["address"], (ERROR, match["text"])) if match else None
