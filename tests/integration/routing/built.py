"""A rendered bundle, built by the real m4 and makemap and asked through the real sendmail."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from deploy.sandbox.hosts import HostTree
from deploy.sandbox.tools import SendmailTools
from routing.core.bundle import Bundle
from routing.core.bv import Answer, parse_bv
from routing.core.facts import HostFacts, HostKind
from tests.fixtures.sandbox import AsHost

CONFIGS = {"sympa": "mailertable", "sympa-fallback": "mailertable-fallback"}
AT_ONCE = 200


def facts_of(tree: HostTree, tools: SendmailTools, **more: object) -> HostFacts:
    """What an agent would observe on this sandboxed host."""
    values: dict[str, object] = {
        "name": "listes",
        "kind": HostKind.LIST_SERVER,
        "fqdn": tree.fqdn,
        "sendmail_version": "8.17.1.9",
        "class_w": ("listes", "listes.renater.fr", "localhost"),
        "run_as_user": tree.users.spool,
        "run_as_group": tree.group,
        "trusted_user": tree.users.spool,
        "cf_dir": tools.cf_dir,
        "spool": str(tree.spool),
        "run_dir": str(tree.run),
        "dead_letter": str(tree.dead_letter),
        "wrapper": str(tree.wrapper),
        "service_switch": str(tree.service_switch),
    }
    return HostFacts(**(values | more))  # type: ignore[arg-type]  # a test's own values


@dataclass(frozen=True, slots=True)
class Built:
    """One release directory of a host."""

    tree: HostTree
    tools: SendmailTools
    path: Path
    as_host: AsHost

    def write(self, bundle: Bundle) -> None:
        """Write the sources and build both configurations and both maps, without any output."""
        self.path.mkdir(parents=True)
        for name, text in bundle.files.items():
            (self.path / name).write_text(text)
        for name, table in CONFIGS.items():
            cf = self.m4(name)
            (self.path / f"{name}.cf").write_bytes(cf)
            self.makemap(name, table)
        for file in self.path.iterdir():
            file.chmod(0o644)
        self.path.chmod(0o755)

    def m4(self, name: str) -> bytes:
        argv = [
            str(self.tools.m4),
            "-D_NO_MAKEINFO_",
            f"-D_CF_DIR_={self.tools.cf_dir}",
            f"-D_RELEASE_={self.path}",
            f"{name}.mc",
        ]
        done = subprocess.run(argv, capture_output=True, check=True, timeout=300, cwd=self.path)
        assert done.stderr == b""
        return done.stdout

    def makemap(self, name: str, table: str) -> None:
        text = (self.path / table).read_bytes()
        cf, out = self.path / f"{name}.cf", self.path / f"{table}.db"
        argv = [str(self.tools.makemap), "-C", str(cf), "btree", str(out)]
        done = subprocess.run(argv, input=text, capture_output=True, check=True, timeout=300)
        assert (done.stdout, done.stderr) == (b"", b"")

    def sendmail(self, name: str, *arguments: str) -> subprocess.CompletedProcess[bytes]:
        """Run sendmail on this host as the spool's owner, with one configuration."""
        cf = self.path / f"{name}.cf"
        user = self.tree.users.spool
        return self.as_host(self.tree, user, self.tools.sendmail, "-C", cf, *arguments)

    def answers(self, name: str, addresses: Iterable[str]) -> Mapping[str, Answer]:
        """Answers of `-bv`. Addresses that sendmail folded into another one's line are asked
        again alone."""
        asked = list(addresses)
        found: dict[str, Answer] = {}
        for start in range(0, len(asked), AT_ONCE):
            found |= self._ask(name, asked[start : start + AT_ONCE])
        for address in asked:
            if address not in found:
                found |= self._ask(name, [address])
        return found

    def _ask(self, name: str, addresses: list[str]) -> Mapping[str, Answer]:
        done = self.sendmail(name, "-bv", *addresses)
        return parse_bv((done.stdout + done.stderr).decode(), addresses)
