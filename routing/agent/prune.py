"""Remove releases that nobody can need any more."""

from __future__ import annotations

import fcntl
import os
import shutil
import time
from collections.abc import Collection
from pathlib import Path

from routing.agent.drift import drift
from routing.agent.host import HostConfig
from routing.agent.releases import linked, list_releases, release_path

KEEP_SECONDS = 7 * 24 * 3600


def prune(host: HostConfig, keep: Collection[str]) -> list[str]:
    """Remove releases older than seven days, but never the live one, the last good one, one in
    `keep` (those of open pushes), one in which the wrapper runs a submission now, or one that
    somebody has touched: that is left for a person to look at. Returns the digests that were
    removed.

    Age is the rule because use by another user cannot be seen, and sendmail closes the descriptors
    that it inherits: only the wrapper's own lock shows.
    """
    needed = {linked(host, "current"), linked(host, "last-good"), *keep}
    oldest = time.time() - KEEP_SECONDS
    removed = []
    for item in list_releases(host):
        digest = item["digest"]
        if digest in needed or item["built_at"] > oldest:
            continue
        if drift(host, digest):
            continue
        if _remove_unused(release_path(host, digest)):
            for name in (digest, f"{digest}.bundle"):
                (host.routing / "manifests" / name).unlink(missing_ok=True)
            removed.append(digest)
    return removed


def _remove_unused(release: Path) -> bool:
    descriptor = os.open(release, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # Renamed first: half a release must never stand under its name.
        leaving = release.with_name(f".removed-{release.name}")
        release.rename(leaving)
        shutil.rmtree(leaving)
    except BlockingIOError:
        return False
    finally:
        os.close(descriptor)
    return True
