"""root becomes the spool's owner before it reads anything that the owner can write."""

from __future__ import annotations

import os
from dataclasses import replace

import pytest

from tests.fixtures.sandbox import Sink
from tests.integration.wrapper.list_server import SYMPA, ListServer

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can start it as root")


def test_a_submission_runs_as_the_owner(other: ListServer) -> None:
    other.write_program("id -un; id -Gn; grep ^Groups: /proc/self/status; exit 75")
    done = other.call(*SYMPA, "--", "a@example.net", user="root")
    (place,) = other.tree.kept.iterdir()
    name, groups, _ = done.stdout.decode().splitlines()
    assert (name, groups) == (other.tree.users.spool, other.tree.users.spool)
    assert place.owner() == other.tree.users.spool


def test_a_mode_runs_as_the_owner(other: ListServer) -> None:
    other.write_program("id -u; id -ru; id -G")
    sympa = other.tree.spool.stat()
    done = other.call("-qf", user="root")
    assert done.stdout.decode().split() == [str(sympa.st_uid), str(sympa.st_uid), str(sympa.st_gid)]


def test_a_message_that_root_submits_leaves_nothing_of_root(
    server: ListServer, silent_port: int
) -> None:
    server.make_release("a", silent_port)
    server.activate("a")
    options = ("-OTimeout.initial=1s", "-OTimeout.iconnect=1s")
    done = server.call(*SYMPA, *options, "--", "a@example.net", user="root")
    assert done.returncode == 0
    assert {path.owner() for path in server.tree.spool.iterdir()} == {server.tree.users.spool}


def test_it_is_delivered(live: ListServer, relay: Sink) -> None:
    done = live.call(*SYMPA, "--", "a@example.net", user="root")
    assert (done.returncode, relay.recipients()) == (0, ["a@example.net"])


@pytest.mark.parametrize(
    ("owner", "said"), [("nobody-of-that-name", b"there is no user"), ("root", b"is root too")]
)
def test_without_an_owner_to_become_nothing_runs(
    live: ListServer, relay: Sink, owner: str, said: bytes
) -> None:
    paths = replace(live.paths, owner=owner)
    ownerless = replace(live, paths=paths).with_wrapper("sendmail-ownerless", paths.sendmail)
    done = ownerless.call(*SYMPA, "--", "a@example.net", user="root")
    assert (done.returncode, relay.messages()) == (71, [])
    assert said in done.stderr
