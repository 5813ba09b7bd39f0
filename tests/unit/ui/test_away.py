"""Which errors mean that the database cannot be had, and which are ours."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from django import db
from psycopg import errors

from mailadmin.ui.away import Away, why_away


def raised(work: Callable[[], object], by: type[Exception] = db.OperationalError) -> Exception:
    """The error of some work, as Django hands it on."""
    try:
        work()
    except (sqlite3.Error, psycopg.Error) as error:
        made = by(*error.args)
        made.__cause__ = error
        return made
    raise AssertionError("it did well")


def thrown(error: Exception) -> Callable[[], object]:
    """Some work that raises this."""

    def work() -> object:
        raise error

    return work


def test_a_missing_table_is_an_error_of_ours(tmp_path: Path) -> None:
    file = sqlite3.connect(tmp_path / "x")
    assert why_away(raised(lambda: file.execute("SELECT 1 FROM nothing"))) is None
    file.close()
    missing = errors.UndefinedTable("relation does not exist")
    assert why_away(raised(thrown(missing), db.ProgrammingError)) is None


def test_a_file_that_is_no_database_and_one_that_is_nowhere(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"something else " * 99)
    file = sqlite3.connect(tmp_path / "x")
    spoiled = raised(lambda: file.execute("SELECT 1 FROM a"), db.DatabaseError)
    file.close()
    assert why_away(spoiled) is Away.DAMAGED
    assert why_away(raised(lambda: sqlite3.connect(tmp_path / "no" / "x"))) is Away.GONE


def test_a_file_with_no_more_pages(tmp_path: Path) -> None:
    file = sqlite3.connect(tmp_path / "x")
    file.executescript("CREATE TABLE a (b); PRAGMA max_page_count = 2")
    more = raised(lambda: file.execute("INSERT INTO a VALUES (zeroblob(99999))"))
    file.close()
    assert why_away(more) is Away.FULL


@pytest.mark.parametrize(
    ("error", "away"),
    [
        (psycopg.OperationalError("connection refused"), Away.GONE),
        (errors.AdminShutdown("terminating connection"), Away.GONE),
        (errors.CannotConnectNow("starting up"), Away.GONE),
        (errors.InvalidPassword("no"), Away.GONE),
        (errors.TooManyConnections("sorry"), Away.BUSY),
        (errors.LockNotAvailable("lock timeout"), Away.BUSY),
        (errors.QueryCanceled("statement timeout"), Away.BUSY),
        (errors.DeadlockDetected("deadlock"), Away.BUSY),
        (errors.DiskFull("no space left"), Away.FULL),
        (errors.ReadOnlySqlTransaction("read-only"), Away.READ_ONLY),
        (errors.IoError("could not read"), Away.DAMAGED),
        (errors.DataCorrupted("bad page"), Away.DAMAGED),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else str(value),
)
def test_what_postgresql_says(error: psycopg.Error, away: Away) -> None:
    assert why_away(raised(thrown(error))) is away


@pytest.mark.parametrize("kind", [db.DataError, db.IntegrityError, db.ProgrammingError])
def test_a_value_or_a_statement_that_is_wrong_is_an_error_of_ours(kind: type[Exception]) -> None:
    assert why_away(raised(thrown(errors.UniqueViolation("twice")), kind)) is None
    assert why_away(kind("no cause")) is None


def test_an_error_that_was_made_from_such_a_one_counts_and_another_does_not() -> None:
    gone = raised(thrown(psycopg.OperationalError("connection refused")))
    made = RuntimeError("could not look")
    made.__cause__ = gone
    assert why_away(made) is Away.GONE

    broken = db.transaction.TransactionManagementError("the transaction is broken")
    broken.__context__ = gone
    assert why_away(broken) is Away.GONE

    ours = ValueError("met while the other one was looked at")
    ours.__context__ = gone
    assert why_away(ours) is None
    assert why_away(None) is None
