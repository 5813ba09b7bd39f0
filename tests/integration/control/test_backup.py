"""A backup that was made while the site writes, read back into an empty database."""

from __future__ import annotations

import stat
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.db import connection, connections
from django.db.backends.utils import truncate_name

from deploy.control.backup import BackupError, back_up, forget_old, restore
from mailadmin.people.models import Person
from tests.fixtures.audited import unaudited
from tests.fixtures.sandbox import wait_until

NOW = datetime(2026, 3, 1, 2, 40, tzinfo=UTC)
pytestmark = pytest.mark.django_db(transaction=True)


def add(username: str) -> Person:
    with unaudited():
        return Person.objects.create(username=username)


@contextmanager
def empty_database(place: Path) -> Iterator[None]:
    """Another database, that holds nothing, as the one of the settings for a while."""
    settings = connection.settings_dict
    before = settings["NAME"]
    if connection.vendor == "sqlite":
        other = str(place / "other.sqlite3")
    else:
        other = truncate_name(f"{before}_restored", 63)
        with connection.cursor() as cursor:
            cursor.execute(f"CREATE DATABASE {other}")
    connection.close()
    settings["NAME"] = other
    try:
        yield
    finally:
        connection.close()
        settings["NAME"] = before
        if connection.vendor != "sqlite":
            with connection.cursor() as cursor:
                cursor.execute(f"DROP DATABASE {other}")


def test_what_was_written_is_there_again(tmp_path: Path) -> None:
    person = add("claire")
    file = back_up(tmp_path, now=NOW)
    add("later")

    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == [file.name]
    with empty_database(tmp_path):
        restore(file)
        assert [found.pk for found in Person.objects.all()] == [person.pk]


def test_rows_that_belong_together_are_in_it_together(tmp_path: Path) -> None:
    """While another thread commits pairs without a pause."""
    stop = threading.Event()

    def write() -> None:
        number = 0
        while not stop.is_set():
            number += 1
            people = [Person(username=f"{number}{half}") for half in "ab"]
            with unaudited():
                Person.objects.bulk_create(people)
        connections["default"].close()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        wait_until(lambda: Person.objects.count() >= 20, "the writer writes")
        file = back_up(tmp_path, now=NOW)
    finally:
        stop.set()
        writer.join()
    assert Person.objects.count() >= 20
    with empty_database(tmp_path):
        restore(file)
        names = set(Person.objects.values_list("username", flat=True))
    assert len(names) >= 20
    assert {name[:-1] for name in names if name[-1] == "a"} == {
        name[:-1] for name in names if name[-1] == "b"
    }


def test_a_database_that_holds_something_is_left_alone(tmp_path: Path) -> None:
    add("claire")
    file = back_up(tmp_path, now=NOW)
    add("paul")
    with pytest.raises(BackupError):
        restore(file)
    assert Person.objects.count() == 2


def test_a_file_that_is_no_backup_leaves_an_empty_database_empty(tmp_path: Path) -> None:
    file = back_up(tmp_path, now=NOW)
    whole = file.read_bytes()
    file.write_bytes(whole[: len(whole) // 2])
    with empty_database(tmp_path):
        with pytest.raises(BackupError):
            restore(file)
        assert connection.introspection.table_names() == []


def test_the_newest_are_kept(tmp_path: Path) -> None:
    for day in range(4):
        back_up(tmp_path, now=NOW + timedelta(days=day))
    (tmp_path / "mailadmin-by-hand.txt").touch()
    gone = forget_old(tmp_path, keep=2)
    assert [path.name[:18] for path in gone] == ["mailadmin-20260301", "mailadmin-20260302"]
    assert len(list(tmp_path.iterdir())) == 3
    assert forget_old(tmp_path, keep=2) == []


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(BackupError, match="missing/"):
        back_up(tmp_path / "missing", now=NOW)
