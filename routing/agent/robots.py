"""The robots of Sympa on this host: directories with a robot.conf, each looked into with care."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

from routing.agent.careful import MOST_BYTES, Unread, directory, read_in
from routing.core.adopt.reading import ROBOT_CONF

NO_ROBOTS = (".conf", ".tt2", ".bak", ".wsdl")


def robots_in(
    place: Path, most: int, trouble: Callable[[Path, str], None]
) -> Iterator[tuple[str, bytes]]:
    """The name of each directory of `place` with a robot.conf, as the disk has it, and the bytes of
    that file, by name; no more than `most`.

    No link is followed: a robot may be anybody's. What cannot be read is told to `trouble` with
    its path and stops nothing.
    """
    try:
        with directory(place) as number:
            names = sorted(item.name for item in os.scandir(number) if _may_be_robot(item.name))
            if len(names) > most:
                trouble(place, f"holds more than {most} robots; the rest is left out")
            for name in names[:most]:
                try:
                    with directory(name, inside=number) as inside:
                        data = read_in(inside, ROBOT_CONF, MOST_BYTES)
                except Unread as error:
                    # A file beside the robots, or a directory that is none.
                    if not error.absent:
                        trouble(place / name, error.text)
                    continue
                yield name, data
    except Unread as error:
        trouble(place, error.text)


def _may_be_robot(name: str) -> bool:
    """A name of a domain; what lies beside the robots is mostly templates and files."""
    return "." in name and not name.endswith(NO_ROBOTS)
