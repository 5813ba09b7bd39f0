"""Where the queue files of a spool are: one directory or many, each flat or split in qf/, df/."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PARTS = ("qf", "df", "xf")
DEEPEST = 3
"""A queue group in a directory of the spool, with queue directories, each split."""
LINKS_OF_AN_EMPTY_DIRECTORY = 2


@dataclass(frozen=True, slots=True)
class QueueDirectory:
    """`place` is its path below the spool, "" for the spool itself. Control and data files are in
    `control` and `data`, which are both the directory itself where it is not split."""

    place: str
    control: Path
    data: Path


def spool_name(spool: Path) -> str:
    """``x`` of ``/var/spool/x`` and of ``/var/spool/x/q*``."""
    return _root(spool)[0].name


def queue_directories(spool: Path) -> tuple[QueueDirectory, ...]:
    """All of a spool, by place. A path that ends in an asterisk is all directories that begin so.

    Links to directories are followed, as sendmail does, and each directory is taken once. Raises
    OSError when one of them cannot be read: figures without it would be wrong.
    """
    root, beginning = _root(spool)
    seen: set[tuple[int, int]] = set()
    if not beginning:
        return tuple(_below(root, "", DEEPEST, seen))
    places = sorted(path for path in root.iterdir() if path.name.startswith(beginning))
    inside = (path for path in places if path.is_dir())
    return tuple(found for path in inside for found in _below(path, path.name, 0, seen))


def _root(spool: Path) -> tuple[Path, str]:
    """The directory to begin in, and how queue directories in it begin ("": it is one itself)."""
    if spool.name.endswith("*"):
        return spool.parent, spool.name.removesuffix("*")
    return spool, ""


def _below(
    path: Path, place: str, deeper: int, seen: set[tuple[int, int]]
) -> Iterator[QueueDirectory]:
    """It may go away meanwhile: then nothing is in it. The spool itself may not."""
    try:
        status = path.stat()
        if (status.st_dev, status.st_ino) in seen:
            return
        seen.add((status.st_dev, status.st_ino))
        inside = _directories_in(path, status)
    except FileNotFoundError:
        if place:
            return
        raise
    parts = {name: path / name if name in inside else path for name in PARTS}
    yield QueueDirectory(place, parts["qf"], parts["df"])
    for name in inside:
        if deeper and name not in PARTS:
            yield from _below(path / name, f"{place}/{name}".lstrip("/"), deeper - 1, seen)


def _directories_in(path: Path, status: os.stat_result) -> list[str]:
    """Where a file system counts them as links, a directory of files alone is not listed for it."""
    if status.st_nlink == LINKS_OF_AN_EMPTY_DIRECTORY:
        return []
    with os.scandir(path) as entries:
        return sorted(entry.name for entry in entries if entry.is_dir())
