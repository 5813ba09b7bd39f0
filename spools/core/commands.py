"""The exact commands that a postmaster types about one message. Pure.

They go through the wrapper, so that they read the release that is live. sendmail takes the part of
a queue id for all ids that hold it; a whole one is of one message.
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass

from spools.core.summary import State

QUEUE_ID = re.compile(r"[0-9A-Za-z]{6,40}")
"""What goes into a command that somebody pastes into a shell: nothing else."""


@dataclass(frozen=True, slots=True)
class Command:
    """What it does, in words, and the line; `note` is what has to be known before."""

    title: str
    line: str
    note: str = ""


def commands_for(
    queue_id: str, state: State, *, path: str, owner: str, wrapper: str
) -> tuple[Command, ...]:
    """The commands that fit a message in this state; none for a name that sendmail never makes.

    Without a `wrapper` the spool is not one that ours handles: then only looking is offered.
    """
    if not QUEUE_ID.fullmatch(queue_id):
        return ()
    by = f"sudo -u {shlex.quote(owner)}"
    found = Command(
        "Find its files",
        f"{by} find {shlex.quote(path)} -name {shlex.quote(f'?f{queue_id}')}",
        "The control file says who, the data file holds what.",
    )
    if not wrapper:
        return (found,)
    return (found, *_acts(queue_id, state, f"{by} {shlex.quote(wrapper)}"))


def _acts(queue_id: str, state: State, sendmail: str) -> tuple[Command, ...]:
    if state is State.HELD:
        return (
            Command("Show it", f"{sendmail} -bp -qQ -qI{queue_id}"),
            Command(
                "Release it",
                f"{sendmail} -qQ -Q -qI{queue_id}",
                "Three flags, in this order. Without -Q it would be delivered at once; "
                "in another order nothing happens and sendmail says that all is well.",
            ),
        )
    if state is State.LOST:
        return (Command("Show it", f"{sendmail} -bp -qL -qI{queue_id}"),)
    shown = Command("Show it", f"{sendmail} -bp -qI{queue_id}")
    if state is not State.WAITING:
        return (shown,)
    return (
        shown,
        Command(
            "Try it now",
            f"{sendmail} -v -qI{queue_id}",
            "By the live release. It shows the whole session; exit code 0 does not mean that it "
            "was delivered.",
        ),
        Command(
            "Hold it",
            f"{sendmail} -Q'looked at by hand' -qI{queue_id}",
            "No queue run takes it until it is released.",
        ),
    )
