"""The database goes away under a running site: stopped, silent, locked, full, read-only, spoiled.

Each is caused for real. Every page says so with 503 instead of an error of ours, nobody waits long,
and a form that was sent stands in the page, to be sent again.
"""

from __future__ import annotations

import os
import re
import socket
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from html import unescape
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest

from deploy.sandbox.postgresql import Server, throw_away_server
from tests.fixtures.sandbox import wait_until
from tests.integration.pages.web import Answer, Browser, Web, running
from tests.integration.pages.world import PASSWORD

GONE = "The database does not answer"
BUSY = "The database is busy"
FULL = "The disk of the database is full"
READ_ONLY = "The database cannot be written"
DAMAGED = "The database cannot be read"
MAIL = "Mail goes on by itself"
PLACES = ("/", "/domains/", "/pushes/", "/sign-in/", "/nowhere/", "/account/2fa/")
QUICK_S = 20.0
NAME = "away.example"


def new_domain() -> dict[str, str]:
    """The form of a new domain, as its page has it."""
    return {"identity": str(uuid4()), "version": "0", "server": "listes", "key": NAME, "note": "<3"}


def says(answer: Answer, title: str) -> bool:
    """Whether it is the page about the database, with what a browser and a proxy are to know."""
    headers = answer.headers
    assert answer.status == 503, answer.text
    assert int(headers["Retry-After"]) > 0 and headers["Cache-Control"] == "no-store"
    return f'<h1 class="ma-card-title" id="title">{title} ' in answer.text and MAIL in answer.text


def kept(answer: Answer) -> dict[str, str]:
    """The form that stands in the page, as its button would send it."""
    pairs = re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)">', answer.text)
    return {unescape(name): unescape(value) for name, value in pairs}


def has_domain(browser: Browser) -> bool:
    return browser.get(f"/domains/{NAME}/").status == 200


@pytest.fixture
def on_postgresql(scratch: Path, small_postgresql: Path) -> Iterator[tuple[Web, Server]]:
    """The site on a server of its own."""
    with (
        throw_away_server(scratch, small_postgresql) as server,
        running(scratch, server.url) as web,
    ):
        yield web, server


def test_a_postgresql_that_is_stopped_and_started_again(on_postgresql: tuple[Web, Server]) -> None:
    web, server = on_postgresql
    claire, form = web.browser("claire", PASSWORD), new_domain()
    assert claire.get("/domains/").status == 200
    server.stop()

    for place in PLACES:
        began = time.monotonic()
        answer = claire.get(place)
        assert says(answer, GONE), place
        assert time.monotonic() - began < QUICK_S, place
    told = claire.get("/session/", **{"HX-Request": "true"})
    assert (told.status, told.text) == (503, f"{GONE}.")
    sent = claire.post("/domains/add/", form)
    assert says(sent, GONE) and "Nothing of what you sent was saved" in sent.text
    assert kept(sent) == {"csrfmiddlewaretoken": claire.token(), **form}

    server.start()
    assert not has_domain(claire)
    assert claire.post("/domains/add/", kept(sent)).status == 302
    assert has_domain(claire)


def test_a_postgresql_that_lets_nobody_write(on_postgresql: tuple[Web, Server]) -> None:
    """As a stand-by is, and a server that its administrator holds."""
    web, server = on_postgresql
    claire, form = web.browser("claire", PASSWORD), new_domain()
    with psycopg.connect(server.url, autocommit=True) as other:
        other.execute("ALTER DATABASE mailadmin SET default_transaction_read_only = on")
        other.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = 'mailadmin' AND pid <> pg_backend_pid()"
        )
        assert claire.get("/domains/").status == 200
        sent = claire.post("/domains/add/", form)
        assert says(sent, READ_ONLY) and kept(sent)["key"] == NAME
        assert not has_domain(claire)


def test_a_password_is_written_into_no_page(on_postgresql: tuple[Web, Server]) -> None:
    web, server = on_postgresql
    browser = web.browser()
    browser.get("/sign-in/")
    server.stop()

    answer = browser.post("/sign-in/", {"login": "claire", "password": PASSWORD})

    assert says(answer, GONE) and "Go back and send it again" in answer.text
    assert PASSWORD not in answer.text and kept(answer) == {}


