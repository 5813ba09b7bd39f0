"""One SMTP session as a client has it, for the agents. What a server says is read to one deadline
and no further, whatever it does: it may hang, drip, talk nonsense or never end.
"""

from __future__ import annotations

import re
import socket
import time
from dataclasses import dataclass, field
from enum import StrEnum

MOST_REPLY = 16 * 1024
"""Bytes of one reply, all its lines together."""
MOST_TEXT = 500
"""Characters of a reply that are shown."""
REPLY = re.compile(rb"(?P<code>[2-5][0-9]{2})(?P<more>[ -]?)(?P<text>.*)")
CLOSING = 421
"""The server ends the session with this reply."""


class End(StrEnum):
    """How a session ended before its time."""

    SILENT = "silent"
    CLOSED = "closed"
    NONSENSE = "nonsense"


class Broken(Exception):
    """The server says nothing more that can be used; `text` is what a person is told of it."""

    def __init__(self, end: End, text: str) -> None:
        super().__init__(text)
        self.end = end
        self.text = text


@dataclass(frozen=True, slots=True)
class Deadline:
    """`seconds` from when it was made, for all that is done under it."""

    seconds: float
    at: float = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "at", time.monotonic() + self.seconds)

    def left(self) -> float:
        """Seconds, never none: a timeout of 0 would mean not to wait at all."""
        return max(0.01, self.at - time.monotonic())

    @property
    def over(self) -> bool:
        """Whether it has passed."""
        return time.monotonic() >= self.at


@dataclass(frozen=True, slots=True)
class Reply:
    """What a server answered: printable lines, without the code before each."""

    code: int
    lines: tuple[str, ...]

    @property
    def text(self) -> str:
        """All of it in one line, at most MOST_TEXT characters."""
        return " ".join(self.lines).strip()[:MOST_TEXT]

    @property
    def accepts(self) -> bool:
        """Whether it means yes."""
        return self.code // 100 == 2


class Session:
    """A connection to the server called `name` in texts; the caller closes the socket."""

    def __init__(self, connection: socket.socket, *, name: str, deadline: Deadline) -> None:
        self.connection = connection
        self.name = name
        self.deadline = deadline
        self._rest = b""

    def say(self, line: str) -> Reply:
        """Send one line and read the reply to it. Raises Broken."""
        try:
            self.connection.settimeout(self.deadline.left())
            self.connection.sendall(f"{line}\r\n".encode("ascii"))
        except OSError as error:
            raise self._gone(error) from None
        return self.reply()

    def reply(self) -> Reply:
        """Read one reply: the greeting of the server, before anything was said. Raises Broken."""
        texts, size = [], 0
        while True:
            line = self._line()
            size += len(line)
            match = REPLY.fullmatch(line)
            if match is None or size > MOST_REPLY:
                shown = printable(line) or "nothing"
                text = f"{self.name} does not speak SMTP: it said {shown[:80]!r}."
                raise Broken(End.NONSENSE, text)
            texts.append(printable(match["text"]))
            if match["more"] != b"-":
                return Reply(int(match["code"]), tuple(texts))

    def _line(self) -> bytes:
        while b"\n" not in self._rest:
            if len(self._rest) > MOST_REPLY:
                break
            # Bytes that come one by one never run into the timeout of a single read.
            if self.deadline.over:
                raise self._late()
            try:
                self.connection.settimeout(self.deadline.left())
                more = self.connection.recv(4096)
            except OSError as error:
                raise self._gone(error) from None
            if not more:
                text = f"{self.name} closed the connection without a word."
                raise Broken(End.CLOSED, text)
            self._rest += more
        line, _, self._rest = self._rest.partition(b"\n")
        return line.rstrip(b"\r")

    def _gone(self, error: OSError) -> Broken:
        if isinstance(error, TimeoutError):
            return self._late()
        return Broken(End.CLOSED, f"The connection to {self.name} broke: {error.strerror}.")

    def _late(self) -> Broken:
        text = f"{self.name} took longer than {self.deadline.seconds:.0f} s."
        return Broken(End.SILENT, text)


def printable(text: bytes) -> str:
    """What came over the wire, as printable text."""
    shown = text.decode("ascii", "backslashreplace")
    return "".join(sign if sign.isprintable() else "?" for sign in shown).strip()
