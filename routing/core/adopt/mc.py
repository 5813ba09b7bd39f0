"""An existing `.mc` as a list of its statements. It is read, never run: m4 could run commands.

Quotes nest as in m4, `dnl` ends a line, `#` begins a comment, and what is between `divert(-1)` and
the next `divert` is no text. A block such as LOCAL_RULE_0 holds the lines that stand under it, to
the next block or call.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

CALL = re.compile(r"[ \t]*([A-Za-z_]\w*)\(")
WORD = re.compile(r"[ \t]*([A-Za-z_]\w*)[ \t]*(?:dnl\b.*)?$")
DNL = re.compile(r"[ \t]*dnl\b")
BLOCKS = frozenset(
    {
        "LOCAL_CONFIG",
        "LOCAL_NET_CONFIG",
        "LOCAL_RULE_0",
        "LOCAL_RULE_1",
        "LOCAL_RULE_2",
        "LOCAL_RULE_3",
        "LOCAL_RULESETS",
        "LOCAL_USER",
        "MAILER_DEFINITIONS",
    }
)
ALIASES = {"LOCAL_RULESET": "LOCAL_RULESETS"}


@dataclass(frozen=True, slots=True)
class Call:
    """`name(arguments)`, with one layer of quotes taken off each argument. `line` is 1-based."""

    line: int
    name: str
    arguments: tuple[str, ...]

    @property
    def text(self) -> str:
        """The statement as one would write it again."""
        inside = ", ".join(f"`{argument}'" for argument in self.arguments)
        return f"{self.name}({inside})dnl"


@dataclass(slots=True)
class Block:
    """A block and its lines, without the empty ones and the comments."""

    line: int
    name: str
    lines: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Statements:
    """Everything in a `.mc`, in order. `strange` are (line, text) of what is none of it."""

    calls: tuple[Call, ...]
    blocks: tuple[Block, ...]
    strange: tuple[tuple[int, str], ...]


def read_mc(text: str) -> Statements:
    """Read the statements of a `.mc`. What cannot be read is in `strange`; nothing is raised."""
    return _Reader(text).read()


class _Reader:
    def __init__(self, text: str) -> None:
        self.text = text.replace("\r\n", "\n")
        self.at, self.line = 0, 1
        self.diverted = False
        self.calls: list[Call] = []
        self.blocks: list[Block] = []
        self.strange: list[tuple[int, str]] = []
        self.open: Block | None = None

    def read(self) -> Statements:
        while self.at < len(self.text):
            self._one()
        return Statements(tuple(self.calls), tuple(self.blocks), tuple(self.strange))

    def _one(self) -> None:
        rest = self._rest_of_line()
        if DNL.match(rest) or not rest.strip():
            self._next_line()
        elif (call := CALL.match(self.text, self.at)) and not rest.lstrip().startswith("#"):
            self._call(call)
        elif (word := WORD.match(rest)) and word[1] in BLOCKS | ALIASES.keys():
            self.open = Block(self.line, ALIASES.get(word[1], word[1]))
            self.blocks.append(self.open)
            self._next_line()
        else:
            self._plain(rest)
            self._next_line()

    def _call(self, match: re.Match[str]) -> None:
        line, name = self.line, match[1]
        arguments = self._arguments(match.end())
        if arguments is None:
            self.strange.append((line, self._rest_of_line().strip()))
            self._next_line()
            return
        if name == "divert":
            self.diverted = arguments[:1] == ("-1",)
        elif not self.diverted:
            self.open = None
            self.calls.append(Call(line, name, arguments))

    def _plain(self, rest: str) -> None:
        said = rest.strip()
        if self.diverted or said.startswith("#"):
            return
        if self.open is not None:
            self.open.lines.append(rest.rstrip())
        else:
            self.strange.append((self.line, said))

    def _arguments(self, start: int) -> tuple[str, ...] | None:
        """The arguments of the call whose bracket ends before `start`; None when it never ends."""
        parts, begun, quotes, brackets = [], start, 0, 1
        for at in range(start, len(self.text)):
            sign = self.text[at]
            if sign == "`":
                quotes += 1
            elif sign == "'" and quotes:
                quotes -= 1
            elif quotes:
                continue
            elif sign == "(":
                brackets += 1
            elif sign in ",)" and brackets == 1:
                parts.append(_unquoted(self.text[begun:at]))
                begun = at + 1
                if sign == ")":
                    self._move_to(begun)
                    return tuple(parts)
            elif sign == ")":
                brackets -= 1
        return None

    def _rest_of_line(self) -> str:
        end = self.text.find("\n", self.at)
        return self.text[self.at : end if end >= 0 else len(self.text)]

    def _next_line(self) -> None:
        self._move_to(self.at + len(self._rest_of_line()) + 1)

    def _move_to(self, at: int) -> None:
        self.line += self.text.count("\n", self.at, at)
        self.at = at


def _unquoted(argument: str) -> str:
    """One layer of quotes less; blanks before an argument are none of it, as in m4."""
    argument = argument.lstrip()
    if argument.startswith("`") and argument.endswith("'") and _is_one_quote(argument):
        return argument[1:-1]
    return argument.rstrip()


def _is_one_quote(text: str) -> bool:
    depth = 0
    for at, sign in enumerate(text):
        depth += (sign == "`") - (sign == "'")
        if depth == 0:
            return at == len(text) - 1
    return False


def defines(statements: Statements) -> Iterator[tuple[Call, str, str]]:
    """(call, name, value) of each `define` and `undefine`; the value of the latter is ""."""
    for call in statements.calls:
        if call.name == "define" and call.arguments:
            yield call, call.arguments[0], call.arguments[1] if len(call.arguments) > 1 else ""
        elif call.name == "undefine":
            for name in call.arguments:
                yield call, name, ""
