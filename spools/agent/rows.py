"""One message in detail, read from its file anew: only the oldest of a spool are."""

from __future__ import annotations

from spools.agent.reading import Places, data_bytes, read_file
from spools.core.facts import answer_of
from spools.core.kept import show
from spools.core.queue_file import QueuedMessage, read_queue_file
from spools.core.summary import RECIPIENTS_SHOWN, MessageRow, State

NAME_SHOWN = 200
NO_CONTROL = "No control file belongs to it."


def message_row(places: Places, place: str, name: bytes, state: State) -> MessageRow | None:
    """What is known of it; None when its control file is gone. `state` is the scan's."""
    identity, size = shown_name(name[2:]), data_bytes(places.data, name)
    try:
        raw, _ = read_file(places.control, name)
    except FileNotFoundError:
        return None
    except OSError as error:
        reason = f"It cannot be read: {error.strerror}."
        return bare_row(place, identity, State.UNREADABLE, size, reason)
    message = read_queue_file(name.decode("latin-1"), raw)
    return _row(place, identity, state, size, message)


def bare_row(place: str, identity: str, state: State, size: int | None, reason: str) -> MessageRow:
    """A message of which no control file can be read."""
    return MessageRow(identity, place, state, None, None, None, size, None, (), 0, reason)


def _row(
    place: str, identity: str, state: State, size: int | None, message: QueuedMessage
) -> MessageRow:
    return MessageRow(
        queue_id=identity,
        place=place,
        state=state,
        created=message.created,
        last_try=message.last_try or None,
        tries=message.tries,
        bytes=size,
        sender=message.sender,
        recipients=tuple(who.address for who in message.recipients[:RECIPIENTS_SHOWN]),
        recipients_total=len(message.recipients),
        reason=answer_of(message),
    )


def shown_name(raw: bytes) -> str:
    """A name of a file as one line of text."""
    return show(raw, NAME_SHOWN)
