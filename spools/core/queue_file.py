"""What a queue file of sendmail says: bytes in, values out, whatever the bytes are.

One letter begins each line (readqf and queueup of sendmail 8.12 to 8.18). A file of the spool may
be empty, cut off or spoiled, and may be written while it is read: nothing here raises.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from spools.core.kept import show
from spools.core.names import Standing, standing_of

KNOWN_VERSIONS = range(2, 9)
"""V2 is of sendmail 8.8, V6 of 8.12, V8 of 8.14 to 8.18."""

_NUMBER = re.compile(rb"[0-9]{1,15}", re.ASCII)
_XTEXT = re.compile(rb"\+([0-9A-F]{2})")


@dataclass(frozen=True, slots=True)
class Recipient:
    """One recipient that is still to be served: those delivered leave the file at a requeue.

    `flags` are letters: P primary, N its notifications were asked for, S on success, F on failure,
    D on delay. `original` is what the submitter wrote (``rfc822; a@example.org``), `controlling`
    the user whose rights the delivery has, `status` the last answer about this recipient alone.
    """

    address: str
    flags: str = ""
    original: str = ""
    controlling: str = ""
    status: str = ""


@dataclass(frozen=True, slots=True)
class Header:
    """A header as it is in the file: `value` is unfolded by nobody, `flags` are sendmail's."""

    flags: str
    name: bytes
    value: bytes


@dataclass(frozen=True, slots=True)
class QueuedMessage:
    """The values of one queue file; text is printable and bounded, "" where the file has none.

    `created` and `last_try` are seconds since the epoch (`last_try` 0: never tried), None where the
    file does not tell. `status` is the last answer about the whole message, `unknown` holds the
    lines whose letter we do not know. `problems` are sentences about damage, in the file's order;
    `complete` says that the final ``.`` is there.
    """

    queue_id: str
    standing: Standing
    version: int | None = None
    created: int | None = None
    last_try: int | None = None
    tries: int | None = None
    priority: int | None = None
    status: str = ""
    flags: str = ""
    body_type: str = ""
    sender: str | None = None
    authenticated: str = ""
    envelope_id: str = ""
    held_for: str = ""
    deliver_by: str = ""
    data_file: str = ""
    macros: Mapping[str, str] = field(default_factory=dict)
    recipients: tuple[Recipient, ...] = ()
    headers: tuple[Header, ...] = ()
    unknown: tuple[tuple[str, str], ...] = ()
    problems: tuple[str, ...] = ()
    complete: bool = False

    @property
    def head(self) -> bytes:
        """The headers as the message has them, with the empty line at their end."""
        lines = [b"%s:%s\n" % (header.name, header.value) for header in self.headers]
        return b"".join([*lines, b"\n"])


def read_queue_file(name: str, raw: bytes) -> QueuedMessage:
    """Read one queue file. `name` is its name in the directory; raises nothing.

    A `name` that is none of a queue file counts as one that waits.
    """
    reader = _Reader()
    for number, line in _unfolded(raw):
        reader.read(number, line)
    return reader.message(name, empty=not raw)


def _unfolded(raw: bytes) -> Iterator[tuple[int, bytes]]:
    """Each line with its number, a continuation (it begins with a blank) beside its first."""
    first, parts = 0, list[bytes]()
    lines = raw.split(b"\n")
    if not lines[-1]:
        lines.pop()
    for number, line in enumerate(lines, start=1):
        if parts and line[:1] in (b" ", b"\t"):
            parts.append(line)
            continue
        if parts:
            yield first, b"\n".join(parts)
        first, parts = number, [line]
    if parts:
        yield first, b"\n".join(parts)


