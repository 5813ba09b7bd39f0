"""Controls: the ways of changing a live map that do not work, so that the test of ours means
something. Plain sendmail, one configuration at a fixed path."""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.fixtures.sandbox import Sink
from tests.integration.wrapper.list_server import MESSAGE, SECONDS, SYMPA, ListServer
from tests.integration.wrapper.submitters import busy

PATIENCE_S = 60.0
NO_HOST = 68
WAY_OUT = b".\tto_relay:[smtp1.renater.fr]\n"
OTHERS = b"".join(b"d%d.example\tesmtp:[127.0.0.1]\n" % number for number in range(20_000))

Change = Callable[[ListServer, int], None]


def makemap(server: ListServer, place: Path) -> list[str | Path]:
    cf = server.releases / "a/sympa.cf"
    return [server.tools.makemap, "-C", cf, "hash", place / "mailertable"]


def make_map(server: ListServer, place: Path) -> None:
    subprocess.run(makemap(server, place), input=WAY_OUT, check=True)
    (place / "mailertable.db").chmod(0o644)


def rename_over(server: ListServer, number: int) -> None:
    """A new map built beside the live one and renamed over it."""
    fresh = server.releases / "a/fresh.db"
    shutil.copy(server.releases / "built/mailertable.db", fresh)
    fresh.rename(server.releases / "a/mailertable.db")


def swap_link(server: ListServer, number: int) -> None:
    """The live map is a link, and the link is swapped."""
    fresh = server.releases / "a/fresh.db"
    fresh.symlink_to(server.releases / ("built", "other")[number % 2] / "mailertable.db")
    fresh.rename(server.releases / "a/mailertable.db")


def copy_over(server: ListServer, number: int) -> None:
    """A map built elsewhere and copied into the live file."""
    shutil.copyfile(server.releases / "built/mailertable.db", server.releases / "a/mailertable.db")


@pytest.fixture
def naive(server: ListServer, sink: Callable[..., Sink]) -> ListServer:
    """A fixed configuration with its map beside it, and two more maps."""
    server.make_release("a", sink("relay").port)
    for name in ("built", "other"):
        (server.releases / name).mkdir()
        make_map(server, server.releases / name)
    return server


def submit_plainly(server: ListServer) -> Callable[[str], int]:
    cf = str(server.releases / "a/sympa.cf")

    def submit(recipient: str) -> int:
        argv: list[str | Path] = [
            server.tools.sendmail,
            "-C",
            cf,
            *SYMPA,
            "-f",
            "",
            "--",
            recipient,
        ]
        command = server.tree.command(server.tree.users.spool, argv)
        done = subprocess.run(
            command, input=MESSAGE, capture_output=True, timeout=SECONDS, check=False
        )
        return done.returncode

    return submit


@pytest.mark.parametrize("change", [rename_over, swap_link, copy_over])
def test_a_live_map_that_is_changed_fails_submissions(naive: ListServer, change: Change) -> None:
    end = time.monotonic() + PATIENCE_S
    number = 0
    with busy(submit_plainly(naive)) as tally:
        while not tally.failures and time.monotonic() < end:
            change(naive, number)
            number += 1
            time.sleep(0.001)
    assert tally.failures


def test_a_live_map_whose_building_is_killed_sends_mail_past_the_relay(naive: ListServer) -> None:
    """makemap in place holds off readers while it runs, and is not all or nothing: the way out is
    missing, each domain is looked up instead, and refused for good."""
    building = subprocess.Popen(makemap(naive, naive.releases / "a"), stdin=subprocess.PIPE)
    assert building.stdin is not None
    building.stdin.write(OTHERS)
    building.stdin.flush()
    building.kill()
    building.wait()
    building.stdin.close()
    codes = [submit_plainly(naive)(f"r{number}@example.net") for number in range(3)]
    assert codes == [NO_HOST] * 3
