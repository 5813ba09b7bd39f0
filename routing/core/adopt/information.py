"""What of the MTA's own `access` and `aliases` is worth knowing at an adoption; none is imported.

Of access: what says RELAY or REJECT of a name that is managed. Of aliases: the lists, which are
pipes into Sympa's queue. Everything else is counted and not repeated.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from routing.core.names import normalise_name

MOST_SHOWN = 200
TAG = re.compile(r"(?P<tag>[A-Za-z_]+):(?P<rest>.*)")
QUEUE = re.compile(
    r"\|\s*(?P<program>/\S*/(?:queue|bouncequeue|familyqueue))\s+(?P<list>[^\s\"'|&;]+)"
)
MATTERS = ("RELAY", "REJECT", "DISCARD", "ERROR", "550", "551", "552", "553", "554", "QUARANTINE")


@dataclass(frozen=True, slots=True)
class AccessLine:
    """A line that says something of a managed name. `value` is its first word."""

    line: int
    key: str
    value: str


@dataclass(frozen=True, slots=True)
class Access:
    """`entries` counts all lines, `secrets` those that hold credentials; `more` are not shown."""

    entries: int = 0
    secrets: int = 0
    lines: tuple[AccessLine, ...] = ()
    more: int = 0


@dataclass(frozen=True, slots=True)
class ListAlias:
    """An alias that hands its mail to Sympa; `address` is what the program is told."""

    line: int
    name: str
    program: str
    address: str

    @property
    def domain(self) -> str:
        """The robot that the list belongs to, "" where the alias leaves it to Sympa."""
        return normalise_name(self.address.partition("@")[2]).lower()


@dataclass(frozen=True, slots=True)
class Aliases:
    """`domains` counts the aliases of each robot."""

    entries: int = 0
    lists: tuple[ListAlias, ...] = ()
    domains: Mapping[str, int] = field(default_factory=dict)
    more: int = 0


def managed_names(table: str, robots: Iterable[str]) -> tuple[str, ...]:
    """The keys of a mailertable and the robots: the names that its mail hosts take care of."""
    lines = (line.split() for line in table.splitlines())
    keys = [words[0] for words in lines if words and not words[0].startswith("#")]
    return (*keys, *robots)


def read_access(text: str, names: Iterable[str]) -> Access:
    """What an `access` says; `names` are the managed ones."""
    managed = {normalise_name(name).lstrip(".").lower() for name in names}
    entries, secrets, found = 0, 0, []
    for number, key, value in _entries(text):
        entries += 1
        tag = TAG.fullmatch(key)
        if tag and tag["tag"].lower() == "authinfo":
            secrets += 1
        elif value.upper().startswith(MATTERS) and _names_managed(key, managed):
            found.append(AccessLine(number, key, value.split()[0] if value else ""))
    return Access(entries, secrets, tuple(found[:MOST_SHOWN]), max(0, len(found) - MOST_SHOWN))


def _entries(text: str) -> Iterator[tuple[int, str, str]]:
    for number, line in enumerate(text.splitlines(), start=1):
        if line.strip() and not line.lstrip().startswith("#"):
            key, *value = line.split(None, 1)
            yield number, key, value[0].strip() if value else ""


def _names_managed(key: str, managed: set[str]) -> bool:
    """True of `jres.org`, `To:jres.org`, `user@jres.org`, and of a domain above a managed one."""
    match = TAG.fullmatch(key)
    rest = match["rest"] if match else key
    name = normalise_name(rest.rpartition("@")[2]).strip("[].").lower()
    if not name or "." not in name:
        return False
    return any(own == name or own.endswith(f".{name}") for own in managed)


def read_aliases(text: str) -> Aliases:
    """What an `aliases` says; a line that begins with a blank goes on with the one before."""
    entries, found = 0, []
    for number, line in _joined(text):
        name, colon, value = line.partition(":")
        entries += bool(colon)
        if colon and (match := QUEUE.search(value)):
            found.append(ListAlias(number, name.strip(' "'), match["program"], match["list"]))
    domains = Counter(item.domain for item in found if item.domain)
    more = max(0, len(found) - MOST_SHOWN)
    return Aliases(entries, tuple(found[:MOST_SHOWN]), dict(sorted(domains.items())), more)


def _joined(text: str) -> list[tuple[int, str]]:
    lines: list[tuple[int, str]] = []
    for number, line in enumerate(text.splitlines(), start=1):
        if line[:1] in (" ", "\t") and lines:
            lines[-1] = (lines[-1][0], f"{lines[-1][1]} {line.strip()}")
        elif line.strip() and not line.startswith("#"):
            lines.append((number, line))
    return lines


def access_to_json(found: Access) -> dict[str, Any]:
    """As it leaves the host."""
    return {
        "entries": found.entries,
        "secrets": found.secrets,
        "lines": [[item.line, item.key, item.value] for item in found.lines],
        "more": found.more,
    }


def access_from_json(data: Mapping[str, Any]) -> Access:
    """The reverse."""
    lines = tuple(AccessLine(int(n), str(k), str(v)) for n, k, v in data["lines"])
    return Access(int(data["entries"]), int(data["secrets"]), lines, int(data["more"]))


def aliases_to_json(found: Aliases) -> dict[str, Any]:
    """As it leaves the host."""
    return {
        "entries": found.entries,
        "lists": [[item.line, item.name, item.program, item.address] for item in found.lists],
        "domains": dict(found.domains),
        "more": found.more,
    }


def aliases_from_json(data: Mapping[str, Any]) -> Aliases:
    """The reverse."""
    lists = tuple(ListAlias(int(n), str(a), str(p), str(t)) for n, a, p, t in data["lists"])
    domains = {str(name): int(count) for name, count in data["domains"].items()}
    return Aliases(int(data["entries"]), lists, domains, int(data["more"]))
