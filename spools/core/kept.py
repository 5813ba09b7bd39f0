"""Messages that the wrapper kept because sendmail did not settle them.

One is a directory of the kept area; deploy/wrapper/copy.c writes it and docs/wrapper.md describes
it. Everything in it came from outside: it is read as bytes, bounded, and never trusted.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from email.errors import MessageError
from email.parser import BytesHeaderParser
from typing import Any

# sendmail 8.17's own, in the order of its getopt; a colon means "takes a value".
SENDMAIL_OPTIONS = "A:B:b:C:cD:d:e:F:f:Gh:IiL:M:mN:nO:o:p:Q:q:R:r:sTtUV:vX:"
# "-q" and its like take no value that starts with a hyphen; "-d" takes none from the next word.
STAND_ALONE = "CqQd"
RECIPIENTS_SHOWN = 200
TEXT_SHOWN = 320

ID_PATTERN = re.compile(r"(?P<at>[0-9]{10}\.[0-9]{6})-[0-9]{1,10}", re.ASCII)
ENDED_PATTERN = re.compile(r"(exit|signal) [0-9]{1,3}", re.ASCII)
RELEASE_PATTERN = re.compile(r"[A-Za-z0-9._-]{1,255}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Envelope:
    """Sender (None when the arguments name none, "" is the null sender) and recipients."""

    sender: str | None
    recipients: tuple[str, ...]
    recipients_in_header: bool


@dataclass(frozen=True, slots=True)
class Outcome:
    """How sendmail ended (``exit 75``, ``signal 9``) and with which release; "" is unknown."""

    ended: str = ""
    release: str = ""


@dataclass(frozen=True, slots=True)
class KeptMessage:
    """One message in the kept area. Text is printable and bounded.

    `at` is seconds since the epoch (0 for what has no id of ours), `recipients` holds at most
    RECIPIENTS_SHOWN of `recipients_total`. `running`: somebody works on it now, it is not to be
    touched. `ended` is "" while it runs, and when the wrapper itself was killed. `problem` says
    what is damaged.
    """

    id: str
    at: float
    size_bytes: int = 0
    ended: str = ""
    release: str = ""
    sender: str | None = None
    recipients: tuple[str, ...] = ()
    recipients_total: int = 0
    recipients_in_header: bool = False
    message_id: str = ""
    running: bool = False
    problem: str = ""

    def to_json(self) -> dict[str, Any]:
        """The fields by name, as JSON has them."""
        return {**asdict(self), "recipients": list(self.recipients)}


def time_of(identity: str) -> float | None:
    """When the wrapper began this message, from its id; None when it is no id of the wrapper."""
    found = ID_PATTERN.fullmatch(identity)
    return float(found["at"]) if found else None


def show(raw: bytes, limit: int = TEXT_SHOWN) -> str:
    """Bytes of anybody as one line of text: what cannot be printed is written as an escape."""
    text = raw[: limit + 1].decode("utf-8", "backslashreplace")
    shown = text
    if not text.isprintable():
        shown = "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)
    return shown if len(shown) <= limit else f"{shown[: limit - 1]}…"


def parse_arguments(raw: bytes) -> tuple[bytes, ...]:
    """The words of an ``arguments`` file, each ended by a NUL. Raises ValueError when cut off."""
    if raw and not raw.endswith(b"\0"):
        raise ValueError("the arguments are cut off")
    return tuple(raw.split(b"\0")[:-1])


def parse_outcome(raw: bytes) -> Outcome:
    """An ``outcome`` file; lines that are not understood count as missing."""
    lines = raw.decode("ascii", "replace").splitlines()
    ended = next((line for line in lines if ENDED_PATTERN.fullmatch(line)), "")
    names = (line.removeprefix("release ") for line in lines if line.startswith("release "))
    release = next((name for name in names if RELEASE_PATTERN.fullmatch(name)), "")
    return Outcome(ended, release)


def parse_message_id(head: bytes) -> str:
    """The Message-ID of a message that begins with `head`, "" without one."""
    try:
        value = BytesHeaderParser().parsebytes(head).get("Message-ID")
    except (MessageError, ValueError):
        return ""
    return show(str(value or "").strip().encode("utf-8", "surrogateescape"))


def read_envelope(arguments: Sequence[bytes]) -> Envelope:
    """Sender and recipients as sendmail reads them from its arguments."""
    options = list(read_options(arguments))
    senders = [value for letter, value, _ in options if letter in ("f", "r")]
    operands = arguments[options[-1][2] if options else 0 :]
    if operands and operands[0].startswith(b"--"):
        operands = operands[1:]
    return Envelope(
        sender=show(senders[-1]) if senders else None,
        recipients=tuple(show(word) for word in operands),
        recipients_in_header=any(letter == "t" for letter, _, _ in options),
    )


def read_options(words: Sequence[bytes]) -> Iterator[tuple[str, bytes, int]]:
    """Each option as letter, value ("" without one) and where the next word begins."""
    at = 0
    while at < len(words) and is_option(words[at]):
        following = words[at + 1] if at + 1 < len(words) else None
        letters, value, took_next = read_word(words[at], following)
        at += 2 if took_next else 1
        for letter in letters[:-1]:
            yield letter, b"", at
        yield letters[-1], value, at


def read_word(word: bytes, following: bytes | None) -> tuple[str, bytes, bool]:
    """One word of options: its letters, the value of the last, and whether that is `following`."""
    letters = word[1:].decode("latin-1")
    for index, letter in enumerate(letters):
        if takes_value(letter):
            value = word[index + 2 :]
            if value or following is None or stands_alone(letters, following):
                return letters[: index + 1], value, False
            return letters[: index + 1], following, True
    return letters, b"", False


def is_option(word: bytes) -> bool:
    return len(word) > 1 and word[:1] == b"-" and word[1:2] != b"-"


def takes_value(letter: str) -> bool:
    return letter != ":" and f"{letter}:" in SENDMAIL_OPTIONS


def stands_alone(letters: str, following: bytes) -> bool:
    if len(letters) != 1 or letters not in STAND_ALONE:
        return False
    return letters == "d" or following.startswith(b"-")
