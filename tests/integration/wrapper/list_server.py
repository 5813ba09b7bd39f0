"""A list server for the wrapper's tests: releases of real m4 and makemap, and submissions."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from deploy.sandbox.hosts import HostTree, Users, give_to, make_host
from deploy.sandbox.tools import SendmailTools
from routing.agent.host import HostConfig
from routing.core.facts import HostKind
from spools.agent.kept import list_kept
from spools.core.kept import KeptMessage
from tests.fixtures.mounts import in_mounts

CHECKOUT = Path(__file__).resolve().parents[3]
BUILD = CHECKOUT / "deploy/wrapper/build"
CONFIGURATION_SOURCE = CHECKOUT / "tests/data/wrapper/sympa.mc"
# The arguments of the seed's sympa.conf, which Sympa puts before its own.
SYMPA = ("-L", "sm-sympa", "-oi", "-odi", "-oem", "-Am")
MESSAGE = (
    b"From: list@lists.renater.fr\nSubject: a test\nMessage-ID: <1@lists.renater.fr>\n\nHello.\n"
)
SECONDS = 120.0


@dataclass(frozen=True, slots=True)
class Paths:
    """What is baked into a wrapper."""

    out: Path
    routing: Path
    sendmail: Path
    kept: Path
    owner: str
    baked: Path

    def build_command(self) -> list[str]:
        """The argument list that builds it."""
        named = {
            "--out": self.out,
            "--routing": self.routing,
            "--sendmail": self.sendmail,
            "--kept": self.kept,
            "--owner": self.owner,
            "--baked": self.baked,
        }
        return [str(BUILD), *(str(word) for pair in named.items() for word in pair)]


@dataclass(frozen=True, slots=True)
class ListServer:
    """A sandboxed list server and one wrapper on it."""

    tree: HostTree
    tools: SendmailTools
    paths: Paths

    @property
    def releases(self) -> Path:
        return self.tree.routing / "releases"

    def config(self) -> HostConfig:
        """What the agents of this host are told about it."""
        tree, tools = self.tree, self.tools
        return HostConfig(
            name="listes",
            fqdn=tree.fqdn,
            kind=HostKind.LIST_SERVER,
            routing=tree.routing,
            spool=tree.spool,
            run_dir=tree.run,
            kept=tree.kept,
            dead_letter=tree.dead_letter,
            sendmail=tools.sendmail,
            makemap=tools.makemap,
            m4=tools.m4,
            cf_dir=tools.cf_dir,
            wrapper=self.paths.out,
            owner=tree.users.spool,
            group=tree.group,
            trusted_user=tree.users.spool,
            service_switch=str(tree.service_switch),
        )

    def with_wrapper(self, name: str, sendmail: Path) -> ListServer:
        """The same host with another wrapper, for another program as sendmail."""
        paths = replace(self.paths, out=self.tree.wrapper.with_name(name), sendmail=sendmail)
        subprocess.run(paths.build_command(), check=True)
        return replace(self, paths=paths)

    def make_release(self, name: str, port: int) -> Path:
        """Build a release that gives everything to the relay smtp1 on this port."""
        release = self.releases / name
        release.mkdir()
        cf = release / "sympa.cf"
        cf.write_bytes(self.configuration(release, port))
        table = b".\tto_relay:[smtp1.renater.fr]\n"
        argv: list[str | Path] = [self.tools.makemap, "-C", cf, "hash", release / "mailertable"]
        subprocess.run(argv, input=table, check=True)
        (release / "mailertable.db").chmod(0o644)
        return release

    def configuration(self, release: Path, port: int) -> bytes:
        """What m4 makes of the tests' own configuration source."""
        values = {
            "_CF_DIR_": self.tools.cf_dir,
            "_RELEASE_": release,
            "_SPOOL_": self.tree.spool,
            "_RUN_": self.tree.run,
            "_OWNER_": self.tree.users.spool,
            "_SWITCH_": self.tree.service_switch,
            "_PORT_": port,
        }
        defines = [f"-D{name}={value}" for name, value in values.items()]
        argv: list[str | Path] = [self.tools.m4, "-D_NO_MAKEINFO_", *defines, CONFIGURATION_SOURCE]
        return subprocess.run(argv, capture_output=True, check=True).stdout

    def point(self, link: str, target: str) -> None:
        """Switch `current` or `last-good` as an activation does: a new link renamed over it."""
        fresh = self.tree.routing / f"{link}.new"
        fresh.symlink_to(target)
        fresh.rename(self.tree.routing / link)

    def activate(self, name: str) -> None:
        self.point("current", f"releases/{name}")

    def command(self, *arguments: str, user: str | None = None) -> list[str]:
        """The argument list that calls the wrapper on this host."""
        return self.tree.command(user or self.tree.users.spool, [self.paths.out, *arguments])

    def call(
        self, *arguments: str, message: bytes = MESSAGE, user: str | None = None
    ) -> subprocess.CompletedProcess[bytes]:
        """Call the wrapper with exactly these arguments."""
        command = self.command(*arguments, user=user)
        return subprocess.run(
            command, input=message, capture_output=True, timeout=SECONDS, check=False
        )

    def submit(
        self,
        *recipients: str,
        sender: str = "list-owner@lists.renater.fr",
        message: bytes = MESSAGE,
    ) -> subprocess.CompletedProcess[bytes]:
        """Submit a message as Sympa does."""
        return self.call(*SYMPA, "-f", sender, "--", *recipients, message=message)

    def command_in_mounts(self, mounts: str, *arguments: str, after: str = "true") -> list[str]:
        """The argument list that calls the wrapper on this host where a shell script has mounted
        something; its exit code is the wrapper's.

        The script, and the one that looks around `after` the call, may use $OWNER, the uid that
        mount options name the spool's owner by.
        """
        called: list[str | Path] = [self.paths.out, *arguments]
        return in_mounts(self.tree, self.tree.users.spool, mounts, called, after=after)

    def queued(self) -> list[str]:
        """The queue files in the spool."""
        return sorted(path.name for path in self.tree.spool.glob("[qdQtxh]f*"))

    def kept(self) -> tuple[KeptMessage, ...]:
        return list_kept(self.tree.kept)

    def kept_files(self) -> list[str]:
        """Everything in the kept area, by path."""
        return sorted(str(path.relative_to(self.tree.kept)) for path in self.tree.kept.rglob("*"))

    def kept_arguments(self) -> Sequence[str]:
        """The arguments of the only kept message."""
        (found,) = self.tree.kept.glob("*/arguments")
        return found.read_bytes().decode().split("\0")[:-1]

    def write_program(self, text: str, interpreter: str = "/bin/sh") -> None:
        """Put a script in the place of sendmail; only for what real sendmail will not do."""
        self.paths.sendmail.write_text(f"#!{interpreter}\n{text}\n")
        self.paths.sendmail.chmod(0o755)

    def clear(self) -> None:
        """Forget releases, links, queue files, kept messages and the baked configuration."""
        trees = [self.tree.kept, self.paths.baked, *self.tree.spool.iterdir()]
        subprocess.run(["rm", "-rf", "--", *trees], check=True)
        self.clear_releases()
        make_private(self.tree.kept, self.tree.users.spool)

    def clear_releases(self) -> None:
        """Forget releases and links alone; what is in the spool stays."""
        trees = [self.tree.routing / "manifests", *self.releases.iterdir()]
        subprocess.run(["rm", "-rf", "--", *trees], check=True)
        for link in ("current", "last-good"):
            (self.tree.routing / link).unlink(missing_ok=True)


def build_list_server(path: Path, tools: SendmailTools, users: Users) -> ListServer:
    """A host below `path`, and a wrapper built for it."""
    tree = make_host(path, "listes.renater.fr", {"smtp1.renater.fr": "127.0.0.1"}, users)
    paths = Paths(
        out=tree.wrapper,
        routing=tree.routing,
        sendmail=tools.sendmail,
        kept=tree.kept,
        owner=users.spool,
        baked=tree.etc / "sympa.cf",
    )
    subprocess.run(paths.build_command(), check=True)
    return ListServer(tree, tools, paths)


def make_private(path: Path, owner: str) -> None:
    path.mkdir(mode=0o700)
    give_to(path, owner)


def hide(path: Path) -> None:
    """Make a file that the spool's owner cannot read."""
    path.chmod(0)
    if os.geteuid() == 0:
        os.chown(path, 0, 0)
