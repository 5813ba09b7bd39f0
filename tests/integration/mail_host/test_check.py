"""`mailadmin-agent check` on a sandboxed list server: each finding is seen to come and to go."""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from deploy.sandbox.broker import Broker
from deploy.sandbox.hosts import HostTree, give_to, write_file
from deploy.sandbox.tools import SendmailTools
from mailadmin.wire.keys import generate, write_public
from tests.fixtures.sandbox import CHECKOUT, AsHost

DIGEST = "ab" * 32
ROOT_ONLY = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
# What a sandbox has by its nature: kept area and spool on one disk, maybe a clock that nobody
# keeps, little room, and a wrapper that belongs to who runs the tests.
NATURE = {"same_disk", "clock_free", "nearly_full"} | (
    set() if os.geteuid() == 0 else {"wrapper_writable"}
)


@dataclass(frozen=True, slots=True)
class Checked:
    """A list server on which all is well, until a test breaks something."""

    tree: HostTree
    config: Path
    sympa_conf: Path
    as_host: AsHost

    def run(self, *options: str) -> subprocess.CompletedProcess[bytes]:
        argv = ["/usr/bin/env", f"--chdir={CHECKOUT}", sys.executable, "-m", "mailadmin.agent"]
        argv += ["check", "--config", str(self.config), "--sympa-conf", str(self.sympa_conf)]
        user = "root" if os.geteuid() == 0 else self.tree.users.deploy
        return self.as_host(self.tree, user, *argv, *options, seconds=300)

    def findings(self) -> list[dict[str, str]]:
        ran = self.run("--json")
        assert ran.stderr == b""
        found: list[dict[str, str]] = json.loads(ran.stdout)
        worst = {finding["severity"] for finding in found}
        assert ran.returncode == (2 if "error" in worst else 1 if worst else 0)
        return [finding for finding in found if finding["code"] not in NATURE]

    def pairs(self) -> set[tuple[str, str]]:
        """Code and last part of the subject's path."""
        return {(found["code"], Path(found["subject"]).name) for found in self.findings()}

    def write(self, old: str, new: str) -> None:
        text = self.config.read_text()
        assert old in text
        write_file(self.config, text.replace(old, new), 0o600, self.tree.users.deploy)


@pytest.fixture
def checked(
    host_dir: Callable[..., HostTree],
    sendmail_tools: SendmailTools,
    redis_server: Broker,
    as_host: AsHost,
) -> Checked:
    tree = host_dir()
    key = generate(tree.deploy / "agent.key")
    write_public(tree.deploy / "control.pub", key.public_key())
    give_to(tree.deploy / "agent.key", tree.users.deploy)
    write_file(tree.deploy / "broker-url", redis_server.url("admin"), 0o600, tree.users.deploy)
    build_wrapper(tree, sendmail_tools)
    sympa_conf = tree.etc / "sympa/sympa/sympa.conf"
    sympa_conf.parent.mkdir(parents=True)
    sympa_conf.write_text(f"sendmail\t{tree.wrapper}\nsendmail_args\t-L sm-sympa -oi\n")
    config = tree.deploy / "agent.toml"
    write_file(config, toml_of(tree, sendmail_tools), 0o600, tree.users.deploy)
    return Checked(tree, config, sympa_conf, as_host)


def build_wrapper(tree: HostTree, tools: SendmailTools) -> None:
    argv: list[str | Path] = [CHECKOUT / "deploy/wrapper/build"]
    argv += ["--out", tree.wrapper, "--routing", tree.routing]
    argv += ["--sendmail", tools.sendmail, "--kept", tree.kept, "--owner", tree.users.spool]
    subprocess.run([*argv, "--baked", tree.baked_cf], check=True)


def toml_of(tree: HostTree, tools: SendmailTools) -> str:
    home = tree.deploy
    values = {
        "fqdn": tree.fqdn,
        "kind": "list_server",
        "routing": tree.routing,
        "spool": tree.spool,
        "run_dir": tree.run,
        "kept": tree.kept,
        "dead_letter": tree.dead_letter,
        "sendmail": tools.sendmail,
        "makemap": tools.makemap,
        "m4": tools.m4,
        "cf_dir": tools.cf_dir,
        "wrapper": tree.wrapper,
        "owner": tree.users.spool,
        "group": tree.group,
        "trusted_user": tree.users.spool,
    }
    lines = [f'{name} = "{value}"' for name, value in values.items()]
    return f"""host = "listes"
role = "deploy"
broker_url_file = "{home}/broker-url"
control_public_key = "{home}/control.pub"
private_key = "{home}/agent.key"
state_dir = "{home}"
[mail_host]
""" + "\n".join(lines)


