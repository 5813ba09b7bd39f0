"""Back the control plane's database up while it is in use, and read such a backup back.

    python -m deploy.control.backup --to DIRECTORY [--keep N]
    python -m deploy.control.backup --restore FILE

Which database it is, the settings say (MAILADMIN_DATABASE_URL). A backup is one file that is whole
at the moment it has its name: `mailadmin-DATE.pgdump` (pg_dump's own format) or
`mailadmin-DATE.sqlite3`. It is restored into an empty database only: nothing is ever overwritten.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import django
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError, connection
from psycopg.pq import Conninfo

SUFFIXES = {"postgresql": ".pgdump", "sqlite": ".sqlite3"}
PAGES_AT_ONCE = 1000
"""SQLite: a writer gets its turn between two steps of the copy."""


class BackupError(RuntimeError):
    """What could not be done, and why."""


def back_up(directory: Path, *, now: datetime) -> Path:
    """A new backup in `directory`; its file, of mode 600. Raises BackupError."""
    target = directory / f"mailadmin-{now:%Y%m%dT%H%M%SZ}{SUFFIXES[connection.vendor]}"
    if target.exists():
        raise BackupError(f"{target} is there already.")
    partial = directory / f".{target.name}.partial"
    try:
        os.close(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600))
        if connection.vendor == "sqlite":
            _copy_sqlite(_sqlite_file(), partial)
        else:
            _dump(partial)
        _to_disk(partial)
        partial.rename(target)
        _to_disk(directory)
    except (OSError, sqlite3.Error) as error:
        raise BackupError(f"{target} could not be written: {error}") from error
    finally:
        partial.unlink(missing_ok=True)
    return target


def restore(file: Path) -> None:
    """Read a backup into the database of the settings, which must be empty.

    Raises BackupError; then the database is as it was.
    """
    if file.suffix != SUFFIXES[connection.vendor]:
        wanted = SUFFIXES[connection.vendor]
        raise BackupError(f"The database is {connection.display_name}: name a file {wanted}.")
    if not file.is_file():
        raise BackupError(f"{file} is not there.")
    if connection.vendor == "sqlite":
        _restore_sqlite(file, _sqlite_file())
        return
    if connection.introspection.table_names():
        raise BackupError("The database holds tables: name an empty one.")
    options = ("--no-owner", "--no-privileges", "--exit-on-error", "--single-transaction")
    name = connection.settings_dict["NAME"]
    _run(["pg_restore", *options, f"--dbname={name}", str(file)])


def forget_old(directory: Path, *, keep: int) -> list[Path]:
    """Remove all backups of this kind but the newest `keep`; those that were removed."""
    found = sorted(directory.glob(f"mailadmin-*{SUFFIXES[connection.vendor]}"))
    old = found[: max(0, len(found) - keep)]
    for file in old:
        file.unlink()
    return old


def _dump(target: Path) -> None:
    """All rows as they were when it began: pg_dump reads in one transaction."""
    _run(["pg_dump", "--format=custom", "--no-owner", "--no-privileges", f"--file={target}"])


def _server() -> dict[str, str]:
    """The environment of PostgreSQL's programs: where the server is, as libpq's variables.

    Nothing of it is an argument: everybody can read the arguments of a process.
    """
    known = {
        option.keyword.decode(): option.envvar.decode()
        for option in Conninfo.get_defaults()
        if option.envvar
    }
    # Django's own parameters of a connection have more than libpq's: a cursor's class, say.
    wanted = connection.get_connection_params().items()
    return os.environ | {known[name]: str(value) for name, value in wanted if name in known}


def _run(command: Sequence[str]) -> None:
    program = shutil.which(command[0])
    if program is None:
        raise BackupError(f"{command[0]} is missing: apt-get install postgresql-client")
    ran = subprocess.run(
        [program, *command[1:]], env=_server(), capture_output=True, text=True, check=False
    )
    if ran.returncode:
        raise BackupError(f"{command[0]} ended with {ran.returncode}: {ran.stderr.strip()}")


def _sqlite_file() -> Path:
    return Path(connection.settings_dict["NAME"])


def _copy_sqlite(source: Path, target: Path) -> None:
    """SQLite's online backup: what another process commits meanwhile is in it wholly or not."""
    if not source.is_file():
        raise BackupError(f"{source} is not there.")
    with (
        closing(sqlite3.connect(source, timeout=30)) as old,
        closing(sqlite3.connect(target)) as new,
    ):
        old.backup(new, pages=PAGES_AT_ONCE)
        # One file, that can be copied elsewhere by itself.
        new.execute("PRAGMA journal_mode=DELETE")
        _check(new, target)


def _restore_sqlite(file: Path, target: Path) -> None:
    if target.exists():
        raise BackupError(f"{target} is there: move it away first, with its -wal and -shm.")
    partial = target.with_name(f".{target.name}.restored")
    try:
        _copy_sqlite(file, partial)
        partial.chmod(0o660)
        _to_disk(partial)
        partial.rename(target)
    except (OSError, sqlite3.Error) as error:
        raise BackupError(f"{file} could not be read back: {error}") from error
    finally:
        partial.unlink(missing_ok=True)


def _check(copy: sqlite3.Connection, file: Path) -> None:
    (said,) = copy.execute("PRAGMA integrity_check(1)").fetchone()
    if said != "ok":
        raise BackupError(f"{file} is damaged: {said}")


def _to_disk(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def main(arguments: Sequence[str]) -> int:
    """Exit code 0, or 1 with a text."""
    parser = argparse.ArgumentParser(prog="backup", description="Backs the database up.")
    act = parser.add_mutually_exclusive_group(required=True)
    act.add_argument("--to", type=Path, metavar="DIRECTORY", help="write a backup there")
    act.add_argument("--restore", type=Path, metavar="FILE", help="read one into an empty database")
    parser.add_argument(
        "--keep", type=int, metavar="N", help="with --to: remove all but the last N"
    )
    options = parser.parse_args(arguments)
    if options.keep is not None and (options.keep < 1 or options.to is None):
        parser.error("--keep goes with --to, and is 1 or more")
    try:
        django.setup()
        if options.restore:
            restore(options.restore)
            print(f"restored {options.restore}")
            return 0
        print(f"wrote {back_up(options.to, now=datetime.now(UTC))}")
        for old in forget_old(options.to, keep=options.keep) if options.keep else ():
            print(f"removed {old}")
    except (BackupError, DatabaseError, ImproperlyConfigured) as error:
        print(f"backup: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mailadmin.settings")
    sys.exit(main(sys.argv[1:]))
