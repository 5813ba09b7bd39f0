"""Every message of a spool, each looked at by itself: what a scan must come to, however it does."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from spools.agent.directories import QueueDirectory, queue_directories
from spools.core.facts import Facts, facts_of
from spools.core.names import DATA_PREFIX, PREFIXES, data_name, id_of, standing_of
from spools.core.queue_file import read_queue_file
from spools.core.summary import QUEUED, State
from tests.unit.spools.figures import Counted

HOUR_S = 3600


def messages_in(spool: Path, at: int) -> Iterator[Counted]:
    """All that counts, of a spool in which nothing moves and no file is younger than a minute."""
    for place in queue_directories(spool):
        yield from _messages(place, at)


def _messages(place: QueueDirectory, at: int) -> Iterator[Counted]:
    controls: dict[str, Path] = {}
    for prefix in PREFIXES:
        for path in place.control.glob(f"{prefix}?*"):
            controls.setdefault(id_of(path.name), path)
    for path in controls.values():
        yield _message(place, path, at)
    for path in place.data.glob(f"{DATA_PREFIX}?*"):
        old = at - int(path.lstat().st_mtime) >= HOUR_S
        if id_of(path.name) not in controls and old:
            facts = Facts(State.ORPHANED, None, None, {}, "")
            yield Counted(place.place, id_of(path.name), facts.state, facts, 0, _size(path) or 0)


def _message(place: QueueDirectory, path: Path, at: int) -> Counted:
    size = _size(place.data / data_name(path.name))
    if path.is_symlink():
        facts = Facts(State.UNREADABLE, None, None, {}, "")
        return Counted(place.place, id_of(path.name), facts.state, facts, 0, size or 0)
    raw = path.read_bytes()
    facts = facts_of(read_queue_file(path.name, raw))
    state = facts.state
    if standing_of(path.name) == "new" and at - path.stat().st_mtime >= HOUR_S:
        state = State.DAMAGED
    if state in QUEUED and size is None:
        state = State.NO_DATA
    return Counted(place.place, id_of(path.name), state, facts, len(raw), size or 0)


def _size(path: Path) -> int | None:
    return path.lstat().st_size if path.exists() else None