def test_a_postgresql_that_accepts_and_says_nothing(on_postgresql: tuple[Web, Server]) -> None:
    """As a machine that hangs, or a packet filter before it."""
    web, server = on_postgresql
    claire = web.browser("claire", PASSWORD)
    server.stop()
    directory = server.url.partition("host=")[2]
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(f"{directory}/.s.PGSQL.5432")
        silent.listen(8)
        began = time.monotonic()
        assert says(claire.get("/domains/"), GONE)
        assert time.monotonic() - began < 3 * QUICK_S


@contextmanager
def on_sqlite(
    scratch: Path, small: Path, before: tuple[str, ...] = ()
) -> Iterator[tuple[Web, Path]]:
    """The site with its file alone in a directory."""
    file = scratch / "database" / "site.sqlite3"
    file.parent.mkdir()
    with running(scratch, f"sqlite:///{file}", before, (small, file)) as web:
        yield web, file


def test_a_sqlite_that_somebody_holds_too_long(scratch: Path, small_sqlite: Path) -> None:
    with on_sqlite(scratch, small_sqlite) as (web, file):
        claire, form = web.browser("claire", PASSWORD), new_domain()
        with closing(sqlite3.connect(file, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            assert claire.get("/domains/").status == 200
            sent = claire.post("/domains/add/", form)
            assert says(sent, BUSY)
            other.execute("ROLLBACK")

        assert not has_domain(claire)
        assert claire.post("/domains/add/", kept(sent)).status == 302
        assert has_domain(claire)


def left_alone(file: Path) -> None:
    """Wait until nobody has it open: a browser has its answer before the connection is closed."""
    log = file.with_name(f"{file.name}-wal")
    wait_until(lambda: not log.exists(), "the last connection is closed")


def test_a_sqlite_that_is_moved_away_or_spoiled(scratch: Path, small_sqlite: Path) -> None:
    with on_sqlite(scratch, small_sqlite) as (web, file):
        claire = web.browser("claire", PASSWORD)
        left_alone(file)
        elsewhere = file.parent.rename(scratch / "elsewhere")
        assert says(claire.get("/domains/"), GONE)
        elsewhere.rename(file.parent)
        assert claire.get("/domains/").status == 200

        left_alone(file)
        whole = file.read_bytes()
        file.write_bytes(b"something else " * 4096)
        assert says(claire.get("/domains/"), DAMAGED)
        file.write_bytes(whole)
        assert claire.get("/domains/").status == 200


MOUNT = 'mount -t tmpfs -o size=16m,mode=755 tmpfs "$0" && exec "$@"'


def inside(process: int) -> list[str]:
    """The words before a command that puts it among the mounts of a process."""
    user = [] if os.geteuid() == 0 else ["--user", "--preserve-credentials"]
    return ["nsenter", "--target", str(process), "--mount", *user]


def remounted(browser: Browser, command: list[str]) -> bool:
    """Whether the mount was changed. A connection that the full disk broke in the making is closed
    when Python collects it: each page brings that nearer.
    """
    browser.get("/domains/")
    return subprocess.run(command, check=False, capture_output=True).returncode == 0


def test_a_sqlite_on_a_disk_that_fills_up_and_one_that_is_read_only(
    scratch: Path, small_sqlite: Path
) -> None:
    user = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
    disk = str(scratch / "database")
    with on_sqlite(
        scratch, small_sqlite, ("unshare", "--mount", *user, "sh", "-c", MOUNT, disk)
    ) as (web, _):
        claire, form, here = web.browser("claire", PASSWORD), new_domain(), inside(web.process.pid)

        fill = ["sh", "-c", 'head -c 1G /dev/zero >"$0/fill" || :', disk]
        subprocess.run([*here, *fill], check=True, capture_output=True)
        sent = claire.post("/domains/add/", form)
        assert says(sent, FULL)
        subprocess.run([*here, "rm", f"{disk}/fill"], check=True)

        assert claire.post("/domains/add/", kept(sent)).status == 302
        assert has_domain(claire)
        # Of the mount alone: the options of the file system name users that its owner cannot give.
        read_only = [*here, "mount", "-o", "remount,bind,ro", disk]
        wait_until(lambda: remounted(claire, read_only), "nobody has a file open for writing")
        # In WAL mode SQLite opens nothing there, and says no more than that.
        assert says(claire.post("/domains/add/", form), GONE)
        subprocess.run([*here, "mount", "-o", "remount,bind,rw", disk], check=True)
        assert claire.get("/domains/").status == 200
