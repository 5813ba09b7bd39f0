"""Whether the spool agent can read what `existing_…` and `mta_…` of its file name."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path

from routing.agent.careful import MOST_BYTES, Unread, directory, read_carefully
from routing.agent.host import HostConfig
from routing.agent.machine import entry_of
from routing.core.findings import Finding
from routing.core.machine import error, warning

NAMED = (
    "existing_cf",
    "existing_mc",
    "existing_mailertable",
    "existing_sympa_conf",
    "existing_robots",
    "existing_access",
    "existing_aliases",
)
LISTED = ("existing_class_w", "mta_local_names", "mta_relay_domains")
ROBOTS = "existing_robots"
OTHERS_WRITE = 0o022


def look_at_existing(host: HostConfig) -> list[Finding]:
    """What is missing, cannot be read by the owner of the spool, or may be written by others."""
    named = [(key, getattr(host, key)) for key in NAMED]
    named += [(key, path) for key in LISTED for path in getattr(host, key) or ()]
    return [found for key, path in named if path.name for found in _look(host, key, path)]


def _look(host: HostConfig, key: str, path: Path) -> Iterator[Finding]:
    try:
        if key == ROBOTS:
            with directory(path):
                pass
        else:
            read_carefully(path, MOST_BYTES)
    except Unread as unread:
        # The configuration of before need not be there: a new host has none.
        if not (unread.absent and key == "existing_cf"):
            text = f"{path}, which {key} names, {unread.text}."
            advice = "Name another file in the agent's file, or take the line out."
            yield error("existing_unreadable", str(path), text, advice)
        return
    bits = (stat.S_IRUSR, stat.S_IXUSR) if key == ROBOTS else (stat.S_IRUSR,)
    if any(entry_of(path, (host.owner,), bit).readers_kept_out for bit in bits):
        text = f"{host.owner}, the agent's user, cannot read {path}, which {key} names."
        advice = f"Let {host.owner} read it, by its group for example."
        yield error("existing_unreadable", str(path), text, advice)
    for above in reversed(path.parents):
        if entry_of(above, (host.owner,), stat.S_IXUSR).readers_kept_out:
            text = f"{host.owner}, the agent's user, cannot enter {above}, above {path} ({key})."
            yield error("existing_unreadable", str(above), text, f"chmod o+x {above}")
            break
    yield from _owned(host, key, path)


def _owned(host: HostConfig, key: str, path: Path) -> Iterator[Finding]:
    entry = entry_of(path)
    if entry.owner not in ("root", host.owner):
        text = (
            f"{path}, which {key} names, belongs to {entry.owner}: what that user writes there is"
        )
        advice = f"Look through what was read of it; or chown root: {path}"
        yield warning("existing_owner", str(path), f"{text} taken over.", advice)
    if entry.mode & OTHERS_WRITE:
        text = f"{path}, which {key} names, may be written by others (mode {entry.mode:04o})."
        yield warning("existing_owner", str(path), text, f"chmod go-w {path}")
