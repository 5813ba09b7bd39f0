"""Which configuration sendmail gets: current, else last-good, else the one from the install."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.fixtures.sandbox import Sink, wait_until
from tests.integration.wrapper.list_server import MESSAGE, SYMPA, ListServer, hide

Damage = Callable[[ListServer], object]


def remove_link(server: ListServer) -> None:
    (server.tree.routing / "current").unlink()


def remove_configuration(server: ListServer) -> None:
    (server.releases / "a/sympa.cf").unlink()


def empty_configuration(server: ListServer) -> None:
    (server.releases / "a/sympa.cf").write_bytes(b"")


def make_configuration_a_directory(server: ListServer) -> None:
    remove_configuration(server)
    (server.releases / "a/sympa.cf").mkdir()


def make_link_a_file(server: ListServer) -> None:
    remove_link(server)
    (server.tree.routing / "current").write_text("releases/a")


DAMAGES: dict[str, Damage] = {
    "no link": remove_link,
    "a file in its place": make_link_a_file,
    "dangling": lambda server: server.activate("gone"),
    "absolute": lambda server: server.point("current", str(server.releases / "a")),
    "outside": lambda server: server.point("current", "releases/../releases/a"),
    "deeper": lambda server: server.point("current", "releases/a/."),
    "the directory of releases": lambda server: server.point("current", "releases/"),
    "itself": lambda server: server.point("current", "current"),
    "hidden": lambda server: server.point("current", "releases/.a"),
    "no configuration": remove_configuration,
    "empty configuration": empty_configuration,
    "configuration is a directory": make_configuration_a_directory,
    "unreadable configuration": lambda server: hide(server.releases / "a/sympa.cf"),
}


@pytest.fixture(params=DAMAGES.values(), ids=list(DAMAGES))
def broken(request: pytest.FixtureRequest, live: ListServer) -> ListServer:
    """A list server whose live release cannot be used."""
    damage: Damage = request.param
    damage(live)
    return live


def test_last_good_takes_over_and_it_is_said(broken: ListServer, relay: Sink) -> None:
    broken.make_release("b", relay.port)
    broken.point("last-good", "releases/b")
    done = broken.submit("a@example.net")
    assert (done.returncode, relay.recipients()) == (0, ["a@example.net"])
    assert b"current cannot be used (" in done.stderr
    assert done.stderr.strip().endswith(b": taking last-good")


def test_the_configuration_of_the_install_takes_over_last(broken: ListServer, relay: Sink) -> None:
    baked = broken.make_release("b", relay.port)
    shutil.copy(baked / "sympa.cf", broken.paths.baked)
    done = broken.submit("a@example.net")
    assert (done.returncode, relay.recipients()) == (0, ["a@example.net"])
    assert f"taking {broken.paths.baked}".encode() in done.stderr


def test_without_any_configuration_the_message_is_kept(server: ListServer) -> None:
    done = server.submit("a@example.net")
    (message,) = server.kept()
    assert (done.returncode, message.ended, message.release) == (72, "exit 72", "baked")


def test_the_live_release_is_used_although_last_good_is_another(
    live: ListServer, relay: Sink, silent_port: int
) -> None:
    live.make_release("b", silent_port)
    live.point("last-good", "releases/b")
    done = live.submit("a@example.net")
    assert (done.returncode, done.stderr, relay.recipients()) == (0, b"", ["a@example.net"])


def test_a_release_in_use_is_locked_until_the_submission_ends(
    server: ListServer, silent_port: int
) -> None:
    release = server.make_release("a", silent_port)
    server.activate("a")
    command = server.command(*SYMPA, "-OTimeout.initial=1s", "--", "a@example.net")
    process = subprocess.Popen(command, stdin=subprocess.PIPE)
    assert process.stdin is not None
    process.stdin.write(MESSAGE)
    process.stdin.close()
    wait_until(lambda: not can_be_removed(release), "the release is locked")
    process.wait(timeout=300)
    assert can_be_removed(release)


def can_be_removed(release: Path) -> bool:
    directory = os.open(release, os.O_RDONLY)
    try:
        fcntl.flock(directory, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(directory)
    return True


def test_a_release_that_is_being_removed_is_used_with_a_warning(
    live: ListServer, relay: Sink
) -> None:
    directory = os.open(live.releases / "a", os.O_RDONLY)
    fcntl.flock(directory, fcntl.LOCK_EX)
    done = live.submit("a@example.net")
    os.close(directory)
    assert (done.returncode, relay.recipients()) == (0, ["a@example.net"])
    assert b"release a cannot be locked against removal" in done.stderr
