"""`mailadmin-agent kept`: a person looks at kept messages, submits one again or removes it."""

from __future__ import annotations

import argparse
import os
import pwd
import sys
from collections.abc import Sequence
from datetime import UTC, datetime

from routing.agent.host import HostConfig
from spools.agent.kept import list_kept
from spools.agent.resubmit import (
    InWork,
    Kept,
    NoSuchMessage,
    Resubmitted,
    discard,
    look_at,
    submit_again,
)
from spools.core.kept import KeptMessage, show

EXIT_REFUSED = 1
"""What a shell has for "no"."""
NAMES_SHOWN = 3


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What `kept` takes."""
    acts = parser.add_subparsers(dest="act", required=True, metavar="ACT")
    acts.add_parser("list", help="all kept messages, oldest first")
    showing = acts.add_parser("show", help="one message, and what the spool has of it")
    again = acts.add_parser("resubmit", help="compare one with the spool and submit it again")
    again.add_argument("--force", action="store_true", help="also when it may arrive twice")
    removing = acts.add_parser("remove", help="remove one that the spool delivers by itself")
    removing.add_argument("--force", action="store_true", help="also when nothing else has it")
    for act in (showing, again, removing):
        act.add_argument("id", metavar="ID", help="as `kept list` shows it")


def run_kept(host: HostConfig, options: argparse.Namespace) -> int:
    """The exit code: 0 when done, the wrapper's after a submission."""
    try:
        owner = host.kept.stat().st_uid
        if os.geteuid() != owner:
            return _say(f"Run this as {_name_of(owner)}, the owner of {host.kept}.", os.EX_NOPERM)
        return _act(host, options)
    except NoSuchMessage as error:
        return _say(f"No message {error} is kept; `kept list` shows which are.", os.EX_NOINPUT)
    except InWork as error:
        return _say(f"Somebody is submitting {error} now.", EXIT_REFUSED)
    except OSError as error:
        return _say(f"{error.filename or host.kept} cannot be used: {error.strerror}.", os.EX_IOERR)


def _act(host: HostConfig, options: argparse.Namespace) -> int:
    if options.act == "list":
        return _list(list_kept(host.kept, limit=sys.maxsize))
    kept = look_at(host, options.id)
    if options.act == "show":
        return _show(kept)
    if options.act == "remove":
        return _remove(kept, force=options.force)
    return _resubmit(host, kept, force=options.force)


def _list(messages: Sequence[KeptMessage]) -> int:
    if not messages:
        return _say("No message is kept.", 0)
    for message in messages:
        sys.stdout.write(f"{message.id}  {_state(message)}  {message.size_bytes} bytes\n")
        sys.stdout.write(
            f"    {_sender(message)} to {_recipients(message)}  {message.message_id}\n"
        )
    return 0


def _show(kept: Kept) -> int:
    message = kept.message
    lines = {
        "message": str(kept.place / "message"),
        "since": datetime.fromtimestamp(message.at, UTC).strftime("%F %T UTC"),
        "size": f"{message.size_bytes} bytes",
        "ended": _state(message),
        "release": message.release or "unknown",
        "Message-ID": message.message_id or "none",
        "sender": _sender(message),
        "recipients": ", ".join(kept.envelope.recipients) or _recipients(message),
        "arguments": " ".join(show(word) or "''" for word in kept.arguments),
    }
    for name, value in lines.items():
        sys.stdout.write(f"{name + ':':<12} {value}\n")
    for sentence in (*kept.verdict.forbidden, *kept.verdict.doubts):
        sys.stdout.write(f"{'attention:':<12} {sentence}\n")
    return 0


def _resubmit(host: HostConfig, kept: Kept, *, force: bool) -> int:
    forbidden, doubts = kept.verdict.forbidden, kept.verdict.doubts
    if forbidden:
        return _say("\n".join([*forbidden, "It cannot be submitted again."]), EXIT_REFUSED)
    if doubts and not force:
        advice = "Nothing was submitted. With --force it is, whatever arrives twice then."
        return _say("\n".join([*doubts, advice]), EXIT_REFUSED)
    return _tell(kept.place.name, submit_again(host, kept))


def _remove(kept: Kept, *, force: bool) -> int:
    if kept.message.running:
        raise InWork(kept.place.name)
    if not kept.verdict.in_spool and not force:
        known = (*kept.verdict.forbidden, *kept.verdict.doubts) or ("Nothing else has it.",)
        advice = "Nothing was removed. With --force it is, and cannot be submitted any more."
        return _say("\n".join([*known, advice]), EXIT_REFUSED)
    discard(kept)
    sys.stdout.write(f"{kept.place.name} was removed.\n")
    return 0


def _tell(identity: str, done: Resubmitted) -> int:
    if done.exit_code == 0:
        sys.stdout.write(f"{identity} was submitted, and the kept copy removed.\n")
    elif done.kept_as:
        _say(f"It was not settled and is kept again, as {done.kept_as}.", 0)
    elif done.removed:
        _say(f"sendmail refused it for good (exit {done.exit_code}); the kept copy is gone.", 0)
    else:
        _say(f"It was not settled (exit {done.exit_code}); {identity} is still kept.", 0)
    return done.exit_code if done.exit_code >= 0 else 128 - done.exit_code


def _state(message: KeptMessage) -> str:
    if message.running:
        return "being submitted now"
    return message.problem or message.ended or "the wrapper was killed"


def _sender(message: KeptMessage) -> str:
    return "unknown" if message.sender is None else message.sender or "<>"


def _recipients(message: KeptMessage) -> str:
    if message.recipients_in_header:
        return "those in its header"
    more = message.recipients_total - NAMES_SHOWN
    shown = ", ".join(message.recipients[:NAMES_SHOWN])
    return f"{shown} and {more} more" if more > 0 else shown or "nobody"


def _name_of(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"uid {uid}"


def _say(text: str, exit_code: int) -> int:
    sys.stderr.write(f"{text}\n")
    return exit_code
