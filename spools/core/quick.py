"""The facts of a control file that is as sendmail writes it, without reading each line as a value.

A spool of 100,000 messages is read many times as fast this way. `read_queue_file` says what a file
means; here only one is understood of which both say the same, and any other is left to it.
"""

from __future__ import annotations

import re

from spools.core.facts import Facts, domain_of
from spools.core.kept import TEXT_SHOWN, show
from spools.core.summary import State

_LINE = rb".*+\n"
_SHOWN = rb".{0,%d}+\n" % TEXT_SHOWN
"""What is not cut short where it is shown."""
_NUMBER = rb"[0-9]{1,15}+\n"
_WHOLE = re.compile(
    rb"V[2-8]\nT([0-9]{1,15}+)\nK([0-9]{1,15}+)\nN"
    + _NUMBER
    + rb"P"
    + _NUMBER
    + rb"(?:[IB]"
    + _LINE
    + rb")*+"
    rb"(?:M(" + _SHOWN + rb"))?+(?:[F$ZA!]" + _LINE + rb")*+"
    rb"S" + _LINE + rb"(?:[F$ZA!]" + _LINE + rb")*+"
    rb"((?:[rCQ]" + _LINE + rb"|R" + _SHOWN + rb")*+)"
    rb"(?:H" + _LINE + rb"(?:[H\t ]" + _LINE + rb")*+)?+\.\n\Z"
)
"""Nothing in it is tried in two ways: what begins a line says how it goes on."""
_DOMAIN = re.compile(rb"\nR[^@\n]*+(.*)")
MEMO_MOST = 10_000
_domain_memo: dict[bytes, str] = {}
_answer_memo: dict[bytes, str] = {}

Parts = tuple[bytes, bytes, bytes, list[bytes]]
"""As they are written: when it was created, when it was tried last, the line of the last answer
(b"" without one), and of each recipient what begins with its at sign (b"" without one)."""


def quick_parts(raw: bytes) -> Parts | None:
    """What the facts of a `qf` are made of, None when it is not as sendmail writes most of them."""
    found = _WHOLE.match(raw)
    if found is None:
        return None
    created, tried, answer = found.group(1, 2, 3)
    begin, end = found.span(4)
    return created, tried, answer or b"", _DOMAIN.findall(raw, begin - 1, end)


def quick_facts(raw: bytes) -> Facts | None:
    """The facts of a `qf`, None when it is not as sendmail writes most of them."""
    parts = quick_parts(raw)
    if parts is None:
        return None
    created, tried, answer, written = parts
    domains: dict[str, int] = {}
    for domain in map(quick_domain, written):
        domains[domain] = domains.get(domain, 0) + 1
    return Facts(State.WAITING, int(created), int(tried) or None, domains, quick_answer(answer))


def quick_domain(written: bytes) -> str:
    """The domain of a recipient, of what begins with its at sign."""
    known = _domain_memo.get(written)
    if known is not None:
        return known
    return _remember(_domain_memo, written, domain_of(show(written)))


def quick_answer(line: bytes) -> str:
    """The answer as it is shown."""
    known = _answer_memo.get(line)
    return _remember(_answer_memo, line, show(line[:-1])) if known is None else known


def _remember(memo: dict[bytes, str], key: bytes, value: str) -> str:
    if len(memo) >= MEMO_MOST:
        memo.clear()
    memo[key] = value
    return value
