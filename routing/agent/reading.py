"""Reading, spool role: read the files of the list server as it was, for an adoption.

Only what the agent's own file names is read; an order names nothing. Secrets are blanked here,
before anything leaves the host, and of access and aliases only what matters is kept. What cannot
be read is told and is no failure.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from mailadmin.wire.core.canonical import Json, canonical
from mailadmin.wire.core.results import VerbResult, done
from routing.agent.careful import MOST_BYTES, Unread, read_carefully
from routing.agent.faults import Fault, reports_faults
from routing.agent.host import HostConfig
from routing.agent.robots import robots_in
from routing.agent.stock import stock_for
from routing.core.adopt.blank import Blanks, blanked
from routing.core.adopt.information import managed_names, read_access, read_aliases
from routing.core.adopt.reading import (
    ROBOT_CONF,
    FileRead,
    FilesRead,
    Kind,
    Trouble,
    reading_to_json,
)
from routing.core.adopt.report import Stock
from routing.core.adopt.secret_shapes import PRIVATE_KEY

MIB = 1024 * 1024
MOST_ALL = 32 * MIB
MOST_ROBOTS = 5000
MOST_TROUBLES = 500
HOW: Mapping[Kind, Blanks] = {
    Kind.MAILERTABLE: Blanks.TABLE,
    Kind.CLASS_W: Blanks.TABLE,
    Kind.MC: Blanks.SENDMAIL,
    Kind.CF: Blanks.SENDMAIL,
    Kind.SYMPA: Blanks.SYMPA,
    Kind.ROBOT: Blanks.SYMPA,
}


@dataclass(slots=True)
class _Reading:
    left: int = MOST_ALL
    files: list[FileRead] = field(default_factory=list)
    troubles: list[Trouble] = field(default_factory=list)

    def trouble(self, kind: Kind, path: Path, text: str) -> None:
        if len(self.troubles) < MOST_TROUBLES:
            self.troubles.append(Trouble(kind, printable(path), text))

    def take(self, kind: Kind, path: Path, data: bytes, robot: str = "") -> None:
        """Keep what was read, without its secrets."""
        text = self.text_of(kind, path, data)
        if text is not None:
            said, lines = blanked(text, HOW[kind])
            self.files.append(FileRead(kind, printable(path), said, lines, robot))

    def text_of(self, kind: Kind, path: Path, data: bytes) -> str | None:
        """The bytes as text; None where they are none, or may not leave the host."""
        if len(data) > self.left:
            self.trouble(
                kind, path, f"was left out: all together is more than {MOST_ALL // MIB} MiB"
            )
            return None
        self.left -= len(data)
        if b"\0" in data:
            self.trouble(kind, path, f"is no text: it holds a NUL at byte {data.index(0)}")
            return None
        try:
            text = data.decode("utf-8")
        except UnicodeDecodeError as error:
            self.trouble(kind, path, f"is not UTF-8 at byte {error.start}; it was read as Latin-1")
            text = data.decode("latin-1")
        if PRIVATE_KEY.search(text):
            self.trouble(kind, path, "holds a private key and stays where it is")
            return None
        return text.replace("\r\n", "\n")

    def one(self, kind: Kind, path: Path) -> bytes | None:
        """A file that the agent's own file names; "" names none."""
        if not path.name:
            return None
        try:
            return read_carefully(path, MOST_BYTES)
        except Unread as error:
            self.trouble(kind, path, error.text)
        return None


def printable(path: str | Path) -> str:
    """A path as text: a name on a disk is bytes and need not be UTF-8."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


@reports_faults("Nothing was written.")
def read_files(host: HostConfig, arguments: Mapping[str, Json], blob: bytes | None) -> VerbResult:
    """The texts of what `existing_…` of the agent's file names, in `routing.core.adopt.reading`'s
    form. The order has no say in what is read."""
    del arguments, blob
    found = _Reading()
    named = (
        (Kind.MAILERTABLE, host.existing_mailertable),
        (Kind.MC, host.existing_mc),
        (Kind.CF, host.existing_cf),
        *((Kind.CLASS_W, path) for path in host.existing_class_w),
        (Kind.SYMPA, host.existing_sympa_conf),
    )
    for kind, path in named:
        if (data := found.one(kind, path)) is not None:
            found.take(kind, path, data)
    if not host.existing_mailertable.name:
        found.trouble(
            Kind.MAILERTABLE, Path("existing_mailertable"), "names no table in the agent's file"
        )
    _robots(found, host.existing_robots)
    all_of_it = _with_information(host, found)
    body: dict[str, Json] = {
        "user": host.owner,
        "files": len(all_of_it.files),
        "troubles": len(all_of_it.troubles),
    }
    return done(body, canonical(reading_to_json(all_of_it)))


def _robots(found: _Reading, place: Path) -> None:
    """Each directory with a robot.conf."""
    if not place.name:
        return

    def trouble(path: Path, text: str) -> None:
        found.trouble(Kind.ROBOT, path, text)

    for name, data in robots_in(place, MOST_ROBOTS, trouble):
        found.take(Kind.ROBOT, place / name / ROBOT_CONF, data, printable(name))


def _with_information(host: HostConfig, found: _Reading) -> FilesRead:
    """Access and aliases are judged here: most of them is nobody's business elsewhere."""
    table = next((file.text for file in found.files if file.kind is Kind.MAILERTABLE), "")
    names = managed_names(table, (file.robot for file in found.files if file.robot))
    access = aliases = None
    if (data := found.one(Kind.ACCESS, host.existing_access)) is not None:
        text = found.text_of(Kind.ACCESS, host.existing_access, data)
        access = read_access(text, names) if text is not None else None
    if (data := found.one(Kind.ALIASES, host.existing_aliases)) is not None:
        text = found.text_of(Kind.ALIASES, host.existing_aliases, data)
        aliases = read_aliases(text) if text is not None else None
    stock = stock_of(host, found)
    return FilesRead(tuple(found.files), tuple(found.troubles), access, aliases, stock)


def stock_of(host: HostConfig, found: _Reading) -> Stock:
    """What m4 makes of a configuration that says nothing, where there is only a .cf."""
    texts = {file.kind: file.text for file in found.files}
    if Kind.MC in texts or Kind.CF not in texts:
        return Stock()
    try:
        return stock_for(host, texts[Kind.CF])
    except Fault as fault:
        found.trouble(Kind.CF, host.existing_cf, f"could not be compared: {fault.text}")
    return Stock()
