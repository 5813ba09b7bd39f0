"""What each line of a table does to mail, decided by asking the resolver with and without it.

A line is judged by the addresses that it could decide for: a full name by that name, a suffix by
names below it that have no line of their own. One line costs a few look-ups, whatever the table
has beside it. Names of more than 40 labels are left out of "redundant": there sendmail counts the
keys that it tries, so that no line is without effect (docs/routes.md).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from routing.core.address import BadAddress, Mailbox
from routing.core.facts import HostFacts
from routing.core.intent import DEFAULT_KEY
from routing.core.names import KEY_LIMIT, SUFFIX_LIMIT
from routing.core.resolve import Resolution, Resolver, Table, Why

LOCAL_PARTS = ("probe", "probe%other")
"""The second is read once more by a value `local:`, so that its answer differs."""
TRIES = 1000


class Standing(StrEnum):
    """What a line does."""

    EFFECTIVE = "effective"
    SHADOWED = "shadowed"
    UNREACHABLE = "unreachable"
    PASSED_OVER = "passed_over"
    REDUNDANT = "redundant"


@dataclass(frozen=True, slots=True)
class Judged:
    """One line. `found` is the answer for a name that the line could decide for.

    `by` is the key that answers in its place, or would answer the same without it; empty where
    there is none. `found` is None for a line that no address can reach.
    """

    key: str
    standing: Standing
    found: Resolution | None = None
    by: str = ""


class Judge:
    """The tables of one list server, the primary one first, as its sendmail reads them.

    A line is redundant only when each table that holds it answers the same without it: deleting
    an object takes its line from all of them.
    """

    def __init__(self, tables: Iterable[Mapping[str, str]], facts: HostFacts) -> None:
        # The resolver looks into the very dict that a line is taken out of and put back into.
        self._values = [dict(values) for values in tables]
        self._resolvers = [Resolver.of_host(Table(values), facts) for values in self._values]

    @property
    def resolver(self) -> Resolver:
        """The one of the primary table."""
        return self._resolvers[0]

    def every(self) -> Iterator[Judged]:
        """Each line of the primary table, in key order."""
        for key in sorted(self._values[0]):
            yield self.judge(key)

    def judge(self, key: str) -> Judged:
        """What the line of this key does. Raises KeyError for a key that has none."""
        if key not in self._values[0]:
            raise KeyError(key)
        names = self._names(key)
        found = self._reach(key, names[0])
        if found is None:
            return Judged(key, Standing.UNREACHABLE)
        if found.why is Why.LOCAL:
            return Judged(key, Standing.SHADOWED, found)
        if found.key != key:
            # It is there and matches: sendmail goes on because its value names no mailer.
            return Judged(key, Standing.PASSED_OVER, found, found.key)
        return self._beside(key, names, found)

    def _reach(self, key: str, name: str) -> Resolution | None:
        """The answer for a name that a key should match; None where there is no such address."""
        limit = SUFFIX_LIMIT if key.startswith(".") else KEY_LIMIT
        if key != DEFAULT_KEY and len(key.removeprefix(".")) > limit:
            return None
        try:
            found = self.resolver.resolve(f"probe@{name}")
            if found.why is Why.LOCAL or found.key == key:
                return found
            mailbox = self.resolver.read(f"probe@{name}")
        except BadAddress:
            return None
        # `jres.org.` and `Jres.Org` are read as jres.org, which is another key.
        return found if mailbox.domain == name and not mailbox.is_literal else None

    def _beside(self, key: str, names: tuple[str, ...], found: Resolution) -> Judged:
        """Effective, or redundant: the same answers by another line in every table."""
        by = ""
        for values, resolver in zip(self._values, self._resolvers, strict=True):
            if key not in values:
                continue
            value = values[key]
            for box in _mailboxes(names):
                one = resolver.resolve_mailbox(box)
                del values[key]
                other = resolver.resolve_mailbox(box)
                values[key] = value
                if not _same(one, other):
                    return Judged(key, Standing.EFFECTIVE, found)
                by = by or other.key
        return Judged(key, Standing.REDUNDANT, found, by)

    def _names(self, key: str) -> tuple[str, ...]:
        """Names that a key would decide for: two below a suffix, of one label and of two."""
        if not key.startswith("."):
            return (key,)
        return (self._free(key, "probe-{}"), self._free(key, "other.below-{}"))

    def _free(self, key: str, form: str) -> str:
        """A name below a suffix that no narrower line of any table decides for."""
        end = "" if key == DEFAULT_KEY else key
        for number in range(TRIES):
            name = form.format(number) + end
            first, _, rest = name.partition(".")
            narrower = {name, f".{rest}"} if rest and f".{rest}" != key else {name}
            if not any(own in values for own in narrower for values in self._values):
                return name
        raise ValueError(f"{first} and {TRIES} more names below {key} have lines of their own")


def _mailboxes(names: Iterable[str]) -> Iterator[Mailbox]:
    for name in names:
        for local in LOCAL_PARTS:
            yield Mailbox(local, name)


def _same(one: Resolution, other: Resolution) -> bool:
    """True when sendmail surely says the same; never where only it can tell."""
    return one.answer == other.answer and one.is_predicted and other.is_predicted
