"""Switch a link crash-safely: the old target or the new one, never none and never half."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from routing.agent.host import HostConfig


@contextmanager
def alone(host: HostConfig) -> Iterator[None]:
    """Hold the deploy lock of this host; a second verb waits for the first."""
    with (host.routing / ".lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def switch(host: HostConfig, name: str, digest: str) -> None:
    """Point `name` at a release: a new link beside it, then rename, then the directory to disk."""
    beside = host.routing / f".{name}.new"
    beside.unlink(missing_ok=True)
    beside.symlink_to(Path("releases") / digest)
    beside.rename(host.routing / name)
    sync_directory(host.routing)


def take_away(host: HostConfig, name: str) -> None:
    """Remove the link: the host has no release again."""
    (host.routing / name).unlink(missing_ok=True)
    sync_directory(host.routing)


def sync_file(path: Path) -> None:
    """The file's content is on the disk when this returns."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_directory(path: Path) -> None:
    """The names in the directory are on the disk when this returns."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
