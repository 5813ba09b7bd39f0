"""Which names an existing list server takes for its own: class w, from all of its sources."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from routing.core.adopt.mc import Statements, defines
from routing.core.names import normalise_name

CW_FILE = "/etc/mail/local-host-names"
"""Where FEATURE(use_cw_file) looks unless confCW_FILE says otherwise (cf/README)."""
CLASS_LINE = re.compile(r"C(?:w|\{w\})\s*(.*)")
FILE_LINE = re.compile(r"F(?:w|\{w\})\s*(?:-o\s+|-o)?(/\S+)")


@dataclass(frozen=True, slots=True)
class OwnName:
    """One name in class w; `source` says which file or statement put it there, with its line."""

    name: str
    source: str
    line: int


def cw_files(theirs: Statements) -> tuple[str, ...]:
    """The files that the configuration reads class w from, in order."""
    named = {name: value for _, name, value in defines(theirs)}
    files = []
    if any(
        call.name == "FEATURE" and call.arguments[:1] == ("use_cw_file",) for call in theirs.calls
    ):
        files.append(named.get("confCW_FILE") or CW_FILE)
    for block in theirs.blocks:
        files += [match[1] for line in block.lines if (match := FILE_LINE.match(line))]
    return tuple(dict.fromkeys(file.removeprefix("-o").strip() for file in files))


def own_names(theirs: Statements, files: Mapping[str, str], source: str) -> tuple[OwnName, ...]:
    """Every name in class w. `files` maps the paths of `cw_files` to their text; a file that is
    not there names nothing. `source` is what the configuration itself is called."""
    found: dict[str, OwnName] = {}
    for own in (*_of_statements(theirs, source), *_of_files(theirs, files)):
        found.setdefault(own.name, own)
    return tuple(found.values())


def _of_statements(theirs: Statements, source: str) -> Iterator[OwnName]:
    for call in theirs.calls:
        if call.name == "LOCAL_DOMAIN":
            yield from _names(" ".join(call.arguments).split(), source, call.line)
    for block in theirs.blocks:
        for line in block.lines:
            if match := CLASS_LINE.match(line):
                yield from _names(match[1].split(), source, block.line)


def _of_files(theirs: Statements, files: Mapping[str, str]) -> Iterator[OwnName]:
    for path in cw_files(theirs):
        for number, line in enumerate(files.get(path, "").splitlines(), start=1):
            yield from _names(line.partition("#")[0].split(), path, number)


def names_in(text: str) -> Iterator[str]:
    """The names in a file of class w, one or several to a line, # to its end a comment."""
    for number, line in enumerate(text.splitlines(), start=1):
        for own in _names(line.partition("#")[0].split(), "", number):
            yield own.name


def _names(words: Iterable[str], source: str, line: int) -> Iterator[OwnName]:
    for word in words:
        name = normalise_name(word).rstrip(".").lower()
        if name:
            yield OwnName(name, source, line)
