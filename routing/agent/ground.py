"""The ground: what lies in a release's directory now, without judging it.

Every entry counts with its kind, mode, owner and bytes, maps too: one digest of all that tells
whether anything at all was touched since somebody looked.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from hashlib import file_digest
from pathlib import Path

from mailadmin.wire.core.canonical import canonical, digest_of
from routing.agent.host import HostConfig
from routing.agent.releases import release_path

FILE, DIRECTORY, LINK, OTHER = "file", "directory", "link", "other"
ITSELF = "."


@dataclass(frozen=True, slots=True)
class Seen:
    """One entry. `content` is the SHA-256 of a file or where a link leads, "" for anything else;
    `problem` is why a file could not be read."""

    kind: str
    mode: int
    owner: int
    size: int
    content: str = ""
    problem: str = ""


Look = Mapping[str, Seen]
"""Name → entry; the directory itself is ".". Empty: there is no such directory."""


def look(release: Path) -> Look:
    """What is in the directory, and how it stands there. Opens plain files only: what else
    somebody put there may never end."""
    try:
        found = {ITSELF: _seen(release)}
    except FileNotFoundError:
        return {}
    if found[ITSELF].kind != DIRECTORY:
        return found
    try:
        names = sorted(entry.name for entry in os.scandir(release))
    except OSError as error:
        return {ITSELF: _with_problem(found[ITSELF], error)}
    return found | {name: _seen(release / name) for name in names}


def ground_at(host: HostConfig, release: str) -> str:
    """The digest of a look at a release, of no entries where it is gone; "" for no release."""
    return ground_of(look(release_path(host, release))) if release else ""


def ground_of(found: Look) -> str:
    """The digest of what was seen, in hex."""
    return digest_of(canonical({name: asdict(seen) for name, seen in found.items()}))


def _seen(path: Path) -> Seen:
    status = path.lstat()
    mode, owner = stat.S_IMODE(status.st_mode), status.st_uid
    if stat.S_ISLNK(status.st_mode):
        return Seen(LINK, mode, owner, 0, str(path.readlink()))
    if stat.S_ISDIR(status.st_mode):
        return Seen(DIRECTORY, mode, owner, 0)
    if not stat.S_ISREG(status.st_mode):
        return Seen(OTHER, mode, owner, 0)
    bare = Seen(FILE, mode, owner, status.st_size)
    try:
        with path.open("rb") as file:
            return Seen(FILE, mode, owner, status.st_size, file_digest(file, "sha256").hexdigest())
    except OSError as error:
        return _with_problem(bare, error)


def _with_problem(seen: Seen, error: OSError) -> Seen:
    return Seen(seen.kind, seen.mode, seen.owner, seen.size, "", str(error.strerror))
