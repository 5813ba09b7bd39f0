"""A PostgreSQL server for one run of the tests: made in a new directory, gone at the end.

    python -m deploy.sandbox.postgresql COMMAND...    runs it with MAILADMIN_DATABASE_URL set

It listens on a socket in its own directory alone, and keeps nothing through a crash. Its collation
is that of a French dictionary, which orders names unlike SQLite: what must not depend on the
collation shows.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

PROGRAMS = Path("/usr/lib/postgresql")
ROLE = "mailadmin"
PAUSE_S = 0.05
SYSTEM_USER = "mailadmin"
"""PostgreSQL refuses to run as root: then the user of the deploy agents runs it."""

LONGEST_SOCKET = 90
"""Of 107 bytes that a socket's path may have, `.s.PGSQL.5432` takes the rest."""

QUICK = (
    *("-c", "fsync=off"),
    *("-c", "full_page_writes=off"),
    *("-c", "synchronous_commit=off"),
    *("-c", "listen_addresses="),
    *("-c", "max_connections=200"),
    *("-c", "log_min_messages=fatal"),
)


class NoPostgreSQL(RuntimeError):
    """What is missing, and how to get it."""


@contextmanager
def throw_away_server(place: Path, like: Path | None = None) -> Iterator[Server]:
    """Run a server below `place`; its `url` is a MAILADMIN_DATABASE_URL.

    It is empty, or holds what another held: `like` is the `data` of one that was stopped. Raises
    NoPostgreSQL when Debian's package is missing.
    """
    programs = _programs()
    directory = Path(tempfile.mkdtemp(prefix="pg-", dir=place))
    if len(str(directory)) > LONGEST_SOCKET:
        directory.rmdir()
        directory = Path(tempfile.mkdtemp(prefix="pg-"))
    user = _user()
    if user is not None:
        shutil.chown(directory, user)
    server = Server(programs, directory, user)
    try:
        if like is None:
            _make(programs, directory, user)
            server.start()
            server.create()
        else:
            subprocess.run(["cp", "-a", str(like), str(server.data)], check=True)
            server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(directory, ignore_errors=True)


class Server:
    """A server that a test may stop and start again; it is found at `url`."""

    def __init__(self, programs: Path, directory: Path, user: str | None) -> None:
        self.url = f"postgres://{ROLE}@/{ROLE}?host={directory}"
        self.data = directory / "data"
        self._programs, self._directory, self._user = programs, directory, user
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Run it, and return when it answers. Raises NoPostgreSQL when it ends instead."""
        self._process = _start(self._programs, self._directory, self._user)

    def create(self) -> None:
        """Make its one database."""
        create = [str(self._programs / "createdb"), "--host", str(self._directory)]
        subprocess.run([*create, "--username", ROLE, ROLE], check=True)

    def stop(self) -> None:
        """End it and every connection, now: a clean stop would wait for them."""
        if self._process is not None:
            self._process.send_signal(signal.SIGINT)
            self._process.wait(timeout=60)
            self._process = None


def _programs() -> Path:
    found = sorted(PROGRAMS.glob("*/bin/initdb"), key=lambda path: float(path.parents[1].name))
    if not found:
        raise NoPostgreSQL(f"There is no {PROGRAMS}/*/bin/initdb: install postgresql.")
    return found[-1].parent


def _user() -> str | None:
    """Whom to become; None for a person who is not root."""
    if os.geteuid() != 0:
        return None
    return pwd.getpwnam(SYSTEM_USER).pw_name


def _make(programs: Path, directory: Path, user: str | None) -> None:
    argv = [
        *(programs / "initdb", "--pgdata", directory / "data", "--username", ROLE),
        *("--auth", "trust", "--encoding", "UTF8", "--no-sync"),
        *("--locale", "C.UTF-8", "--locale-provider", "icu", "--icu-locale", "fr"),
    ]
    done = subprocess.run(
        [str(word) for word in argv], user=user, cwd=directory, capture_output=True, check=False
    )
    if done.returncode:
        raise NoPostgreSQL(f"initdb failed: {done.stderr.decode(errors='replace').strip()}")


def _start(programs: Path, directory: Path, user: str | None) -> subprocess.Popen[bytes]:
    argv = [str(programs / "postgres"), "-D", str(directory / "data"), "-k", str(directory), *QUICK]
    with (directory / "log").open("wb") as log:
        server = subprocess.Popen(argv, user=user, cwd=directory, stderr=log)
    wait = [str(programs / "pg_isready"), "--quiet", "--host", str(directory)]
    wait += ["--username", ROLE, "--timeout", "1"]
    while subprocess.run(wait, check=False).returncode:
        if server.poll() is not None:
            said = (directory / "log").read_text(errors="replace").strip()
            raise NoPostgreSQL(f"PostgreSQL ended with exit {server.returncode}: {said}")
        time.sleep(PAUSE_S)
    return server


def main(command: Sequence[str]) -> int:
    """Run the command; its exit code is ours."""
    if not command:
        print(__doc__, file=sys.stderr)
        return 64
    place = Path(os.environ.get("MAILADMIN_VAR", "var")).absolute()
    place.mkdir(parents=True, exist_ok=True)
    try:
        with throw_away_server(place) as server:
            environment = {**os.environ, "MAILADMIN_DATABASE_URL": server.url}
            return subprocess.run(list(command), env=environment, check=False).returncode
    except NoPostgreSQL as error:
        print(f"./test: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
