"""What became of each recipient in a flush: from what `sendmail -v` printed, and from the spool.

The transcript holds the whole SMTP dialogue. Whatever stands between a command and the final line
of its answer was written by the receiver, who may write anything; the rest is sendmail's. Only the
dialogue is believed, sendmail's own sentences where there was none, and of both only what the spool
afterwards does not contradict: a recipient that is still in the queue file was not served.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum

LONGEST_ANSWER = 400


class Fate(StrEnum):
    """What became of a recipient. UNTOUCHED was not tried, UNKNOWN left the spool and nothing that
    this run printed says how."""

    SENT = "sent"
    DEFERRED = "deferred"
    BOUNCED = "bounced"
    UNTOUCHED = "untouched"
    UNKNOWN = "unknown"


class Step(StrEnum):
    """Where in a dialogue an answer came. NONE: there was no dialogue."""

    GREETING = "greeting"
    HELO = "helo"
    MAIL = "mail"
    RCPT = "rcpt"
    DATA = "data"
    END = "end"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Word:
    """The last that was heard about one recipient, or ("") about all of one message.

    `code` is the receiver's, 0 where it said nothing; `host` who was talked to, "" for nobody.
    """

    fate: Fate
    step: Step = Step.NONE
    code: int = 0
    text: str = ""
    host: str = ""


@dataclass(frozen=True, slots=True)
class Tried:
    """What a transcript says of one message: a word by recipient, in small letters."""

    queue_id: str
    words: dict[str, Word]


@dataclass(frozen=True, slots=True)
class Receipt:
    """One recipient of one message. `again`: it was sent, and the spool has it still, so that it
    may come a second time."""

    queue_id: str
    recipient: str
    fate: Fate
    step: Step = Step.NONE
    code: int = 0
    text: str = ""
    host: str = ""
    again: bool = False


_RUNNING = re.compile(r"Running \S*?([A-Za-z0-9]{10,40}) \(sequence \d+ of \d+\)")
_TALKS = re.compile(
    r"(?P<to>.+)\.\.\. (?P<new>Connecting to|Using cached \S+ connection to) (?P<host>\S+?)\.?"
    r"(?: port \d+)? via \S+\.\.\."
)
_SAYS = re.compile(
    r"(?P<to>[^\s].*?)\.\.\. (?!Closing connection)"
    r"(?P<what>(?P<sent>Sent)\b.*|(?P<deferred>Deferred|Transient)\b.*|.+)"
)
_REPLY = re.compile(r"(?P<code>[0-9]{3})(?P<more>[ -]|$)(?P<text>.*)")
_ADDRESS = re.compile(r"(?:To|TO|to):\s*<(?P<address>[^>]*)>")
_SHORTENED = "...."
_COMMANDS = {
    "EHLO": Step.HELO,
    "HELO": Step.HELO,
    "LHLO": Step.HELO,
    "STARTTLS": Step.HELO,
    "MAIL": Step.MAIL,
    "RCPT": Step.RCPT,
    "DATA": Step.DATA,
    ".": Step.END,
}


@dataclass(slots=True)
class _Open:
    """A command that was sent and has no final answer yet."""

    step: Step | None
    recipient: str = ""


@dataclass(slots=True)
class _Message:
    """One message while its part of the transcript is read."""

    queue_id: str
    words: dict[str, Word] = field(default_factory=dict)
    host: str = ""
    named: list[str] = field(default_factory=list)
    accepted: list[str] = field(default_factory=list)
    open: list[_Open] = field(default_factory=list)
    unsure: list[tuple[str, Word]] = field(default_factory=list)
    of_notice: bool = False


def read_transcript(raw: bytes, queue_ids: Collection[str]) -> tuple[Tried, ...]:
    """Every message of these that a run says it took up, in its order; one that another sendmail
    had locked was not. Raises nothing.

    The names of what else the run was given are nobody's to guess, so no receiver can write the
    line that begins another message.
    """
    found: list[Tried] = []
    message: _Message | None = None
    for line in raw.decode("utf-8", "backslashreplace").splitlines():
        if (running := _RUNNING.fullmatch(line)) and running[1] in queue_ids:
            found += _end(message)
            message = _Message(running[1])
        elif message is not None and _is_locked(message, line):
            # What its queue file says next is what that other one heard.
            message = None
        elif message is not None:
            _read(message, line)
    return (*found, *_end(message))


def _is_locked(message: _Message, line: str) -> bool:
    """Before anybody was talked to nobody but sendmail writes a line."""
    return line == f"{message.queue_id}: locked" and not message.host


def _end(message: _Message | None) -> Iterator[Tried]:
    if message is not None:
        _settle_unsure(message)
        yield Tried(message.queue_id, message.words)


def _read(message: _Message, line: str) -> None:
    if talks := _TALKS.fullmatch(line):
        _settle_unsure(message)
        message.host = talks["host"]
        message.named = _names(talks["to"])
        message.accepted.clear()
        message.of_notice = False
        if talks["new"].startswith("Connecting"):
            message.open.append(_Open(Step.GREETING))
    elif line.startswith(">>> "):
        # After any other command than RCPT sendmail waits for the answer before it sends another.
        if not message.open or message.open[-1].step in (Step.RCPT, None):
            _command(message, line.removeprefix(">>> "))
    elif message.open and (reply := _REPLY.fullmatch(line)):
        if reply["more"] != "-" and int(reply["code"]) >= 100:
            # What looked like sendmail's own was the receiver's: its answer came after it.
            message.unsure.clear()
            _answer(message, message.open.pop(0), int(reply["code"]), line)
    elif said := _SAYS.fullmatch(line):
        word = _own_word(said, message.host)
        for name in _names(said["to"]):
            message.unsure.append((name, word))
        if not message.open:
            _settle_unsure(message)
    elif line.startswith("Service unavailable") and not message.open:
        message.words.setdefault("", Word(Fate.BOUNCED, text=line, host=message.host))


def _command(message: _Message, command: str) -> None:
    verb = command.split(" ", 1)[0].upper()
    if verb in ("RSET", "QUIT", "EHLO", "HELO", "MAIL"):
        _settle_unsure(message)
    step = _COMMANDS.get(verb)
    address = ""
    if step is Step.MAIL:
        message.accepted.clear()
        message.of_notice = "<>" in command
    elif step is Step.RCPT:
        found = _ADDRESS.search(command)
        address = found["address"].lower() if found else ""
    message.open.append(_Open(step, address))


def _settle_unsure(message: _Message) -> None:
    """No answer came: what looked like sendmail's sentences were. A dialogue says more."""
    for name, word in message.unsure:
        before = message.words.get(name)
        if before is None or before.fate is Fate.DEFERRED or word.fate is Fate.SENT:
            message.words[name] = _richer(before, word)
    message.unsure.clear()
    message.open.clear()


