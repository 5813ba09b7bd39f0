"""Reads a file that somebody else wrote: no link out of its directory, nothing but a plain file,
and never more than so many bytes. Nothing that is not a plain file is opened.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

MOST_BYTES = 8 * 1024 * 1024
"""Of a file of configuration."""
MOST_LINKS = 8
DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
PLAIN = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC


class Unread(Exception):
    """`text` says why, to stand behind the path; `absent` is true where there is no such file."""

    def __init__(self, text: str, *, absent: bool = False) -> None:
        super().__init__(text)
        self.text, self.absent = text, absent


@contextmanager
def directory(path: str | Path, inside: int | None = None) -> Iterator[int]:
    """A directory; of one that is `inside` another a link is not followed. Raises Unread."""
    follow = 0 if inside is None else os.O_NOFOLLOW
    try:
        if inside is not None and stat.S_ISLNK(os.lstat(path, dir_fd=inside).st_mode):
            raise Unread("is a link, and links out of a directory are not followed")
        number = os.open(path, DIRECTORY | follow, dir_fd=inside)
    except OSError as error:
        raise _unread(error) from None
    try:
        yield number
    finally:
        os.close(number)


def read_carefully(path: Path, most: int) -> bytes:
    """The bytes of a plain file. Its own directory may be reached by links, for the path is the
    admin's; the file itself may be a link to another in that directory. Raises Unread."""
    with directory(path.parent) as place:
        return read_in(place, path.name, most, beside=path.parent)


def read_in(place: int, name: str, most: int, *, beside: Path | None = None) -> bytes:
    """The same of a file in an open directory. Without `beside`, the directory's path, no link at
    all is followed."""
    for _ in range(MOST_LINKS):
        try:
            found = os.stat(name, dir_fd=place, follow_symlinks=False)
        except OSError as error:
            raise _unread(error) from None
        if not stat.S_ISLNK(found.st_mode):
            return _read(place, name, found.st_mode, most)
        name = _target(place, name, beside)
    raise Unread("is a link to itself")


def _target(place: int, name: str, beside: Path | None) -> str:
    """The name in the same directory that a link leads to."""
    target = os.readlink(name, dir_fd=place)
    head, tail = os.path.split(target)
    here = beside is not None and head in ("", ".", str(beside))
    if not here or tail in ("", ".", ".."):
        raise Unread(f"is a link to {target}, and links out of a directory are not followed")
    return tail


def _read(place: int, name: str, mode: int, most: int) -> bytes:
    if not stat.S_ISREG(mode):
        raise Unread("is no plain file")
    try:
        number = os.open(name, PLAIN, dir_fd=place)
    except OSError as error:
        raise _unread(error) from None
    with os.fdopen(number, "rb") as file:
        # It may have been exchanged since it was looked at.
        if not stat.S_ISREG(os.fstat(number).st_mode):
            raise Unread("is no plain file")
        data = file.read(most + 1)
    if len(data) > most:
        raise Unread(f"is larger than {most // 1024 // 1024} MiB")
    return data


def _unread(error: OSError) -> Unread:
    if error.errno == errno.ELOOP:
        return Unread("is a link, and links out of a directory are not followed")
    absent = error.errno in (errno.ENOENT, errno.ENOTDIR)
    return Unread("is not there" if absent else f"cannot be read: {error.strerror}", absent=absent)
