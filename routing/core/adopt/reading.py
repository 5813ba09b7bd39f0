"""What a spool agent found when it read the files of an existing list server.

One stored form, written on the host and read on the control plane; from it come the sources of a
report and findings about what could not be read.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from routing.core.adopt.cf import read_cf
from routing.core.adopt.information import (
    Access,
    Aliases,
    access_from_json,
    access_to_json,
    aliases_from_json,
    aliases_to_json,
)
from routing.core.adopt.mc import read_mc
from routing.core.adopt.names import cw_files
from routing.core.adopt.report import Sources, Stock
from routing.core.adopt.sympa import SYMPA_CONF
from routing.core.findings import Finding, Severity

ROBOT_CONF = "robot.conf"


class ReadingState(StrEnum):
    """What became of the question."""

    ASKED = "asked"
    ANSWERED = "answered"
    FAILED = "failed"


class Kind(StrEnum):
    """Which file of a list server it is."""

    MAILERTABLE = "mailertable"
    MC = "sympa.mc"
    CF = "sympa.cf"
    CLASS_W = "class w"
    SYMPA = "sympa.conf"
    ROBOT = "robot.conf"
    ACCESS = "access"
    ALIASES = "aliases"


@dataclass(frozen=True, slots=True)
class FileRead:
    """A file that was read. `blanked` counts lines that lost a secret before they left the host;
    `robot` is the directory of a robot.conf."""

    kind: Kind
    path: str
    text: str
    blanked: int = 0
    robot: str = ""

    @property
    def lines(self) -> int:
        """How many it has."""
        return len(self.text.splitlines())


@dataclass(frozen=True, slots=True)
class Trouble:
    """A file that was not read, or not as it is, and why."""

    kind: Kind
    path: str
    text: str


@dataclass(frozen=True, slots=True)
class FilesRead:
    """All of it. `stock` is for a `.cf` without a `.mc`."""

    files: tuple[FileRead, ...] = ()
    troubles: tuple[Trouble, ...] = ()
    access: Access | None = None
    aliases: Aliases | None = None
    stock: Stock = Stock()

    def text_of(self, kind: Kind) -> str:
        """The text of the only file of a kind, "" where it was not read."""
        return next((file.text for file in self.files if file.kind is kind), "")

    def path_of(self, kind: Kind) -> str:
        """Where it lies."""
        return next((file.path for file in self.files if file.kind is kind), "")


def reading_to_json(found: FilesRead) -> dict[str, Any]:
    """As it leaves the host."""
    return {
        "files": [
            {
                "kind": file.kind.value,
                "path": file.path,
                "text": file.text,
                "blanked": file.blanked,
                "robot": file.robot,
            }
            for file in found.files
        ],
        "troubles": [[item.kind.value, item.path, item.text] for item in found.troubles],
        "access": access_to_json(found.access) if found.access else None,
        "aliases": aliases_to_json(found.aliases) if found.aliases else None,
        "stock": {"cf": found.stock.cf, "features": list(found.stock.features)},
    }


def reading_from_json(data: Mapping[str, Any]) -> FilesRead:
    """The reverse. Raises KeyError, TypeError or ValueError for anything else."""
    access, aliases = data["access"], data["aliases"]
    return FilesRead(
        files=tuple(
            FileRead(
                Kind(item["kind"]),
                str(item["path"]),
                str(item["text"]),
                int(item["blanked"]),
                str(item["robot"]),
            )
            for item in data["files"]
        ),
        troubles=tuple(
            Trouble(Kind(k), str(path), str(text)) for k, path, text in data["troubles"]
        ),
        access=access_from_json(access) if access else None,
        aliases=aliases_from_json(aliases) if aliases else None,
        stock=Stock(
            str(data["stock"]["cf"]), tuple(str(name) for name in data["stock"]["features"])
        ),
    )


def sources_of_reading(found: FilesRead) -> Sources:
    """The texts as a report reads them."""
    sympa = {
        f"{file.robot}/{ROBOT_CONF}" if file.kind is Kind.ROBOT else SYMPA_CONF: file.text
        for file in found.files
        if file.kind in (Kind.ROBOT, Kind.SYMPA)
    }
    return Sources(
        mailertable=found.text_of(Kind.MAILERTABLE),
        mc=found.text_of(Kind.MC),
        class_w_files={file.path: file.text for file in found.files if file.kind is Kind.CLASS_W},
        sympa=sympa,
        mc_name=found.path_of(Kind.MC) or found.path_of(Kind.CF) or "sympa.mc",
        cf=found.text_of(Kind.CF),
        stock=found.stock,
        access=found.access,
        aliases=found.aliases,
    )


def reading_findings(found: FilesRead) -> tuple[Finding, ...]:
    """What was not read, what lost a secret, and which source of names nobody named."""
    return (*_troubles(found.troubles), *_blanked(found.files), *_unread_names(found))


def _troubles(troubles: Iterable[Trouble]) -> Iterator[Finding]:
    for item in troubles:
        severity = Severity.ERROR if item.kind is Kind.MAILERTABLE else Severity.WARNING
        advice = "Let the owner of the spool read it, or name its place in the agent's file."
        text = f"{item.path or item.kind.value} {item.text}."
        yield Finding("not_read", severity, item.kind.value, text, advice, "", 0)


def _blanked(files: Iterable[FileRead]) -> Iterator[Finding]:
    for file in files:
        # Of Sympa's parameters most are blanked, secret or not: nothing to say of those.
        if file.blanked and file.kind not in (Kind.SYMPA, Kind.ROBOT):
            lines = "1 line" if file.blanked == 1 else f"{file.blanked} lines"
            text = f"{lines} of {file.path} may hold a secret, which stayed on the host."
            advice = "Keep secrets in files of their own, and name the file."
            yield Finding("blanked", Severity.WARNING, file.kind.value, text, advice, "", 0)


def _unread_names(found: FilesRead) -> Iterator[Finding]:
    """Class w may be filled from a file that the agent's own file does not name."""
    read = {file.path for file in found.files if file.kind is Kind.CLASS_W}
    read |= {item.path for item in found.troubles if item.kind is Kind.CLASS_W}
    named = dict.fromkeys(cw_files(read_mc(found.text_of(Kind.MC))))
    for _, name, path in read_cf(found.text_of(Kind.CF)).class_files:
        if name == "w":
            named.setdefault(path)
    for path in named:
        if path not in read:
            text = f"Class w is filled from {path} too, which was not read."
            advice = "Name it in the agent's file, as existing_class_w."
            yield Finding("names_not_read", Severity.WARNING, path, text, advice, "", 0)
