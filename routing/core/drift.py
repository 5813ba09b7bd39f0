"""Drift: what may differ in a live release, and what that does to mail until it is put right."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum


class Code(StrEnum):
    """One way in which a file of a release is not what staging built."""

    GONE = "gone"
    FORGOTTEN = "forgotten"
    REMOVED = "removed"
    ADDED = "added"
    EDITED = "edited"
    KIND = "kind"
    MODE = "mode"
    OWNER = "owner"
    UNREADABLE = "unreadable"
    KEYS = "keys"
    BYTES = "bytes"


CONFIGURATION, MAP = "sympa.cf", "mailertable.db"
READ_BY_SENDMAIL = frozenset({CONFIGURATION, MAP})
LAST_RESORT = (
    "Submissions go by the configuration of last resort, which the wrapper was installed with: its"
    " routes are those of that day, not of any push."
)
SPOOLED = (
    "sendmail refuses the map: each submission stays in the spool and is kept, and queue runs"
    " deliver nothing until it is put right."
)
AS_CHANGED = "Mail goes as the changed file says, and nobody has proved where."
AS_BEFORE = "Mail goes as before: what sendmail reads for it is untouched."
IN_ORDER = (LAST_RESORT, SPOOLED, AS_CHANGED, AS_BEFORE)
"""The worst first: what stops mail is said before what leads it astray."""
READ, READ_AND_ENTER = 0o004, 0o005
RELEASE = "release "


def what_differs(host: str, items: Iterable[Mapping[str, str]]) -> str:
    """One sentence that names the host and the files."""
    items = list(items)
    codes = {item.get("code", "") for item in items}
    files = ", ".join(sorted({item["file"] for item in items}))
    if Code.GONE in codes:
        return f"The live release of {host} is gone from the host."
    if Code.FORGOTTEN in codes:
        return f"The deploy agent of {host} does not remember how its live release was staged."
    if codes <= {Code.MODE, Code.OWNER}:
        return f"Modes or owners on {host} were changed by hand: {files}."
    return f"Files of {host} were edited by hand: {files}."


def meanwhile(items: Iterable[Mapping[str, str]]) -> str:
    """What happens to mail while these items stand. Each was measured with the wrapper and a real
    sendmail: tests/integration/push/test_damage.py."""
    effects = {_effect(item["file"], item.get("code", ""), item.get("mode", "")) for item in items}
    return next(said for said in IN_ORDER if said in effects | {AS_BEFORE})


def _effect(file: str, code: str, mode: str) -> str:
    """A release is a file here too: its directory."""
    shut = code == Code.MODE and not _may(
        mode, READ if file in READ_BY_SENDMAIL else READ_AND_ENTER
    )
    lost = shut or code in (Code.REMOVED, Code.KIND)
    if code == Code.GONE or (lost and (file == CONFIGURATION or file.startswith(RELEASE))):
        return LAST_RESORT
    if lost and file == MAP:
        return SPOOLED
    if file in READ_BY_SENDMAIL and code in (Code.EDITED, Code.KEYS, Code.UNREADABLE):
        return AS_CHANGED
    return AS_BEFORE


def _may(mode: str, what: int) -> bool:
    """Whether users who are neither owner nor in the group may do that."""
    return int(mode, 8) & what == what
