"""Drift: what differs between a release on the disk and what staging built, file by file."""

from __future__ import annotations

import difflib
import os
import pwd
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from mailadmin.wire.core.canonical import digest_of
from routing.agent.faults import Fault
from routing.agent.ground import DIRECTORY, FILE, ITSELF, LINK, OTHER, Look, Seen, look
from routing.agent.host import HostConfig
from routing.agent.releases import (
    MANIFEST,
    TABLES,
    Manifest,
    as_built,
    built_text,
    dump,
    release_path,
    remembered,
)
from routing.core.drift import Code

FILE_MODE, DIRECTORY_MODE = 0o644, 0o755
MOST_TEXT = 1 << 20
SHOWN_LINES = 3
SHOWN_LINE = 120
KINDS = {DIRECTORY: "a directory", FILE: "a plain file", LINK: "a link", OTHER: "no plain file"}

Item = dict[str, str]
"""{"file": its name in the release, "code": routing.core.drift.Code, "text": what differs}, and
"mode" (octal) where that differs."""


def drift(host: HostConfig, digest: str) -> list[Item]:
    """Everything that differs; empty when the release is what was staged."""
    itself, found = f"release {digest[:8]}", look(release_path(host, digest))
    if not found:
        return [_item(itself, Code.GONE, "is gone")]
    if found[ITSELF].kind != DIRECTORY:
        return [_item(itself, Code.GONE, f"is no directory but {_kind(found[ITSELF])}")]
    expected = remembered(host, digest)
    if expected is None:
        return [
            _item(itself, Code.FORGOTTEN, "is not remembered: nobody can say how it was staged")
        ]
    items = [*_standing(itself, found[ITSELF], DIRECTORY_MODE)]
    if found[ITSELF].problem:
        text = f"cannot be looked into: {found[ITSELF].problem}"
        return [*items, _item(itself, Code.UNREADABLE, text)]
    return [*items, *_files(_Release(host, digest, expected, as_built(host, digest)), found)]


def named(items: list[Item]) -> str:
    """All of it in one line, for a person."""
    return "; ".join(f"{item['file']} {item['text']}" for item in items)


@dataclass(frozen=True, slots=True)
class _Release:
    """A release with what staging wrote down of it: the manifest, and the bytes of each file."""

    host: HostConfig
    digest: str
    expected: Manifest
    built: Mapping[str, str]

    @property
    def path(self) -> Path:
        return release_path(self.host, self.digest)

    def text(self, name: str) -> str | None:
        return built_text(self.host, self.digest, name)


def _files(release: _Release, found: Look) -> Iterator[Item]:
    names = {*release.expected["files"], *(f"{table}.db" for table in TABLES), MANIFEST}
    for name in sorted(names | (found.keys() - {ITSELF})):
        seen = found.get(name)
        if seen is None:
            yield _item(name, Code.REMOVED, "was removed")
        elif name not in names:
            yield _item(name, Code.ADDED, f"was added: {_kind(seen)}")
        elif seen.kind != FILE:
            yield _item(name, Code.KIND, f"is {_kind(seen)}, not a plain file")
        else:
            yield from _file(release, name, seen)


def _file(release: _Release, name: str, seen: Seen) -> Iterator[Item]:
    yield from _standing(name, seen, FILE_MODE)
    if seen.problem:
        yield _item(name, Code.UNREADABLE, f"cannot be read: {seen.problem}")
        return
    built = release.built.get(name, "")
    if name.endswith(".db"):
        if seen.content != built:
            yield from _map(release, name.removesuffix(".db"))
    elif seen.content != (built or release.expected["files"].get(name, seen.content)):
        yield _item(name, Code.EDITED, f"was edited{_lines(release, name, seen)}")


def _standing(name: str, seen: Seen, mode: int) -> Iterator[Item]:
    """Mode and owner: sendmail reads no map that others may write or that it cannot open."""
    if seen.mode != mode:
        item = _item(name, Code.MODE, f"has mode {seen.mode:04o}, not {mode:04o}")
        yield item | {"mode": f"{seen.mode:04o}"}
    if seen.owner != os.geteuid():
        text = f"belongs to {_user(seen.owner)}, not to {_user(os.geteuid())}"
        yield _item(name, Code.OWNER, text)


def _map(release: _Release, table: str) -> Iterator[Item]:
    """A map with other bytes. makemap never writes the same ones twice, so the keys decide; where
    staging did not write its bytes down, only the keys are compared."""
    name = f"{table}.db"
    try:
        held = dump(release.host, release.path, table)
    except Fault as fault:
        yield _item(name, Code.KEYS, f"cannot be read by makemap: {fault.text}")
        return
    if digest_of(held) != release.expected["dumps"].get(table):
        lines = _differing(release.text(table), held)
        yield _item(name, Code.KEYS, f"holds other keys than were staged{lines}")
    elif release.built:
        yield _item(name, Code.BYTES, "was built anew: the same keys, other bytes")


def _differing(source: str | None, held: bytes) -> str:
    if source is None:
        return ""
    was = {" ".join(line.split()).lower() for line in source.splitlines() if line.strip()}
    now = {" ".join(line.split()).lower() for line in held.decode("utf-8", "replace").splitlines()}
    was = {line for line in was if not line.startswith("#")}
    return _shown([*(f"+ {line}" for line in sorted(now - was)), *_less(sorted(was - now))])


def _lines(release: _Release, name: str, seen: Seen) -> str:
    """The lines that came and went, as far as staging wrote the text down."""
    source = release.text(name)
    if source is None or seen.size > MOST_TEXT:
        return ""
    held = (release.path / name).read_text(encoding="utf-8", errors="replace")
    compared = difflib.unified_diff(source.splitlines(), held.splitlines(), n=0, lineterm="")
    lines = [line for line in compared if not line.startswith(("---", "+++", "@@"))]
    plain = [f"{line[0]} {' '.join(line[1:].split())}" for line in lines]
    return _shown(plain)


def _less(lines: list[str]) -> list[str]:
    return [f"- {line}" for line in lines]


def _shown(lines: list[str]) -> str:
    if not lines:
        return ""
    some = ", ".join(line[:SHOWN_LINE] for line in lines[:SHOWN_LINES])
    more = f" and {len(lines) - SHOWN_LINES} more" if len(lines) > SHOWN_LINES else ""
    return f": {some}{more}"


def _kind(seen: Seen) -> str:
    return f"a link to {seen.content}" if seen.kind == LINK else KINDS[seen.kind]


def _user(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"uid {uid}"


def _item(file: str, code: Code, text: str) -> Item:
    return {"file": file, "code": code.value, "text": text}
