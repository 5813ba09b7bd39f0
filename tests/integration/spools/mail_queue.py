"""A sandboxed list server with queue directories of real sendmail, and what its mailq says."""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from deploy.sandbox.hosts import HostTree
from deploy.sandbox.tools import SendmailTools
from tests.integration.wrapper.list_server import CONFIGURATION_SOURCE

NOBODY_LISTENS = 1
SENDER = "list-owner@lists.renater.fr"
MESSAGE = b"From: list@lists.renater.fr\nSubject: a test\n\n%s\n"
# 6AMKCumo010384*      20 Sun Nov 22 20:12 <o@lists.example.org>
LINE = re.compile(r"([0-9A-Za-z]{14})[*?X-]? +(\d+|-) .{16} <?([^\s>]*)>?")
RECIPIENT = re.compile(r"\s+<?([^\s<>()]+@[^\s<>()]+)>?")


@dataclass(frozen=True, slots=True)
class Queue:
    """A sandboxed list server whose sendmail has the queue directory `path`."""

    tree: HostTree
    tools: SendmailTools
    cf: Path
    path: Path

    def sendmail(
        self, *arguments: str, stdin: bytes = b"", seconds: float = 60
    ) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            self.command(*arguments), input=stdin, capture_output=True, timeout=seconds, check=False
        )

    def command(self, *arguments: str) -> list[str]:
        """The argument list that runs sendmail on this host as the spool's owner."""
        argv: list[str | Path] = [self.tools.sendmail, "-C", self.cf, *arguments]
        return self.tree.command(self.tree.users.spool, argv)

    def submit(self, *recipients: str, mode: str = "q", size: int = 20) -> None:
        message = MESSAGE % (b"x" * size)
        sent = self.sendmail("-oi", f"-od{mode}", "-f", SENDER, "--", *recipients, stdin=message)
        assert sent.returncode == 0, sent.stderr

    def mailq(self, *which: str) -> dict[str, tuple[int, str, tuple[str, ...]]]:
        """Size, sender and recipients by queue id."""
        said = self.sendmail("-bp", *which).stdout.decode()
        found: dict[str, tuple[int, str, tuple[str, ...]]] = {}
        last = ""
        for text in said.splitlines():
            if line := LINE.match(text):
                last = line[1]
                found[last] = (int(line[2]), line[3], ())
            elif last and (who := RECIPIENT.fullmatch(text.rstrip())):
                size, sender, names = found[last]
                found[last] = (size, sender, (*names, who[1]))
        total = re.search(r"Total requests: (\d+)", said)
        assert total and int(total[1]) == len(found), said
        return found

    def files(self, pattern: str) -> list[Path]:
        return sorted(self.tree.spool.rglob(pattern))


def make_queue(
    tree: HostTree,
    tools: SendmailTools,
    places: tuple[str, ...] = (),
    *,
    star: str = "",
    port: int = NOBODY_LISTENS,
) -> Queue:
    """`places` are directories below the spool, `star` is how its name in QUEUE_DIR ends; all mail
    goes to a relay at `port`."""
    argv: list[str | Path]
    for place in places:
        argv = ["/bin/mkdir", "-p", "-m700", tree.spool / place]
        subprocess.run(tree.command(tree.users.spool, argv), check=True)
    path = tree.spool / star if star else tree.spool
    release = tree.routing / "r"
    release.mkdir(mode=0o755)
    values = {
        "_CF_DIR_": tools.cf_dir,
        "_RELEASE_": release,
        "_SPOOL_": path,
        "_RUN_": tree.run,
        "_OWNER_": tree.users.spool,
        "_SWITCH_": tree.service_switch,
        "_PORT_": port,
    }
    defines = [f"-D{name}={value}" for name, value in values.items()]
    argv = [tools.m4, "-D_NO_MAKEINFO_", *defines, CONFIGURATION_SOURCE]
    cf = release / "sympa.cf"
    cf.write_bytes(subprocess.run(argv, capture_output=True, check=True).stdout)
    table = b".\tto_relay:[smtp1.renater.fr]\n"
    argv = [tools.makemap, "-C", cf, "hash", release / "mailertable"]
    subprocess.run(argv, input=table, check=True)
    (release / "mailertable.db").chmod(0o644)
    return Queue(tree, tools, cf, path)
