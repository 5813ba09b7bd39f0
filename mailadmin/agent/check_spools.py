"""Whether the spool agent's user can read each spool that its file names."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path

from routing.agent.host import HostConfig
from routing.agent.machine import entry_of
from routing.core.findings import Finding
from routing.core.machine import error
from spools.agent.directories import queue_directories


def look_at_spools(host: HostConfig) -> list[Finding]:
    """One finding for each directory that is missing or that the owner of the spool cannot read."""
    return [finding for spool in (host.spool, *host.other_spools) for finding in _look(host, spool)]


def _look(host: HostConfig, spool: Path) -> Iterator[Finding]:
    try:
        found = queue_directories(spool)
    except OSError as problem:
        text = f"The spool {spool} cannot be read: {problem.strerror}."
        advice = "Name another in the agent's file (spool, other_spools), or mend it."
        yield error("spool_unreadable", str(spool), text, advice)
        return
    for path in dict.fromkeys(path for place in found for path in (place.control, place.data)):
        rights = (stat.S_IRUSR, stat.S_IXUSR)
        if any(entry_of(path, (host.owner,), right).readers_kept_out for right in rights):
            text = f"{host.owner}, the agent's user, cannot read {path} of the spool {spool}."
            advice = f"Let {host.owner} list it and read its files, or take it out of other_spools."
            yield error("spool_unreadable", str(path), text, advice)
