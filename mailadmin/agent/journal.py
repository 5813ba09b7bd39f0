"""What the agent remembers: its last order, and the receipt once there is one.

One row is enough. A higher sequence replaces it, the same one is answered from it, a lower one is
refused by it. Every step is on disk before the next begins, so that a power cut finds either no
order, one that was begun (it is run again) or its receipt.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mailadmin.wire.core.messages import Order
from mailadmin.wire.core.sequence import Known

_SCHEMA = """
CREATE TABLE IF NOT EXISTS last_order (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    sequence INTEGER NOT NULL,
    order_digest TEXT NOT NULL,
    attempt TEXT NOT NULL,
    begun_at INTEGER NOT NULL,
    receipt TEXT,
    blob_digest TEXT,
    blob BLOB
)
"""


class JournalError(Exception):
    """The journal cannot be read or written; without it no order may be begun."""

    def __init__(self, path: Path, error: Exception) -> None:
        super().__init__(
            f"{path}: {error}; see that the disk has room and the directory belongs to the agent"
        )


@dataclass(frozen=True, slots=True)
class Receipt:
    """The sealed report, and the packed blob that it names."""

    envelope: str
    blob_digest: str | None = None
    blob: bytes | None = None


class Journal:
    """In `state_dir`: journal.sqlite3 and lock, both of mode 600."""

    def __init__(self, state_dir: Path) -> None:
        self._path = state_dir / "journal.sqlite3"
        self._lock = state_dir / "lock"

    @contextmanager
    def held(self) -> Iterator[HeldJournal]:
        """Wait until no other process or thread carries out an order, and keep it so.
        Raises JournalError."""
        try:
            lock = os.open(self._lock, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise JournalError(self._lock, error) from error
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            with closing(self._connect()) as connection:
                yield HeldJournal(connection, self._path)
        finally:
            os.close(lock)

    def _connect(self) -> sqlite3.Connection:
        try:
            os.close(os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600))
            connection = sqlite3.connect(self._path, isolation_level=None)
            connection.execute("PRAGMA synchronous=FULL")
            connection.execute(_SCHEMA)
        except (OSError, sqlite3.Error) as error:
            raise JournalError(self._path, error) from error
        return connection


class HeldJournal:
    """Valid inside `Journal.held` only. Every method raises JournalError."""

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._connection = connection
        self._path = path

    def known(self) -> Known:
        row = self._one("SELECT sequence, order_digest, receipt IS NOT NULL FROM last_order")
        return Known() if row is None else Known(row[0], row[1], bool(row[2]))

    def begin(self, order: Order, order_digest: str, clock: int) -> None:
        """Remember that this order runs from now on; whatever was before is forgotten."""
        self._write(
            "INSERT OR REPLACE INTO last_order (one, sequence, order_digest, attempt, begun_at)"
            " VALUES (1, ?, ?, ?, ?)",
            (order.sequence, order_digest, order.attempt, clock),
        )

    def finish(self, order: Order, receipt: Receipt) -> None:
        self._write(
            "UPDATE last_order SET receipt = ?, blob_digest = ?, blob = ? WHERE sequence = ?",
            (receipt.envelope, receipt.blob_digest, receipt.blob, order.sequence),
        )

    def receipt(self) -> Receipt | None:
        row = self._one("SELECT receipt, blob_digest, blob FROM last_order")
        return None if row is None or row[0] is None else Receipt(*row)

    def _one(self, sql: str) -> tuple[Any, ...] | None:
        try:
            row: tuple[Any, ...] | None = self._connection.execute(sql).fetchone()
        except sqlite3.Error as error:
            raise JournalError(self._path, error) from error
        return row

    def _write(self, sql: str, values: tuple[object, ...]) -> None:
        try:
            self._connection.execute(sql, values)
        except sqlite3.Error as error:
            raise JournalError(self._path, error) from error