def make_release(tree: HostTree) -> Path:
    release = tree.routing / "releases" / DIGEST
    release.mkdir()
    (release / "sympa.cf").write_text("V10\n")
    (release / "sympa.cf").chmod(0o644)
    (tree.routing / "current").symlink_to(Path("releases") / DIGEST)
    return release


@contextmanager
def mode(path: Path, value: int) -> Iterator[None]:
    before = stat.S_IMODE(path.stat().st_mode)
    path.chmod(value)
    yield
    path.chmod(before)


@contextmanager
def away(path: Path) -> Iterator[None]:
    elsewhere = path.with_name(f"{path.name}.away")
    path.rename(elsewhere)
    yield
    if path.exists():
        path.unlink()
    elsewhere.rename(path)


@contextmanager
def written(checked: Checked, old: str, new: str) -> Iterator[None]:
    checked.write(old, new)
    yield
    checked.write(new, old)


@contextmanager
def text(path: Path, value: str) -> Iterator[None]:
    before = path.read_text()
    path.write_text(value)
    yield
    path.write_text(before)


def test_where_all_is_well_it_says_nothing(checked: Checked) -> None:
    make_release(checked.tree)
    assert checked.findings() == []


def test_modes_of_directories_and_files(checked: Checked) -> None:
    tree, release = checked.tree, make_release(checked.tree)
    with (
        mode(tree.routing / "releases", 0o777),
        mode(tree.spool, 0o755),
        mode(tree.kept, 0o770),
        mode(tree.run, 0o700),
        mode(tree.path.parent, 0o775),
        mode(tree.wrapper, 0o4755),
        mode(tree.deploy / "control.pub", 0o666),
    ):
        assert checked.pairs() == {
            ("others_write", "releases"),
            ("others_read", "spool"),
            ("others_write", "kept"),
            ("shut", "run"),
            ("unsafe_parent", "hosts"),
            ("wrapper_setuid", "sendmail"),
            ("others_write", "control.pub"),
        }
    assert checked.pairs() == set()
    # Both users are the owner of everything when one plays them; its own rights count then.
    with mode(release / "sympa.cf", 0o200):
        assert ("unreadable", "sympa.cf") in checked.pairs()
    assert checked.pairs() == set()


def test_what_is_missing_is_listed_whole(checked: Checked) -> None:
    tree = checked.tree
    with (
        away(tree.kept),
        away(tree.run),
        away(tree.wrapper),
        away(checked.sympa_conf),
        written(checked, "/makemap", "/no-makemap"),
        written(checked, 'm4 = "', 'm4 = "/nowhere'),
        written(checked, "/sendmail/cf/", "/sendmail/no-cf"),
    ):
        (tree.routing / "current").symlink_to(Path("releases") / DIGEST)
        pairs = checked.pairs()
        (tree.routing / "current").unlink()
        assert pairs == {
            ("missing", "kept"),
            ("missing", "run"),
            ("missing", "sendmail"),
            ("missing", "no-makemap"),
            ("missing", "m4"),
            ("missing", "cf.m4"),
            ("cf_dir", "no-cf"),
            ("link", "current"),
            ("no_sympa_conf", "sympa.conf"),
        }
    assert checked.pairs() == set()


def test_users_that_do_not_exist(checked: Checked) -> None:
    owner, group = checked.tree.users.spool, checked.tree.group
    with written(checked, f'owner = "{owner}"\ngroup = "{group}"', 'owner = "no1"\ngroup = "no2"'):
        found = checked.findings()
    assert {f["subject"] for f in found if f["code"] == "no_user"} == {"no1", "no2"}
    assert {f["subject"] for f in found if f["code"] == "owner"} == {
        str(checked.tree.spool),
        str(checked.tree.kept),
        str(checked.tree.run),
    }
    assert checked.findings() == []


def test_links_that_are_not_ours(checked: Checked) -> None:
    current = checked.tree.routing / "current"
    current.symlink_to("/etc")
    assert checked.pairs() == {("link", "current")}
    current.unlink()
    assert checked.pairs() == set()


