"""The directory of one sandboxed mail host: what /var/lib/mailadmin is on a real one."""

from __future__ import annotations

import grp
import os
import pwd
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

AS_HOST = Path(__file__).resolve().parent / "as-host"


@dataclass(frozen=True, slots=True)
class Users:
    """The unix users of a mail host: `deploy` owns releases, `spool` owns spool and kept copies."""

    deploy: str
    spool: str


def sandbox_users() -> Users:
    """As root two real users, as on a mail host; a normal user plays both."""
    if os.geteuid() == 0:
        return Users("mailadmin", "sympa")
    me = pwd.getpwuid(os.geteuid()).pw_name
    return Users(me, me)


@dataclass(frozen=True, slots=True)
class HostTree:
    """One sandboxed host and its directories."""

    path: Path
    fqdn: str
    users: Users

    @property
    def routing(self) -> Path:
        """releases/, current and last-good."""
        return self.path / "routing"

    @property
    def kept(self) -> Path:
        """Messages that the wrapper could not hand over."""
        return self.path / "kept"

    @property
    def spool(self) -> Path:
        return self.path / "spool"

    @property
    def run(self) -> Path:
        return self.path / "run"

    @property
    def deploy(self) -> Path:
        """Journal, key and broker address of the deploy agent."""
        return self.path / "deploy"

    @property
    def spool_agent(self) -> Path:
        """Journal, key and broker address of the spool agent."""
        return self.path / "spool-agent"

    @property
    def etc(self) -> Path:
        return self.path / "etc"

    @property
    def wrapper(self) -> Path:
        return self.path / "bin/sendmail"

    @property
    def as_sympa(self) -> Path:
        """A script that runs a command as Sympa's user on this host."""
        return self.path / "bin/as-sympa"

    @property
    def service_switch(self) -> Path:
        return self.etc / "service.switch"

    @property
    def baked_cf(self) -> Path:
        """The configuration that the wrapper uses when no release can be read."""
        return self.etc / "baked/sympa.cf"

    @property
    def table_before(self) -> Path:
        """The table that the site had, as its admin wrote it."""
        return self.baked_cf.with_name("mailertable.before")

    @property
    def sympa(self) -> Path:
        """The directory of the robots' directories."""
        return self.etc / "sympa"

    @property
    def mta_local_names(self) -> Path:
        """What the MTA beside Sympa would have in class w."""
        return self.etc / "mail/local-host-names"

    @property
    def mta_relay_domains(self) -> Path:
        return self.etc / "mail/relay-domains"

    @property
    def dead_letter(self) -> Path:
        return self.run / "dead.letter"

    @property
    def group(self) -> str:
        """The group of the spool's owner."""
        return grp.getgrgid(pwd.getpwnam(self.users.spool).pw_gid).gr_name

    def command(self, user: str, argv: Sequence[str | Path]) -> list[str]:
        """The argument list that runs `argv` on this host as `user`, with a clean environment."""
        return [str(AS_HOST), str(self.path), user, "--", *map(str, argv)]


def make_host(path: Path, fqdn: str, addresses: Mapping[str, str], users: Users) -> HostTree:
    """Make the directories and etc/ files of a host; what is there already stays.

    `addresses` maps names that the host can look up to an address; its own name is 127.0.0.1.
    """
    tree = HostTree(path, fqdn, users)
    for directory in (path, tree.etc, tree.wrapper.parent):
        make_directory(directory, 0o755)
    make_directory(tree.routing, 0o755, users.deploy)
    make_directory(tree.routing / "releases", 0o755, users.deploy)
    make_directory(tree.deploy, 0o700, users.deploy)
    make_directory(tree.run, 0o755, users.spool)
    for private in (tree.kept, tree.spool, tree.spool_agent):
        make_directory(private, 0o700, users.spool)
    write_etc(tree, addresses)
    write_file(tree.as_sympa, f'#!/bin/sh\nexec "{AS_HOST}" {path} {users.spool} -- "$@"\n', 0o755)
    return tree


def write_etc(tree: HostTree, addresses: Mapping[str, str]) -> None:
    short = tree.fqdn.partition(".")[0]
    lines = [f"127.0.0.1\t{tree.fqdn} {short} localhost"]
    lines += [f"{address}\t{name}" for name, address in addresses.items() if name != tree.fqdn]
    texts = {
        "hostname": f"{tree.fqdn}\n",
        "hosts": "\n".join(lines) + "\n",
        # No name server answers in the sandbox, and a dead one costs seconds a message.
        "resolv.conf": "",
        "nsswitch.conf": files_only(Path("/etc/nsswitch.conf")),
        "service.switch": "hosts\tfiles\n",
    }
    for name, text in texts.items():
        write_file(tree.etc / name, text, 0o644)


def files_only(machine: Path) -> str:
    """The machine's name service switch (its users may come from elsewhere), hosts from files."""
    lines = machine.read_text().splitlines() if machine.exists() else []
    kept = [line for line in lines if not line.startswith(("hosts:", "#")) and line.strip()]
    return "\n".join([*kept, "hosts: files"]) + "\n"


def make_directory(path: Path, mode: int, owner: str | None = None) -> None:
    """Make a directory with exactly this mode; as root it belongs to `owner` and their group."""
    path.mkdir(parents=True, exist_ok=True)
    path.chmod(mode)
    give_to(path, owner)


def write_file(path: Path, text: str, mode: int, owner: str | None = None) -> None:
    """Write a file that never has a wider mode than this, not even for a moment."""
    fresh = path.with_name(path.name + ".new")
    fresh.unlink(missing_ok=True)
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "w") as out:
        out.write(text)
    fresh.chmod(mode)
    give_to(fresh, owner)
    fresh.rename(path)


def give_to(path: Path, owner: str | None) -> None:
    if owner is not None and os.geteuid() == 0:
        shutil.chown(path, owner, pwd.getpwnam(owner).pw_gid)
