"""What the figures of a spool need of one control file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from spools.core.names import Standing
from spools.core.queue_file import QueuedMessage
from spools.core.summary import State

STATES: Mapping[Standing, State] = {
    Standing.WAITING: State.WAITING,
    Standing.HELD: State.HELD,
    Standing.LOST: State.LOST,
    Standing.NEW: State.NEW,
}


class Facts(NamedTuple):
    """`state` is by the control file alone, whatever its data file is. `domains` counts recipients
    still to be served at each domain. `answer` is the last one, as sendmail wrote it: "" before the
    first try. `last_try` is None before it."""

    state: State
    created: int | None
    last_try: int | None
    domains: dict[str, int]
    answer: str

    @property
    def recipients(self) -> int:
        return sum(self.domains.values())


def facts_of(message: QueuedMessage) -> Facts:
    """The facts of a control file that was read whole."""
    domains: dict[str, int] = {}
    for recipient in message.recipients:
        domain = domain_of(recipient.address)
        domains[domain] = domains.get(domain, 0) + 1
    return Facts(
        state=state_of(message),
        created=message.created,
        last_try=message.last_try or None,
        domains=domains,
        answer=answer_of(message),
    )


def state_of(message: QueuedMessage) -> State:
    """A lost file is lost, and one being written is new, whatever is in it."""
    state = STATES[message.standing]
    return State.DAMAGED if message.problems and state in (State.WAITING, State.HELD) else state


def answer_of(message: QueuedMessage) -> str:
    """Why it is still there: its damage, who holds it, or the last answer about it."""
    if state_of(message) is State.DAMAGED:
        return message.problems[0]
    if message.standing is Standing.HELD:
        return f"Held: {message.held_for}"
    own = (recipient.status for recipient in message.recipients if recipient.status)
    return message.status or next(own, "")


def domain_of(address: str) -> str:
    """Where a recipient is, in small letters; "" where the address has no domain."""
    _, at, domain = address.rpartition("@")
    return domain.rstrip(">").rstrip(".").lower() if at else ""
