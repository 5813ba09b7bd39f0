"""The names of sendmail's queue files: two letters, which it changes by renaming, then an id."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

PREFIX_LETTERS = 2
DATA_PREFIX = "df"
"""The body. The `xf` beside it, what was said to a server, is of no message by itself."""


class Standing(StrEnum):
    """What sendmail does with a control file, which its name tells."""

    WAITING = "waiting"
    HELD = "held"
    LOST = "lost"
    NEW = "new"


PREFIXES: Mapping[str, Standing] = {
    "qf": Standing.WAITING,
    "hf": Standing.HELD,
    "Qf": Standing.LOST,
    "tf": Standing.NEW,
}
"""In the order that counts where one id has several: a `tf` is renamed over the `qf` at a retry."""
ACCEPTED = (Standing.WAITING, Standing.HELD, Standing.LOST)
"""What sendmail has taken; a new one may still be refused to the submitter."""


def standing_of(name: str) -> Standing | None:
    """What a file of this name is to sendmail, None when it is no control file."""
    return PREFIXES.get(name[:PREFIX_LETTERS]) if len(name) > PREFIX_LETTERS else None


def id_of(name: str) -> str:
    """The queue id of a control or data file."""
    return name[PREFIX_LETTERS:]


def data_name(name: str) -> str:
    """The name of the data file of a control file."""
    return f"{DATA_PREFIX}{id_of(name)}"