def _richer(before: Word | None, word: Word) -> Word:
    """The one that says what the receiver said."""
    if before is not None and before.code and before.fate is word.fate:
        return before
    return word


def _answer(message: _Message, opened: _Open, code: int, line: str) -> None:
    step, fate = opened.step, _fate(code)
    if step is None or message.of_notice:
        return
    word = Word(fate, step, code, line[:LONGEST_ANSWER], message.host)
    if step is Step.RCPT:
        if fate is Fate.SENT:
            message.accepted.append(opened.recipient)
        else:
            message.words[opened.recipient] = word
    elif step is Step.END or (fate is not Fate.SENT and step is Step.DATA):
        for name in message.accepted:
            message.words[name] = word
    elif fate is not Fate.SENT:
        for name in message.named:
            message.words[name] = word
        message.words.setdefault("", word)


def _fate(code: int) -> Fate:
    if code < 400:
        return Fate.SENT
    return Fate.DEFERRED if code < 500 else Fate.BOUNCED


def _names(text: str) -> list[str]:
    """The addresses before "...", without those that a long list was shortened by."""
    names = (name.strip().strip("<>").lower() for name in text.split(","))
    return [name for name in names if "@" in name and _SHORTENED not in name]


def _own_word(said: re.Match[str], host: str) -> Word:
    fate = Fate.SENT if said["sent"] else Fate.DEFERRED if said["deferred"] else Fate.BOUNCED
    return Word(fate, text=said["what"][:LONGEST_ANSWER], host=host)


def settle(
    queue_id: str,
    *,
    before: Iterable[str],
    after: Collection[str],
    tried: Tried | None,
    answers: dict[str, str] | None = None,
) -> tuple[Receipt, ...]:
    """A receipt for each recipient that the queue file had `before`.

    `after` are those that it has now, `answers` what it says of them (its own last answers, "" by
    the address ""); `tried` is None where the run did not take the message up.
    """
    left = {name.lower() for name in after}
    return tuple(
        _receipt(queue_id, name, name.lower() in left, tried, answers or {}) for name in before
    )


def _receipt(
    queue_id: str, name: str, is_left: bool, tried: Tried | None, answers: dict[str, str]
) -> Receipt:
    if tried is None:
        return Receipt(queue_id, name, Fate.UNTOUCHED if is_left else Fate.UNKNOWN)
    word = tried.words.get(name.lower()) or tried.words.get("")
    if not is_left:
        if word is None or word.fate is Fate.DEFERRED:
            return Receipt(queue_id, name, Fate.UNKNOWN, text=word.text if word else "")
        return _of(queue_id, name, word)
    if word is not None and word.fate is Fate.DEFERRED:
        return _of(queue_id, name, word)
    if word is not None and word.step is Step.END and word.fate is Fate.SENT:
        return _of(queue_id, name, word, again=True)
    own = (answers.get(name.lower()) or answers.get("", ""))[:LONGEST_ANSWER]
    return Receipt(queue_id, name, Fate.DEFERRED if own else Fate.UNTOUCHED, text=own)


def _of(queue_id: str, name: str, word: Word, *, again: bool = False) -> Receipt:
    return Receipt(
        queue_id, name, word.fate, word.step, word.code, word.text, word.host, again=again
    )


_POLICY = re.compile(r"5[0-9]{2}[ -]5\.7\.[0-9]{1,3}\b")


def closes(receipt: Receipt) -> bool:
    """Whether an answer closes its destination for a run.

    A policy refusal (5.7.x), a refusal of us before any recipient was named, and 421: whoever says
    one of them to a message says it to the next one too, and each costs a bounce.
    """
    if receipt.code == 421:
        return True
    if receipt.fate is not Fate.BOUNCED:
        return False
    early = receipt.step in (Step.GREETING, Step.HELO, Step.MAIL)
    return (early and receipt.code >= 500) or bool(_POLICY.match(receipt.text))


def is_unreachable(receipt: Receipt) -> bool:
    """Whether nobody answered there at all: no connection, no name, no greeting."""
    return receipt.fate is Fate.DEFERRED and receipt.code == 0
