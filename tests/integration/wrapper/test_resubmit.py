"""A person submits a kept message again, and nobody gets it twice without being asked."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
from dataclasses import dataclass, fields
from pathlib import Path

import pytest

from deploy.sandbox.agents import toml_line
from deploy.sandbox.hosts import give_to, write_file
from mailadmin.wire.keys import generate, write_public
from tests.fixtures.sandbox import Sink, wait_until
from tests.integration.wrapper.gate import Gate
from tests.integration.wrapper.list_server import CHECKOUT, MESSAGE, ListServer, hide

ID = "<1@lists.renater.fr>"


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody on the list server, as the owner of its spool."""

    server: ListServer
    config: Path

    def command(self, *words: str, user: str | None = None) -> list[str]:
        program = ["env", f"--chdir={CHECKOUT}", sys.executable, "-m", "mailadmin.agent", "kept"]
        argv = [*program, "--config", str(self.config), *words]
        return self.server.tree.command(user or self.server.tree.users.spool, argv)

    def kept(self, *words: str, user: str | None = None) -> subprocess.CompletedProcess[str]:
        """Run `mailadmin-agent kept`."""
        return subprocess.run(
            self.command(*words, user=user),
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

    def repair(self) -> None:
        """Put the real sendmail in its place."""
        self.server.paths.sendmail.unlink(missing_ok=True)
        self.server.paths.sendmail.symlink_to(self.server.tools.sendmail)


@pytest.fixture
def person(bereft: ListServer) -> Person:
    """At first the list server has no sendmail."""
    home, owner = bereft.tree.spool_agent, bereft.tree.users.spool
    (home / "agent.key").unlink(missing_ok=True)
    write_public(home / "control.pub", generate(home / "agent.key").public_key())
    give_to(home / "agent.key", owner)
    write_file(home / "broker-url", "redis://127.0.0.1/0\n", 0o600, owner)
    top: dict[str, str | int | Path] = {
        "host": "listes",
        "role": "spool",
        "broker_url_file": home / "broker-url",
    }
    top |= {"control_public_key": home / "control.pub", "private_key": home / "agent.key"}
    config = bereft.config()
    # A file leaves out what is not there: the old files of a server that was adopted, say.
    table: dict[str, str | int | Path] = {
        item.name: getattr(config, item.name)
        for item in fields(config)
        if item.name != "name" and getattr(config, item.name) != item.default
    }
    lines = [toml_line(name, value) for name, value in {**top, "state_dir": home}.items()]
    lines += ["[mail_host]", *(toml_line(name, value) for name, value in table.items())]
    write_file(home / "agent.toml", "\n".join(lines) + "\n", 0o600, owner)
    return Person(bereft, home / "agent.toml")


def submit(server: ListServer, *recipients: str) -> str:
    """Submit a message that is kept; its name there."""
    before = {message.id for message in server.kept()}
    server.submit(*(recipients or ("a@example.net", "b@example.net")))
    (found,) = {message.id for message in server.kept()} - before
    return found


def test_kept_messages_are_listed_and_shown(person: Person) -> None:
    first, second = submit(person.server), submit(person.server, "c@example.net")
    listed, shown = person.kept("list"), person.kept("show", first)
    assert [line[: len(first)] for line in listed.stdout.splitlines()[::2]] == [first, second]
    for words in (ID, "list-owner@lists.renater.fr", "a@example.net, b@example.net", "exit 72"):
        assert words in shown.stdout
    assert (listed.returncode, shown.returncode, shown.stderr) == (0, 0, "")


def test_what_sendmail_never_saw_is_submitted_again_and_arrives_once(
    person: Person, relay: Sink
) -> None:
    found = submit(person.server)
    person.repair()
    done = person.kept("resubmit", found)
    assert (done.returncode, done.stderr) == (0, "")
    assert relay.recipients() == ["a@example.net", "b@example.net"]
    assert relay.messages()[0]["sender"] == "list-owner@lists.renater.fr"
    assert (person.server.kept_files(), person.server.queued()) == ([], [])


def test_what_the_spool_has_is_not_submitted_again(person: Person, relay: Sink) -> None:
    """The map was missing: sendmail has queued it, and said that something went wrong."""
    person.repair()
    table = person.server.releases / "a/mailertable.db"
    away = table.rename(table.with_name("away"))
    found = submit(person.server)
    away.rename(table)
    queued = person.kept("resubmit", found)
    person.server.call("-qf")
    delivered = person.kept("resubmit", found)
    assert (queued.returncode, delivered.returncode) == (1, 1)
    assert "for 2 of its 2 recipients; a queue run delivers that" in queued.stderr
    assert f"Look for {ID} in the mail log." in delivered.stderr
    assert relay.recipients() == ["a@example.net", "b@example.net"]


def test_a_cut_off_queue_file_is_called_one(person: Person) -> None:
    person.repair()
    (person.server.releases / "a/mailertable.db").unlink()
    found = submit(person.server)
    (data,) = person.server.tree.spool.glob("df*")
    os.truncate(data, 3)
    done = person.kept("show", found)
    assert "but cut off, 3 of 7 bytes of the body" in done.stdout


def test_force_submits_it_all_the_same(person: Person, relay: Sink) -> None:
    person.server.write_program("cat >/dev/null; exit 75")
    found = submit(person.server)
    person.repair()
    refused = person.kept("resubmit", found)
    forced = person.kept("resubmit", "--force", found)
    assert (refused.returncode, forced.returncode) == (1, 0)
    assert relay.recipients() == ["a@example.net", "b@example.net"]
    assert person.server.kept_files() == []


def test_another_packet_of_the_same_message_in_the_spool_is_no_obstacle(
    person: Person, relay: Sink
) -> None:
    found = submit(person.server)
    person.repair()
    person.server.make_release("down", 1)
    person.server.activate("down")
    person.server.submit("c@example.net")
    person.server.activate("a")
    assert len(person.server.queued()) == 2
    assert person.kept("resubmit", found).returncode == 0
    assert relay.recipients() == ["a@example.net", "b@example.net"]


def test_what_is_not_settled_again_is_kept_once_under_its_new_name(person: Person) -> None:
    found = submit(person.server)
    done = person.kept("resubmit", found)
    (message,) = person.server.kept()
    assert done.returncode == 72
    assert message.id > found
    assert done.stderr.endswith(f"It was not settled and is kept again, as {message.id}.\n")
    assert (person.server.tree.kept / message.id / "message").read_bytes() == MESSAGE


def test_without_a_new_copy_the_old_one_stays_and_remembers(person: Person) -> None:
    """The kept area takes no new entry, and sendmail is still missing."""
    found = submit(person.server)
    person.server.tree.kept.chmod(0o500)
    failed = person.kept("resubmit", found)
    person.server.tree.kept.chmod(0o700)
    assert failed.returncode == 72
    assert f"{found} is still kept" in failed.stderr
    again = person.kept("resubmit", found)
    assert again.returncode == 1
    assert "Somebody began to submit it again at" in again.stderr


def test_a_person_who_is_killed_leaves_a_mark_and_no_second_submission(
    person: Person, relay: Sink, gate: Gate
) -> None:
    found = submit(person.server)
    person.repair()
    person.server.make_release("gated", gate.port)
    person.server.activate("gated")
    process = subprocess.Popen(person.command("resubmit", found), start_new_session=True)
    wait_until(lambda: len(person.server.queued()) == 2, "sendmail has queued the message", 60)
    in_work = person.kept("resubmit", "--force", found)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    gate.open_to(relay.port)
    wait_until(lambda: len(relay.recipients()) == 2, "it is delivered")
    wait_until(lambda: not any(message.running for message in person.server.kept()), "it ended")
    asked = person.kept("resubmit", found)
    assert (in_work.returncode, asked.returncode) == (1, 1)
    assert "Somebody is submitting it now." in in_work.stderr
    assert "Somebody began to submit it again at" in asked.stderr
    assert relay.recipients() == ["a@example.net", "b@example.net"]


def test_a_message_in_work_or_cut_off_is_never_submitted(person: Person, relay: Sink) -> None:
    found = submit(person.server)
    person.repair()
    place = person.server.tree.kept / found
    with (place / "message").open("rb") as message:
        fcntl.flock(message, fcntl.LOCK_EX)
        in_work = person.kept("resubmit", "--force", found)
    unfinished = place.rename(place.with_name(f".{found}.partial"))
    os.utime(unfinished, (1, 1))
    cut_off = person.kept("resubmit", "--force", found)
    assert (in_work.returncode, cut_off.returncode, relay.messages()) == (1, 1, [])
    assert "Somebody is submitting it now." in in_work.stderr
    assert "its end is missing" in cut_off.stderr


@pytest.mark.parametrize("name", ["1763868812.123456-4711", "../spool", "", "/etc"])
def test_what_is_not_kept_is_said(person: Person, name: str) -> None:
    done = person.kept("resubmit", name)
    assert (done.returncode, done.stdout) == (66, "")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be another user")
def test_only_the_owner_of_the_spool_may(person: Person) -> None:
    found = submit(person.server)
    done = person.kept("resubmit", found, user="root")
    assert (done.returncode, len(person.server.kept())) == (77, 1)
    assert f"Run this as {person.server.tree.users.spool}, the owner of" in done.stderr


def test_a_spool_that_cannot_be_read_stops_it(person: Person, relay: Sink) -> None:
    found = submit(person.server)
    person.repair()
    hide(person.server.tree.spool)
    done = person.kept("resubmit", found)
    person.server.tree.spool.chmod(0o700)
    give_to(person.server.tree.spool, person.server.tree.users.spool)
    assert (done.returncode, relay.messages()) == (74, [])
    assert f"{person.server.tree.spool} cannot be used: Permission denied." in done.stderr


def test_what_the_spool_has_is_removed_and_arrives_once(person: Person, relay: Sink) -> None:
    person.repair()
    table = person.server.releases / "a/mailertable.db"
    away = table.rename(table.with_name("away"))
    found = submit(person.server)
    away.rename(table)
    done = person.kept("remove", found)
    assert (done.returncode, done.stdout) == (0, f"{found} was removed.\n")
    assert person.server.kept_files() == []
    assert person.kept("list").stderr == "No message is kept.\n"
    person.server.call("-qf")
    assert relay.recipients() == ["a@example.net", "b@example.net"]


def test_the_only_copy_is_removed_by_force_alone(person: Person) -> None:
    found = submit(person.server)
    refused = person.kept("remove", found)
    assert refused.returncode == 1
    assert refused.stderr.startswith("Nothing else has it.\nNothing was removed.")
    assert [message.id for message in person.server.kept()] == [found]
    assert person.kept("remove", "--force", found).returncode == 0
    assert person.server.kept_files() == []


def test_a_message_in_work_is_not_removed(person: Person) -> None:
    found = submit(person.server)
    with (person.server.tree.kept / found / "message").open("rb") as message:
        fcntl.flock(message, fcntl.LOCK_EX)
        refused = person.kept("remove", "--force", found)
    assert (refused.returncode, refused.stdout) == (1, "")
    assert [entry.id for entry in person.server.kept()] == [found]
