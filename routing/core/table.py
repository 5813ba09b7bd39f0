"""A mailertable as sendmail looks it up: exact key, then `.parent` from the left, then `.`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from io import StringIO

from routing.core.intent import DEFAULT_KEY
from routing.core.value import is_usable


@dataclass(frozen=True, slots=True)
class Table:
    """Keys and values of one table. Keys are in their stored spelling."""

    values: Mapping[str, str]

    @classmethod
    def from_text(cls, text: str) -> Table:
        """Read what `format_mailertable` wrote: key, tab, value. Nothing is checked here."""
        rows = (line.partition("\t") for line in text.split("\n") if "\t" in line)
        return cls({key: value for key, _, value in rows})

    @classmethod
    def about(cls, domain: str, text: str) -> Table:
        """Of a text in key order, as `format_mailertable` writes every table of a bundle, only the
        lines that can decide for a domain: the rest is not read."""
        found = ((key, value_in(text, key)) for key in candidates(domain))
        return cls({key: value for key, value in found if value is not None})

    @classmethod
    def about_any(cls, domains: Iterable[str], text: str) -> Table:
        """The same for many domains, in one pass; the lines may be in any order."""
        wanted = {key for domain in domains for key in candidates(domain)}
        rows = (line.partition("\t") for line in StringIO(text))
        return cls({key: value.rstrip("\n") for key, _, value in rows if key in wanted})

    def deciding_key(self, domain: str) -> str:
        """The key that decides for a domain; `""` when none does. `domain` in lower case.

        The first key that has a line ends the search: when its value names no mailer, sendmail
        goes on with the `.` key, not with the next suffix (measured).
        """
        return self._first_of(candidates(domain))

    def inherited_key(self, key: str) -> str:
        """The key that decides for `key` when it has no line of its own."""
        if key == DEFAULT_KEY:
            return ""
        return self._first_of(other for other in candidates(key.removeprefix(".")) if other != key)

    def _first_of(self, keys: Iterable[str]) -> str:
        first = next((key for key in keys if key in self.values), "")
        if first and not is_usable(self.values[first]):
            first = DEFAULT_KEY
        return first if is_usable(self.values.get(first, "")) else ""


def candidates(domain: str) -> Iterator[str]:
    """The keys in the order in which sendmail tries them for a domain."""
    yield domain
    rest = domain
    while "." in rest:
        rest = rest.partition(".")[2]
        yield f".{rest}"
    yield DEFAULT_KEY


def value_in(text: str, key: str) -> str | None:
    """The value of a key in the text of a table in key order, None where it has no line. Found by
    halving: of a million lines twenty are looked at."""
    line = f"{key}\t"
    start, end = 0, len(text)
    while start < end:
        middle = (start + end) // 2
        begin = text.rfind("\n", start, middle) + 1 or start
        if text[begin : begin + len(line)] < line:
            start = text.find("\n", middle) + 1 or end
        else:
            end = begin
    if not text.startswith(line, start):
        return None
    end = text.find("\n", start)
    return text[start + len(line) : end if end >= 0 else None]
