"""A `sendmail.cf` as its statements, each with the line on which it begins.

A line that begins with a blank goes on with the one before; `#` begins a comment line. What a
letter means is said in "Configuring sendmail" of the Installation and Operation Guide.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

NAMED = re.compile(r"\{(?P<long>[^}]*)\}|(?P<short>.)")
FIELD = re.compile(r"\s*([A-Za-z/])\s*[A-Za-z]*\s*=\s*")
RULESET = re.compile(r"(?P<name>[A-Za-z_]\w*|\d+)\s*(?:=\s*(?P<number>\d+))?")
FILE_KINDS: Mapping[str, tuple[str, ...]] = {
    "hash": (".db",),
    "btree": (".db",),
    "cdb": (".cdb",),
    "dbm": (".pag",),
    "text": ("",),
    "implicit": (".db", ".cdb", ".pag", ""),
}
"""Kinds of maps that are files, with what sendmail adds to their names."""


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement: its letter and what follows it, continuation lines joined by a blank."""

    line: int
    letter: str
    text: str


@dataclass(frozen=True, slots=True)
class Map:
    """`Kname kind flags file`. Without `is_mandatory` (flag -o) a map that cannot be opened is
    passed over without a word."""

    line: int
    name: str
    kind: str
    flags: tuple[str, ...]
    file: str

    @property
    def is_mandatory(self) -> bool:
        """Whether mail waits while the map cannot be read."""
        return not any(flag.startswith("-o") for flag in self.flags)

    @property
    def files(self) -> tuple[str, ...]:
        """The paths of which one must be there; empty for a map that is no file."""
        endings = FILE_KINDS.get(self.kind, ())
        if not self.file.startswith("/"):
            return ()
        return tuple(self.file.removesuffix(ending) + ending for ending in endings)


@dataclass(frozen=True, slots=True)
class MailerLine:
    """`Mname, P=…, F=…, A=…`; `fields` maps the first letter of each field to its value."""

    line: int
    name: str
    fields: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Rule:
    """`Rleft<tab>right`, in the ruleset whose name is `ruleset`. Blanks are squeezed."""

    line: int
    ruleset: str
    left: str
    right: str

    @property
    def text(self) -> str:
        """The rule as one would write it again."""
        return f"R{self.left}\t{self.right}"


@dataclass(frozen=True, slots=True)
class Configuration:
    """All statements of a `.cf`, in order."""

    statements: tuple[Statement, ...]

    def of(self, letter: str) -> Iterator[Statement]:
        """Those of one letter."""
        return (item for item in self.statements if item.letter == letter)

    @property
    def maps(self) -> tuple[Map, ...]:
        """The K lines."""
        return tuple(found for item in self.of("K") if (found := _map(item)) is not None)

    @property
    def mailers(self) -> tuple[MailerLine, ...]:
        """The M lines."""
        return tuple(_mailer(item) for item in self.of("M"))

    @property
    def macros(self) -> tuple[tuple[int, str, str], ...]:
        """(line, name, value) of the D lines."""
        return tuple((item.line, *_named(item.text)) for item in self.of("D"))

    @property
    def words(self) -> tuple[tuple[int, str, tuple[str, ...]], ...]:
        """(line, class, words) of the C lines."""
        found = ((item.line, *_named(item.text)) for item in self.of("C"))
        return tuple((line, name, tuple(text.split())) for line, name, text in found)

    @property
    def class_files(self) -> tuple[tuple[int, str, str], ...]:
        """(line, class, path) of the F lines that name a file; a program or a map is none."""
        found = []
        for item in self.of("F"):
            name, text = _named(item.text)
            words = text.removeprefix("-o").split()
            if words and words[0].startswith("/"):
                found.append((item.line, name, words[0]))
        return tuple(found)

    @property
    def options(self) -> tuple[tuple[int, str, str], ...]:
        """(line, name, value) of the O lines; an option of one letter keeps its letter."""
        found = []
        for item in self.of("O"):
            if item.text.startswith(" "):
                name, _, value = item.text.strip().partition("=")
                found.append((item.line, name.strip(), value.strip()))
            else:
                found.append((item.line, item.text[:1], item.text[1:].strip()))
        return tuple(found)

    @property
    def rules(self) -> tuple[Rule, ...]:
        """The R lines with the ruleset under which they stand."""
        return tuple(self._rules())

    def _rules(self) -> Iterator[Rule]:
        ruleset = ""
        for item in self.statements:
            if item.letter == "S" and (match := RULESET.match(item.text)):
                ruleset = match["name"]
            elif item.letter == "R":
                left, _, rest = item.text.partition("\t")
                right = rest.lstrip("\t").partition("\t")[0]
                yield Rule(item.line, ruleset, _squeezed(left), _squeezed(right))


def read_cf(text: str) -> Configuration:
    """Read the statements of a `.cf`. What is not known is kept under its letter."""
    found: list[Statement] = []
    for number, line in enumerate(text.replace("\r\n", "\n").split("\n"), start=1):
        if line[:1] in (" ", "\t") and line.strip() and found:
            last = found[-1]
            found[-1] = Statement(last.line, last.letter, f"{last.text.rstrip()} {line.strip()}")
        elif line.strip() and not line.startswith("#"):
            found.append(Statement(number, line[0], line[1:]))
    return Configuration(tuple(found))


def _named(text: str) -> tuple[str, str]:
    """The name of a macro or class, of one letter or in braces, and what follows it."""
    match = NAMED.match(text)
    if match is None:
        return "", ""
    name = match["long"] if match["long"] is not None else match["short"]
    return name, text[match.end() :].strip()


def _map(item: Statement) -> Map | None:
    words = item.text.split()
    if len(words) < 2:
        return None
    name, kind, *rest = words
    flags = tuple(word for word in rest if word.startswith("-"))
    plain = [word for word in rest if not word.startswith("-")]
    return Map(item.line, name, kind.lower(), flags, plain[-1] if plain else "")


def _mailer(item: Statement) -> MailerLine:
    name, _, rest = item.text.partition(",")
    fields: dict[str, str] = {}
    for part in rest.split(","):
        match = FIELD.match(part)
        if match is not None:
            fields[match[1].upper()] = part[match.end() :].strip()
    return MailerLine(item.line, name.strip(), fields)


def _squeezed(text: str) -> str:
    return " ".join(text.split())