@pytest.mark.parametrize(
    ("settings", "code"),
    [
        ("", "no_wrapper"),
        ("sendmail /usr/sbin/sendmail\nsendmail_args -oi -odi", "no_wrapper"),
        ("sendmail_args -oi -C /etc/mail/sympa.cf", "other_configuration"),
        ("sendmail_args -oi -C {current}/sympa.cf", "literal_c"),
        ("sendmail {wrapper}\nsendmail_args -oi -C/etc/mail/sympa.cf", "dropped_c"),
    ],
)
def test_what_sympa_calls(checked: Checked, settings: str, code: str) -> None:
    tree = checked.tree
    filled = settings.format(wrapper=tree.wrapper, current=tree.routing / "current")
    with text(checked.sympa_conf, f"domain renater.fr\n{filled}\n"):
        (found,) = checked.findings()
        assert (found["code"], found["subject"]) == (code, str(checked.sympa_conf))
    assert checked.findings() == []


def test_a_robot_that_calls_another_sendmail(checked: Checked) -> None:
    robot = checked.sympa_conf.parent.parent / "jres.org/robot.conf"
    robot.parent.mkdir()
    robot.write_text("title JRES\n")
    assert checked.findings() == []
    robot.write_text("sendmail_args -oi -C /etc/mail/jres.cf\n")
    assert checked.pairs() == {("other_configuration", "robot.conf")}


def test_names_of_the_host(checked: Checked) -> None:
    etc = checked.tree.etc
    with written(checked, 'fqdn = "listes.renater.fr"', 'fqdn = "lists.renater.fr"'):
        assert checked.pairs() == {("other_name", "listes.renater.fr")}
    with text(etc / "hostname", "lonely\n"), text(etc / "hosts", "127.0.0.1\tlonely localhost\n"):
        assert checked.pairs() == {("short_name", "lonely")}
    assert checked.pairs() == set()


def test_a_sendmail_of_another_time_and_without_btree(checked: Checked, scratch: Path) -> None:
    program = scratch / "old-sendmail"
    program.write_text("#!/bin/sh\necho Version 8.11.6\necho ' Compiled with: DNSMAP LOG'\n")
    program.chmod(0o755)
    tree = checked.tree
    real = next(
        line.split('"')[1]
        for line in checked.config.read_text().splitlines()
        if line.startswith("sendmail =")
    )
    with written(checked, f'sendmail = "{real}"', f'sendmail = "{program}"'):
        assert checked.pairs() == {
            ("sendmail_version", program.name),
            ("no_btree", program.name),
            # The wrapper runs the other one.
            ("wrapper_paths", tree.wrapper.name),
        }
        program.write_text("#!/bin/sh\necho postfix\n")
        assert ("no_sendmail", program.name) in checked.pairs()
    assert checked.pairs() == set()


def test_redis_that_does_not_answer_or_refuses(checked: Checked, redis_server: Broker) -> None:
    broker_url = checked.tree.deploy / "broker-url"
    for url in ("redis://127.0.0.1:1/0", f"redis://admin:wrong@127.0.0.1:{redis_server.port}/0"):
        with text(broker_url, url):
            assert [found["code"] for found in checked.findings()] == ["redis"]
    with text(broker_url, "redis://user:secret@redis.invalid/0"):
        found = checked.findings()
    assert {item["code"] for item in found} == {"redis", "no_tls"}
    assert "secret" not in json.dumps(found)
    assert checked.findings() == []


def test_the_agents_own_files(checked: Checked) -> None:
    home = checked.tree.deploy
    with (
        mode(home / "agent.key", 0o640),
        mode(home, 0o750),
        written(checked, 'role = "deploy"', 'role = "x"'),
    ):
        found = checked.findings()
    assert [item["code"] for item in found] == ["configuration"] * 3
    journal = home / "journal.sqlite3"
    journal.touch()
    os.utime(journal, (4e9, 4e9))
    assert checked.pairs() == {("clock_back", "clock")}
    journal.unlink()
    assert checked.findings() == []


def test_a_file_that_is_no_configuration_is_an_error(checked: Checked) -> None:
    with text(checked.config, "not toml"):
        (found,) = checked.findings()
    assert found["code"] == "configuration"


