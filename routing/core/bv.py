"""What `sendmail -bv` says about addresses, read into answers.

Measured on 8.17.1: the lines do not come in the order of the question, equal recipients (two local
names with one user, say) are answered once, host names are folded to lower case, and an `error:`
value prints its text without the codes; one of class 4 prints a second line, which is left out.
A long address is printed shortened in the middle, and whole only as the user of its answer.
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
HOST = re.compile(r"^, host (?P<host>.*?)(?:, user (?P<user>.*))?$")
REFUSED = re.compile(r"^(?P<address>.+?)\.\.\. (?P<text>.+)$")
BUILTIN_ERROR = "*error*"
SHOWN_LIMIT = 202
SHOWN_PART = 100
"""sendmail prints a longer address as its first and last hundred characters with ... between."""


def parse_bv(output: str, addresses: Iterable[str]) -> Mapping[str, Answer]:
    """Answers of the addresses that were asked. One that got none is not in the result."""
    asked = _by_print(addresses)
    answers: dict[str, Answer] = {}
    for line in output.splitlines():
        found = _read_line(line)
        if found is not None and found[2][0] != BUILTIN_ERROR:
            printed, user, answer = found
            candidates = asked.get(printed, ())
            for address in candidates if len(candidates) == 1 else {user}.intersection(candidates):
                answers.setdefault(address, answer)
    return answers


def _by_print(addresses: Iterable[str]) -> Mapping[str, tuple[str, ...]]:
    """The addresses by what sendmail prints for them; long ones may share it."""
    printed: dict[str, tuple[str, ...]] = {}
    for address in dict.fromkeys(addresses):
        printed[as_printed(address)] = (*printed.get(as_printed(address), ()), address)
    return printed


def as_printed(address: str) -> str:
    """The address as it stands at the beginning of its answer."""
    if len(address) <= SHOWN_LIMIT:
        return address
    return f"{address[:SHOWN_PART]}...{address[-SHOWN_PART:]}"


def _read_line(line: str) -> tuple[str, str, Answer] | None:
    """What is printed as the address, the user that it is delivered to, and the answer."""
    match = DELIVERABLE.match(line)
    if match:
        rest = HOST.match(match["rest"])
        host, user = (rest["host"], rest["user"] or "") if rest else ("", "")
        return match["address"], user, (match["mailer"], host)
    match = REFUSED.match(line)
    return (match["address"], "", (ERROR, match["text"])) if match else None
