"""What a list server has beside our tables: its robots, and the names that its MTA takes.

The agent judges what it read, and the control plane what it was told, by the same functions.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any

from routing.core.adopt.names import names_in
from routing.core.findings import Severity
from routing.core.names import check_key, normalise_name

MOST_NAMES = 100_000
"""Of each subject, and of the domains below which everything is taken."""
MOST_TROUBLES = 20
"""Told of each subject; the rest is counted."""
LATELY = timedelta(seconds=10)
"""However often somebody looks, between two orders is so much."""
PLAIN = re.compile(r"(?=.{4,200}\Z)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}")
"""What nearly all domains look like: nothing more is asked of such a name."""
LONGEST_TEXT = 1000
"""Of a path or a trouble."""


class Subject(StrEnum):
    """What is told: the robots of its Sympa; the names that its MTA takes mail for."""

    ROBOTS = "robots"
    ACCEPTED = "accepted"


KEYS: Mapping[Subject, str] = {
    Subject.ROBOTS: 'existing_robots = "/etc/sympa"',
    Subject.ACCEPTED: 'mta_local_names = ["/etc/mail/local-host-names"]',
}
"""The line of the agent's file that names the place of each, for Debian's places."""
WHICH: Mapping[Subject, str] = {
    Subject.ROBOTS: "which robots there are",
    Subject.ACCEPTED: "which names its MTA takes",
}


class Unbelievable(ValueError):
    """What an agent sent has not the shape of a survey; the text says where."""


@dataclass(frozen=True, slots=True)
class Found:
    """What was found of one subject.

    `places` are the paths that the agent's file names, () where it names none. `names` are
    canonical and sorted. Of the domains `below` every name below is taken too. `troubles` are
    sentences, `more` how many were left out: with any of them it is not whole.
    """

    places: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    below: tuple[str, ...] = ()
    troubles: tuple[str, ...] = ()
    more: int = 0

    @property
    def is_whole(self) -> bool:
        """Whether a name that is not among them is not there."""
        return bool(self.places) and not self.troubles

    @property
    def trouble(self) -> str:
        """The first of what was not read, and how much more; "" where all was."""
        if not self.troubles:
            return ""
        others = len(self.troubles) + self.more - 1
        return f"{self.troubles[0]} And {others} more." if others else self.troubles[0]


class Finds:
    """Gathers what is found of one subject, within its bounds."""

    def __init__(self, places: Iterable[str]) -> None:
        self.places = tuple(places)
        self.names: set[str] = set()
        self.below: set[str] = set()
        self._troubles: list[str] = []
        self._more = 0

    def trouble(self, text: str) -> None:
        """A sentence: something was not read, or not all of it."""
        if len(self._troubles) < MOST_TROUBLES:
            self._troubles.append(text[:LONGEST_TEXT])
        else:
            self._more += 1

    def found(self) -> Found:
        """All of it; more names than MOST_NAMES are a trouble."""
        names, below = (self._at_most(names) for names in (self.names, self.below))
        return Found(self.places, names, below, tuple(self._troubles), self._more)

    def _at_most(self, names: set[str]) -> tuple[str, ...]:
        if len(names) > MOST_NAMES:
            self.trouble(f"There are more than {MOST_NAMES:,} names; the rest is left out.")
        return tuple(sorted(names)[:MOST_NAMES])


def domain_of(text: str) -> str:
    """The text as the name of a domain in its stored spelling, "" where it can be none. What ends
    in digits is an address, or the network of relay-domains."""
    if PLAIN.fullmatch(text):
        return text
    name = normalise_name(text).lower()
    findings = check_key(name, full_name=True)
    wrong = any(finding.severity is Severity.ERROR for finding in findings)
    _, dot, last = name.rpartition(".")
    return "" if wrong or name.startswith(".") or not dot or last.isdigit() else name


def local_names(text: str) -> Iterator[str]:
    """The domains in a file of class w; addresses and single labels are nobody's domain."""
    return filter(None, map(domain_of, names_in(text)))


def relayed_names(text: str) -> Iterator[tuple[str, bool]]:
    """(domain, whether it is taken itself) of each line of relay-domains; what is below it is taken
    in any case (cf/README, RELAY_DOMAIN). With a dot before it a domain is not meant itself."""
    for name in names_in(text):
        if domain := domain_of(name.removeprefix(".")):
            yield domain, not name.startswith(".")


def covered(names: Iterable[str], below: Iterable[str]) -> Iterator[str]:
    """Those of the names that are below one of the domains."""
    domains = {*below}
    for name in names:
        labels = name.split(".")
        if any(".".join(labels[at:]) in domains for at in range(1, len(labels))):
            yield name


def silence_of(subject: Subject, *, server: str, answered: bool, is_named: bool, error: str) -> str:
    """Why nothing is known of a subject, or not lately, in words; "" where its agent tells it."""
    if answered and not is_named:
        return (
            f"The file of the spool agent of {server} does not name them: write {KEYS[subject]}"
            " there, under [mail_host], and restart the agent."
        )
    if error:
        return error
    return "" if answered else f"The spool agent of {server} has not told {WHICH[subject]} yet."


def survey_to_json(told: Mapping[Subject, Found]) -> dict[str, Any]:
    """As it leaves the host."""
    return {
        subject.value: {
            "places": list(found.places),
            "names": list(found.names),
            "below": list(found.below),
            "troubles": list(found.troubles),
            "more": found.more,
        }
        for subject, found in told.items()
    }


def survey_from_json(data: Any) -> dict[Subject, Found]:
    """What an agent sent, only as far as it has the shape and size of a survey.

    Raises Unbelievable.
    """
    if not isinstance(data, dict) or {*data} != {*Subject}:
        raise Unbelievable("it does not tell of robots and of names that the MTA takes")
    return {subject: _found(subject, data[subject.value]) for subject in Subject}


def _found(subject: Subject, data: Any) -> Found:
    wanted = {"places", "names", "below", "troubles", "more"}
    if not isinstance(data, dict) or {*data} != wanted:
        raise Unbelievable(f"{subject} has not the fields of a survey")
    more = data["more"]
    if not isinstance(more, int) or isinstance(more, bool) or more < 0:
        raise Unbelievable(f"{subject}: more is no number")
    return Found(
        _texts(f"{subject}: places", data["places"], MOST_NAMES),
        _names(f"{subject}: names", data["names"]),
        _names(f"{subject}: below", data["below"]),
        _texts(f"{subject}: troubles", data["troubles"], MOST_TROUBLES),
        more,
    )


def _texts(what: str, given: Any, most: int) -> tuple[str, ...]:
    if not isinstance(given, list) or len(given) > most:
        raise Unbelievable(f"{what} are no list, or more than {most}")
    if not all(isinstance(item, str) and _is_text(item) for item in given):
        raise Unbelievable(f"{what} are no texts of at most {LONGEST_TEXT} characters")
    return tuple(given)


def _is_text(item: str) -> bool:
    """No database keeps a NUL or half of a character."""
    odd = any(sign == "\0" or "\ud800" <= sign <= "\udfff" for sign in item)
    return len(item) <= LONGEST_TEXT and not odd


def _names(what: str, given: Any) -> tuple[str, ...]:
    names: Sequence[str] = _texts(what, given, MOST_NAMES)
    for name in names:
        if domain_of(name) != name:
            raise Unbelievable(f"{what} hold {name!r}, which is no domain in its stored spelling")
    return tuple(names)
