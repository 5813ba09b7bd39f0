"""Work on many files, shared by a few processes: what one of them does not finish is done here."""

from __future__ import annotations

import fcntl
import marshal
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import IO, Any, NoReturn

PROCESSES = min(os.cpu_count() or 1, 4)
PIPE_BYTES = 1024 * 1024

Act = Callable[[int], Any]
"""What is done for a share, by its number; it answers with what marshal knows. It must only read:
of a child that is killed in the middle the share is done once more."""


def in_shares(act: Act, shares: int) -> Iterator[Any]:
    """What `act` answers for each of so many shares. The first is done here, each of the others by
    a child that has our memory and open directories. Raises what `act` raises."""
    with _children(act, range(1, shares)) as children:
        yield act(0)
        for share, pipe in children.items():
            told = _told(pipe)
            yield act(share) if told is None else told[0]


@contextmanager
def _children(act: Act, shares: range) -> Iterator[dict[int, IO[bytes]]]:
    """Where the answer of each share comes. No child is left when this ends, whatever it does."""
    children: list[int] = []
    pipes: dict[int, IO[bytes]] = {}
    try:
        for share in shares:
            here, there = os.pipe()
            pipes[share] = os.fdopen(here, "rb")
            fcntl.fcntl(here, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
            child = os.fork()
            if child == 0:
                _as_child(act, share, there)
            children.append(child)
            os.close(there)
        yield pipes
    finally:
        for pipe in pipes.values():
            pipe.close()
        for child in children:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)


def _told(pipe: IO[bytes]) -> tuple[Any] | None:
    """The answer in a tuple; None when the child ended before the end of it."""
    try:
        told: tuple[Any] = marshal.loads(pipe.read())  # of our own child
    except (EOFError, ValueError, TypeError):
        return None
    return told


def _as_child(act: Act, share: int, there: int) -> NoReturn:
    """It leaves without a word: what is ours to clean up is not its own. What fails here fails
    again where it is asked for, and is told there."""
    try:
        with os.fdopen(there, "wb") as pipe:
            marshal.dump((act(share),), pipe)
    finally:
        os._exit(0)
