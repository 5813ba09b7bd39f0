"""Whether a kept message may be submitted again: what the spool may have of it already.

sendmail's exit codes 70, 71, 73 to 77 and a signal may mean "queued, and something went wrong", so
a message may be kept and in the spool; submitted again, it arrives twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from spools.core.kept import Envelope, KeptMessage, parse_message_id
from spools.core.queue_file import read_queue_file

NOT_ACCEPTED = frozenset({"exit 72", "exit 78"})
"""After these sendmail has nothing of the message in its spool."""


@dataclass(frozen=True, slots=True)
class QueueFile:
    """A queue file of sendmail as far as the comparison needs it.

    `name` is the file's (``qf…``, held ``hf…``, lost ``Qf…``); `body_bytes` is the size of its data
    file, None when that is missing.
    """

    name: str
    message_id: str
    recipients: tuple[str, ...]
    body_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """`forbidden`: why it cannot be submitted again at all. `doubts`: what a person must know, and
    say yes to. Both are sentences. `in_spool`: the spool has it whole for every recipient, so the
    kept copy is of no use any more."""

    forbidden: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()
    in_spool: bool = False


def parse_queue_file(name: str, raw: bytes, body_bytes: int | None = None) -> QueueFile:
    """Message-ID and recipients of a queue file, also of a cut off one."""
    message = read_queue_file(name, raw)
    recipients = tuple(recipient.address for recipient in message.recipients)
    return QueueFile(name, parse_message_id(message.head), recipients, body_bytes)


def judge(
    message: KeptMessage,
    envelope: Envelope,
    spool: Iterable[QueueFile],
    *,
    body_bytes: int,
    begun: str = "",
) -> Verdict:
    """Compare a kept message with the queue files of the spool.

    `body_bytes` is the size of its body, `begun` when somebody last began to submit it again ("":
    never).
    """
    forbidden = []
    if message.running:
        forbidden.append("Somebody is submitting it now.")
    if message.problem:
        forbidden.append(f"It is damaged: {message.problem}.")
    found = same(message, envelope, spool)
    doubts = [_of_queue_file(file, envelope, body_bytes) for file in found]
    if begun:
        doubts.append(f"Somebody began to submit it again at {begun}, and it is not known how far.")
    if not message.message_id:
        doubts.append("It has no Message-ID, so the spool cannot be searched for it.")
    elif not doubts and message.ended not in NOT_ACCEPTED:
        doubts.append(_of_ending(message))
    return Verdict(tuple(forbidden), tuple(doubts), _has_all(found, envelope, body_bytes))


def same(
    message: KeptMessage, envelope: Envelope, spool: Iterable[QueueFile]
) -> Sequence[QueueFile]:
    """The queue files of this message. Sympa sends one message, with one Message-ID, to other
    recipients in other submissions: those are not of this one."""
    if not message.message_id:
        return ()
    wanted = {_plain(name) for name in envelope.recipients}
    return [
        file
        for file in spool
        if file.message_id == message.message_id
        and (envelope.recipients_in_header or wanted & {_plain(name) for name in file.recipients})
    ]


def _has_all(found: Iterable[QueueFile], envelope: Envelope, body_bytes: int) -> bool:
    """Whether a queue run will deliver it to each of its recipients."""
    whole = [file for file in found if _is_whole(file, body_bytes)]
    reached = {_plain(name) for file in whole for name in file.recipients}
    wanted = {_plain(name) for name in envelope.recipients}
    return not envelope.recipients_in_header and bool(wanted) and wanted <= reached


def _is_whole(file: QueueFile, body_bytes: int) -> bool:
    return (
        not file.name.startswith("Qf")
        and file.body_bytes is not None
        and file.body_bytes >= body_bytes
    )


def _plain(recipient: str) -> str:
    return recipient.strip().strip("<>").lower()


def _of_queue_file(file: QueueFile, envelope: Envelope, body_bytes: int) -> str:
    wanted = {_plain(name) for name in envelope.recipients}
    reached = wanted & set(map(_plain, file.recipients))
    has = f"The spool has it as {file.name}, for {len(reached)} of its {len(wanted)} recipients"
    return f"{has}; {_of_body(file, body_bytes, for_all=reached == wanted)}"


def _of_body(file: QueueFile, body_bytes: int, *, for_all: bool) -> str:
    if file.name.startswith("Qf"):
        return "sendmail has given that file up."
    if file.body_bytes is None:
        return "without its data file: sendmail would send that without a body. Remove it first."
    if file.body_bytes < body_bytes:
        size = f"{file.body_bytes} of {body_bytes} bytes"
        return f"but cut off, {size} of the body: sendmail would send that. Remove it first."
    if for_all:
        return "a queue run delivers that. Remove the kept message instead."
    return "a queue run delivers that. Look for the others in the mail log."


def _of_ending(message: KeptMessage) -> str:
    how = f"sendmail ended with {message.ended}" if message.ended else "the wrapper was killed"
    return (
        f"The spool does not have it now, but {how}: it may have been queued, and delivered since."
        f" Look for {message.message_id} in the mail log."
    )