class _Reader:
    """Collects the values of one file, line by line."""

    def __init__(self) -> None:
        self.values: dict[str, Any] = {}  # fields of QueuedMessage that the file gives
        self.macros: dict[str, str] = {}
        self.recipients: list[Recipient] = []
        self.headers: list[Header] = []
        self.unknown: list[tuple[str, str]] = []
        self.problems: list[str] = []
        self.complete = False
        self.own = ""
        self.original = ""
        self.controlling = ""

    def read(self, number: int, line: bytes) -> None:
        letter, rest = chr(line[0]) if line else "", line[1:]
        if self.complete:
            self._problem(number, f"something stands after the end: {show(line)!r}.")
        elif letter in _NUMBERS:
            self._number(number, _NUMBERS[letter], rest)
        elif letter in _TEXTS:
            self.values[_TEXTS[letter]] = show(rest)
        elif letter in _XTEXTS:
            self.values[_XTEXTS[letter]] = show(xtext(rest))
        elif letter in _LINES:
            _LINES[letter](self, rest)
        elif not line:
            self._problem(number, "it is empty.")
        else:
            self.unknown.append((show(line[:1]), show(rest)))

    def message(self, name: str, *, empty: bool) -> QueuedMessage:
        self._whole(empty=empty)
        return QueuedMessage(
            queue_id=show(name[2:].encode("utf-8", "surrogateescape")),
            standing=standing_of(name) or Standing.WAITING,
            **self.values,
            macros=self.macros,
            recipients=tuple(self.recipients),
            headers=tuple(self.headers),
            unknown=tuple(self.unknown),
            problems=tuple(self.problems),
            complete=self.complete,
        )

    def _whole(self, *, empty: bool) -> None:
        if empty:
            self.problems.append("The file is empty.")
            return
        if not self.complete:
            self.problems.append("The file is cut off: its last line, a full stop, is missing.")
        version = self.values.get("version")
        if version is not None and version not in KNOWN_VERSIONS:
            self.problems.append(f"Its version {version} is not known.")
        if missing := [words for name, words in _NEEDED.items() if name not in self.values]:
            self.problems.append(f"The file lacks {', '.join(missing)}.")

    def _problem(self, number: int, text: str) -> None:
        self.problems.append(f"Line {number}: {text}")

    def _number(self, number: int, name: str, rest: bytes) -> None:
        if _NUMBER.fullmatch(rest):
            self.values[name] = int(rest)
        else:
            self._problem(number, f"{show(rest)!r} is no number ({name.replace('_', ' ')}).")

    def _status(self, rest: bytes) -> None:
        """Before the sender it is about the message; after it, about the recipient that follows."""
        if "sender" in self.values:
            self.own = show(rest)
        else:
            self.values["status"] = show(rest)

    def _macro(self, rest: bytes) -> None:
        name, value = _macro_parts(rest)
        self.macros[show(name)] = show(value)

    def _original(self, rest: bytes) -> None:
        self.original = show(rest)

    def _controlling(self, rest: bytes) -> None:
        """It stays for all recipients until another line, or an empty one."""
        self.controlling = show(rest)

    def _recipient(self, rest: bytes) -> None:
        """Flags stand before a colon; a quoted local part or a source route may hold one too."""
        before, colon, after = rest.partition(b":")
        flagged = bool(colon) and (before == b"" or before.isalpha())
        self.recipients.append(
            Recipient(
                address=show(after if flagged else rest),
                flags=show(before) if flagged else "",
                original=self.original,
                controlling=self.controlling,
                status=self.own,
            )
        )
        self.own = self.original = ""

    def _header(self, rest: bytes) -> None:
        flags = b""
        if rest[:1] == b"?":
            flags, _, rest = rest[1:].partition(b"?")
        name, _, value = rest.partition(b":")
        self.headers.append(Header(show(flags), name, value))

    def _end(self, rest: bytes) -> None:
        self.complete = True


_NUMBERS: Mapping[str, str] = {
    "V": "version",
    "T": "created",
    "K": "last_try",
    "N": "tries",
    "P": "priority",
}
_NEEDED: Mapping[str, str] = {
    "version": "its version",
    "created": "its time of creation",
    "sender": "its sender",
}
_TEXTS: Mapping[str, str] = {
    "B": "body_type",
    "F": "flags",
    "S": "sender",
    "q": "held_for",
    "!": "deliver_by",
    "I": "data_file",
}
_XTEXTS: Mapping[str, str] = {"A": "authenticated", "Z": "envelope_id"}
_LINES: Mapping[str, Callable[[_Reader, bytes], None]] = {
    "M": _Reader._status,  # a table of its own methods
    "$": _Reader._macro,
    "Q": _Reader._original,
    "r": _Reader._original,
    "C": _Reader._controlling,
    "R": _Reader._recipient,
    "H": _Reader._header,
    ".": _Reader._end,
}


def _macro_parts(rest: bytes) -> tuple[bytes, bytes]:
    """``_value`` of a macro with a name of one letter, ``{name}value`` of one with a long name."""
    if rest[:1] == b"{" and b"}" in rest:
        name, _, value = rest[1:].partition(b"}")
        return name, value
    return rest[:1], rest[1:]


def xtext(raw: bytes) -> bytes:
    """Undo the encoding of RFC 3461, section 4: ``+2B`` is a plus sign."""
    return _XTEXT.sub(lambda found: bytes([int(found[1], 16)]), raw)
