"""The left navigation: only pages that exist, in the groups and words of the product."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Entry:
    """One page of the navigation. `count` names the figure shown when something waits there."""

    label: str
    path: str
    icon: str
    count: str = ""
    administrators_only: bool = False
    demonstration_only: bool = False


@dataclass(frozen=True, slots=True)
class Link:
    """An entry as one request sees it."""

    label: str
    path: str
    icon: str
    count: int
    current: bool


@dataclass(frozen=True, slots=True)
class Group:
    label: str
    links: tuple[Link, ...]


ENTRIES: Mapping[str, tuple[Entry, ...]] = {
    "Operate": (
        Entry("Overview", "/", "layout-dashboard"),
        Entry("Spools", "/spools/", "stack-2"),
        Entry("Fallback", "/fallback/", "arrow-bear-right", count="fallback"),
    ),
    "Configure": (
        Entry("Virtual domains", "/domains/", "world"),
        Entry("Local hosts", "/local-hosts/", "server"),
        Entry("Routes", "/routes/", "route"),
        Entry("Relays", "/relays/", "arrows-diagonal"),
        Entry("Foreign lines", "/foreign-lines/", "quote"),
        Entry("Mail hosts", "/mail-hosts/", "server-2"),
        Entry("Findings", "/findings/", "list-check"),
        Entry("Domain matrix", "/matrix/", "layout-grid"),
    ),
    "Change": (
        Entry("Pushes", "/pushes/", "git-pull-request", count="pushes"),
        Entry("Drift", "/drift/", "file-diff"),
        Entry("Audit", "/audit/", "history"),
    ),
    "Administration": (Entry("People", "/people/", "users", administrators_only=True),),
    "Sandbox": (Entry("Demonstration", "/demonstration/", "flask", demonstration_only=True),),
}


def groups(
    path: str, counts: Mapping[str, int], *, administrator: bool, demonstration: bool = False
) -> tuple[Group, ...]:
    """Return the groups that have an entry for this reader; the page at `path` is current."""
    made = (
        Group(label, tuple(_links(_shown(entries, administrator, demonstration), path, counts)))
        for label, entries in ENTRIES.items()
    )
    return tuple(group for group in made if group.links)


def _shown(
    entries: tuple[Entry, ...], administrator: bool, demonstration: bool
) -> tuple[Entry, ...]:
    return tuple(
        entry
        for entry in entries
        if (administrator or not entry.administrators_only)
        and (demonstration or not entry.demonstration_only)
    )


def _links(entries: tuple[Entry, ...], path: str, counts: Mapping[str, int]) -> list[Link]:
    return [
        Link(
            label=entry.label,
            path=entry.path,
            icon=entry.icon,
            count=counts.get(entry.count, 0),
            current=path == "/" if entry.path == "/" else path.startswith(entry.path),
        )
        for entry in entries
    ]
