"""Whether an error means that the database cannot be had now, and in which way.

It is not an error of ours then, and the same request does well later. A missing table or a
statement that is wrong stays an error of ours.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from enum import StrEnum

from django import db


class Away(StrEnum):
    """In which way the database cannot be had."""

    GONE = "gone"
    BUSY = "busy"
    FULL = "full"
    READ_ONLY = "read_only"
    DAMAGED = "damaged"


# By the low byte of https://www.sqlite.org/rescode.html, where the whole code says nothing else.
# SQLITE_ERROR is not here: no such table.
OF_SQLITE: Mapping[int, Away] = {
    sqlite3.SQLITE_BUSY: Away.BUSY,
    sqlite3.SQLITE_LOCKED: Away.BUSY,
    sqlite3.SQLITE_PROTOCOL: Away.BUSY,
    sqlite3.SQLITE_NOMEM: Away.BUSY,
    sqlite3.SQLITE_FULL: Away.FULL,
    # Opening a file in WAL mode on a full disk (seen on a tmpfs, SQLite 3.40).
    sqlite3.SQLITE_IOERR_SHMSIZE: Away.FULL,
    sqlite3.SQLITE_READONLY: Away.READ_ONLY,
    sqlite3.SQLITE_PERM: Away.READ_ONLY,
    sqlite3.SQLITE_CANTOPEN: Away.GONE,
    sqlite3.SQLITE_AUTH: Away.GONE,
    sqlite3.SQLITE_IOERR: Away.DAMAGED,
    sqlite3.SQLITE_CORRUPT: Away.DAMAGED,
    sqlite3.SQLITE_NOTADB: Away.DAMAGED,
}
# Beginnings of https://www.postgresql.org/docs/current/errcodes-appendix.html, the longest first.
OF_POSTGRESQL: Mapping[str, Away] = {
    "53100": Away.FULL,
    "25006": Away.READ_ONLY,
    "55P03": Away.BUSY,
    "57014": Away.BUSY,
    "40": Away.BUSY,
    "53": Away.BUSY,
    "57P": Away.GONE,
    "08": Away.GONE,
    "28": Away.GONE,
    "3D": Away.GONE,
    "58": Away.DAMAGED,
    "XX": Away.DAMAGED,
}


def why_away(error: BaseException | None) -> Away | None:
    """How the database is away, None for any other error. What an error was made from counts."""
    seen = set[int]()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        if found := _of(error):
            return found
        error = error.__cause__ or (error.__context__ if isinstance(error, db.Error) else None)
    return None


def _of(error: BaseException) -> Away | None:
    if not isinstance(error, db.Error):
        return None
    machine = error.__cause__
    if isinstance(machine, sqlite3.Error):
        code = getattr(machine, "sqlite_errorcode", 0)
        return OF_SQLITE.get(code) or OF_SQLITE.get(code & 0xFF)
    state = getattr(machine, "sqlstate", None)
    if state is None:
        # Neither says more of a server that cannot be reached, or of a connection that it closed.
        return Away.GONE if isinstance(error, db.OperationalError | db.InterfaceError) else None
    return next((kind for code, kind in OF_POSTGRESQL.items() if state.startswith(code)), None)
