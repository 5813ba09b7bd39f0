"""A sandboxed host has a name and addresses of its own, so that sendmail starts at once."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from deploy.sandbox.hosts import AS_HOST, HostTree, Users
from deploy.sandbox.tools import SendmailTools
from tests.fixtures.sandbox import AsHost

MC = """\
include(`{cf}m4/cf.m4')dnl
OSTYPE(`debian')dnl
define(`confSERVICE_SWITCH_FILE', `{switch}')dnl
define(`confRUN_AS_USER', `{user}')dnl
define(`QUEUE_DIR', `{spool}')dnl
undefine(`confHOST_STATUS_DIRECTORY')dnl
undefine(`ALIAS_FILE')dnl
define(`SMART_HOST', `[smtp1.renater.fr]')dnl
MAILER(`local')dnl
MAILER(`smtp')dnl
"""


def build_cf(tree: HostTree, tools: SendmailTools) -> Path:
    """A small configuration of this host, everything to smtp1."""
    text = MC.format(
        cf=tools.cf_dir, switch=tree.service_switch, user=tree.users.spool, spool=tree.spool
    )
    argv = [str(tools.m4), "-D_NO_MAKEINFO_", f"-D_CF_DIR_={tools.cf_dir}"]
    built = subprocess.run(argv, input=text.encode(), capture_output=True, check=True)
    cf = tree.etc / "small.cf"
    cf.write_bytes(built.stdout)
    return cf


def test_the_host_has_its_own_fully_qualified_name_and_addresses(
    host_dir: Callable[..., HostTree], as_host: AsHost, unix_users: Users
) -> None:
    tree = host_dir()
    name = as_host(tree, unix_users.spool, "hostname", "--fqdn")
    address = as_host(tree, unix_users.spool, "getent", "hosts", "smtp1.renater.fr")
    assert (name.stdout, name.stderr) == (b"listes.renater.fr\n", b"")
    assert address.stdout.split() == [b"127.0.0.1", b"smtp1.renater.fr"]


def test_the_machine_keeps_its_own_name(
    host_dir: Callable[..., HostTree], as_host: AsHost, unix_users: Users
) -> None:
    before = os.uname().nodename
    as_host(host_dir(), unix_users.spool, "true")
    assert os.uname().nodename == before


def test_the_command_runs_as_the_user_with_a_clean_environment(
    host_dir: Callable[..., HostTree],
    as_host: AsHost,
    unix_users: Users,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("MAILADMIN_SECRET_KEY", "not for agents")
    tree = host_dir()
    user = as_host(tree, unix_users.deploy, "id", "--user", "--name").stdout.decode().strip()
    seen = as_host(tree, unix_users.deploy, "env").stdout.decode().split()
    assert user == unix_users.deploy
    assert sorted(line.partition("=")[0] for line in seen) == ["HOME", "LANG", "PATH"]


def test_the_exit_code_is_the_commands_own(
    host_dir: Callable[..., HostTree], as_host: AsHost, unix_users: Users
) -> None:
    assert as_host(host_dir(), unix_users.spool, "sh", "-c", "exit 75").returncode == 75


def test_sendmail_answers_without_its_sleep_of_a_minute(
    host_dir: Callable[..., HostTree],
    as_host: AsHost,
    sendmail_tools: SendmailTools,
    unix_users: Users,
) -> None:
    tree = host_dir()
    cf = build_cf(tree, sendmail_tools)
    answer = as_host(
        tree, unix_users.spool, sendmail_tools.sendmail, "-C", cf, "-bv", "a@example.org"
    )
    assert b"mailer relay, host [smtp1.renater.fr], user a@example.org" in answer.stdout
    assert (answer.returncode, answer.stderr) == (0, b"")


def test_a_missing_file_of_the_host_is_named(host_dir: Callable[..., HostTree]) -> None:
    tree = host_dir()
    (tree.etc / "hosts").unlink()
    refused = subprocess.run(
        tree.command(tree.users.spool, ["true"]), capture_output=True, check=False
    )
    assert refused.returncode == 66
    assert refused.stderr.decode().strip() == f"as-host: {tree.etc}/hosts is missing"


def test_this_machine_is_checked() -> None:
    checked = subprocess.run([AS_HOST, "--check"], capture_output=True, check=False)
    assert (checked.returncode, checked.stderr) == (0, b"")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root names a machine for a test")
def test_root_without_namespaces_runs_on_the_machine_itself_if_its_name_will_do(
    host_dir: Callable[..., HostTree], scratch: Path, unix_users: Users
) -> None:
    """As in a chroot whose directory is no mount point, where unshare --mount fails."""
    tree = host_dir()
    refusing = scratch / "unshare"
    refusing.write_text("#!/bin/sh\necho unshare: refused >&2\nexit 1\n")
    refusing.chmod(0o755)
    script = 'hostname "$1"; shift; PATH=$1:$PATH; shift; exec "$@"'

    def run(name: str) -> subprocess.CompletedProcess[bytes]:
        shell = ["unshare", "--uts", "sh", "-c", script, "sh", name, str(scratch)]
        argv = [*shell, *tree.command(unix_users.spool, ["sh", "-c", "id -un; hostname; pwd"])]
        return subprocess.run(argv, capture_output=True, check=False)

    ran, refused = run("bare.example.org"), run("bare")

    said = f"{unix_users.spool}\nbare.example.org\n{tree.path}\n"
    assert (ran.stdout.decode(), ran.stderr) == (said, b"")
    assert refused.returncode == 1
    assert b"mount --bind DIR DIR" in refused.stderr
