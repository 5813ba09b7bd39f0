"""What answers have in common: one reason for all that differ only in what is individual."""

from __future__ import annotations

import re

_INDIVIDUAL = (
    (re.compile(r"<?[^\s<>()@\"',;:]+@[A-Za-z0-9.\[\]:_-]+>?"), "<address>"),
    (re.compile(r"\b[0-9A-Za-z]{14}\b(?=[ :.,;)]|$)(?<=[0-9A-Z]{6})"), "<id>"),
)


def fold(answer: str) -> str:
    """The reason of an answer as sendmail wrote it, "" for none; of a reason it is the same."""
    for pattern, word in _INDIVIDUAL:
        answer = pattern.sub(word, answer)
    return answer