@ROOT_ONLY
def test_owners(checked: Checked) -> None:
    tree = checked.tree
    queued = tree.spool / "qf6AMJt1hP022038"
    queued.write_text("V8\n")
    shutil.chown(tree.routing, "nobody")
    shutil.chown(tree.deploy / "agent.key", "nobody")
    shutil.chown(tree.wrapper, tree.users.spool)
    with mode(tree.path, 0o750):
        assert checked.pairs() >= {
            ("owner", "routing"),
            ("owner", "agent.key"),
            ("strangers", "spool"),
            ("wrapper_writable", "sendmail"),
            ("shut_parent", tree.path.name),
        }
    give_to(tree.routing, tree.users.deploy)
    give_to(tree.deploy / "agent.key", tree.users.deploy)
    give_to(queued, tree.users.spool)
    shutil.chown(tree.wrapper, "root")
    assert checked.pairs() == set()


def test_a_runner_that_nobody_started_or_that_is_late(checked: Checked) -> None:
    make_release(checked.tree)
    place, late = checked.tree.deploy / "queue-run", ("queue_run", "mailadmin-queue-run.timer")
    place.mkdir()
    with written(checked, 'role = "deploy"', 'role = "spool"'):
        assert late in checked.pairs()
        for ago, found in ((60, False), (3600, True)):
            began = int(time.time()) - ago
            run = {"began": began, "ended": began + 1, "exit_code": 0}
            (place / "last.json").write_text(json.dumps(run))
            assert (late in checked.pairs()) is found
    assert late not in checked.pairs(), "the deploy agent's file is not asked about it"


def test_a_spool_that_is_missing_or_that_the_agent_cannot_read(checked: Checked) -> None:
    make_release(checked.tree)
    other = checked.tree.path / "mqueue"
    more = f'[mail_host]\nother_spools = ["{other}/q*"]'
    with (
        written(checked, 'role = "deploy"', 'role = "spool"'),
        written(checked, "[mail_host]", more),
    ):
        assert ("spool_unreadable", "q*") in checked.pairs()
        for name in ("q1", "q2"):
            (other / name).mkdir(parents=True)
            (other / name).chmod(0o755)
        assert not [code for code, _ in checked.pairs() if code == "spool_unreadable"]
        if os.geteuid() == 0:
            (other / "q2").chmod(0o700)
            assert ("spool_unreadable", "q2") in checked.pairs()


def test_files_of_before_that_the_spool_agent_cannot_read(checked: Checked) -> None:
    place = checked.tree.path / "before"
    place.mkdir()
    place.chmod(0o755)
    named = f"""[mail_host]
existing_cf = "{place}/sympa.cf"
existing_mailertable = "{place}/mailertable"
existing_class_w = ["{place}/local-host-names"]
existing_robots = "{place}/robots"
mta_local_names = ["{place}/names"]
mta_relay_domains = ["{place}/relay-domains"]
"""
    files = ("mailertable", "local-host-names", "names", "relay-domains")

    def said() -> set[tuple[str, str]]:
        return {pair for pair in checked.pairs() if pair[0].startswith("existing_")}

    with (
        written(checked, 'role = "deploy"', 'role = "spool"'),
        written(checked, "[mail_host]", named),
    ):
        assert said() == {("existing_unreadable", name) for name in (*files, "robots")}
        (place / "robots").mkdir()
        for name in files:
            (place / name).write_text("x.example\n")
            (place / name).chmod(0o644)
        (place / "robots").chmod(0o755)
        assert said() == set()
        (place / "mailertable").chmod(0o666)
        assert said() == {("existing_owner", "mailertable")}
        (place / "mailertable").unlink()
        (place / "mailertable").symlink_to("/etc/passwd")
        assert said() == {("existing_unreadable", "mailertable")}
        if os.geteuid() == 0:
            (place / "local-host-names").chmod(0o600)
            assert ("existing_unreadable", "local-host-names") in said()
            place.chmod(0o700)
            assert ("existing_unreadable", "before") in said()


def test_people_read_it_too(checked: Checked) -> None:
    with mode(checked.tree.wrapper, 0o6755):
        said = checked.run().stdout.decode()
    assert "error    wrapper_setuid" in said
    assert "chmod ug-s" in said
    assert said.splitlines()[-1].startswith("1 errors, ")


def test_the_key_is_made_once_and_is_the_agents_own(checked: Checked) -> None:
    key = checked.tree.deploy / "agent.key"
    key.unlink()
    argv = [sys.executable, "-m", "mailadmin.agent", "key", "--config", str(checked.config)]
    first, again = (
        subprocess.run(argv, cwd=CHECKOUT, capture_output=True, check=True) for _ in range(2)
    )
    assert first.stdout == again.stdout
    assert key.with_suffix(".pub").read_bytes() == first.stdout
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert key.owner() == checked.tree.users.deploy
