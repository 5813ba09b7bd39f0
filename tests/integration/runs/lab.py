"""A list server with a staged release, destinations on loopback, and the spool agent's programs."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from uuid import uuid4

from deploy.sandbox.hosts import HostTree, write_etc, write_file
from mailadmin.wire.core.messages import Outcome, Verb
from mailadmin.wire.keys import generate, write_public
from routing.agent.host import HostConfig
from routing.agent.stage import stage
from routing.core.intent import Intent, RelayTarget
from routing.core.render import render
from tests.fixtures.sandbox import CHECKOUT
from tests.integration.routing.built import facts_of
from tests.integration.wrapper.list_server import SYMPA, ListServer
from tests.integration.wrapper.staged import RELAY_ID, VIRTUAL_DOMAIN, WAY_OUT

SENDER = "list-owner@lists.renater.fr"


@dataclass(frozen=True, slots=True)
class Lab:
    """`server` runs a release that was staged as a deploy agent stages it.

    Everything without a route of its own goes to the relay's port; by the fallback it goes to the
    address of its domain in the host's /etc/hosts, on `mx_port`.
    """

    server: ListServer
    release: str
    mx_port: int

    @property
    def tree(self) -> HostTree:
        return self.server.tree

    @property
    def state(self) -> Path:
        return self.tree.spool_agent

    def host(self) -> HostConfig:
        """What the spool agent is told about this host."""
        return replace(self.server.config(), state=self.state)

    def submit(self, *recipients: str, body: str = "Hello.") -> str:
        """Submit a message as Sympa does; its queue name, "" when it did not stay in the spool."""
        before = set(self.queue_ids())
        head = f"From: list@lists.renater.fr\nSubject: a test\nMessage-ID: <{uuid4()}@l>\n\n"
        done = self.server.call(
            *SYMPA, "-f", SENDER, "--", *recipients, message=f"{head}{body}\n".encode()
        )
        assert done.returncode == 0, done.stderr
        (found,) = set(self.queue_ids()) - before or {""}
        return found

    def queue_ids(self) -> list[str]:
        """What waits in the spool, by name."""
        return sorted(path.name[2:] for path in self.tree.spool.rglob("qf*"))

    def lines(self, queue_id: str, letter: str) -> list[str]:
        """The lines of a queue file that begin with this letter, without it."""
        text = (self.tree.spool / f"qf{queue_id}").read_text("utf-8", "replace")
        return re.findall(rf"(?m)^{letter}(.*)$", text)

    def run_queue(self, *options: str) -> subprocess.Popen[bytes]:
        """Start `mailadmin-agent run-queue` as the spool's owner."""
        return subprocess.Popen(
            self.agent("run-queue", *options), stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )

    def flush(
        self, order: Mapping[str, object], verb: Verb = Verb.FLUSH
    ) -> subprocess.Popen[bytes]:
        """Start a slice as the spool agent does."""
        argv = ["/usr/bin/env", f"--chdir={CHECKOUT}", sys.executable, "-m"]
        argv += ["tests.integration.runs.run_flush", str(self.state / "agent.toml"), verb]
        command = self.tree.command(self.tree.users.spool, argv)
        pipe = subprocess.PIPE
        process = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe)
        assert process.stdin is not None
        process.stdin.write(json.dumps(order).encode())
        process.stdin.close()
        process.stdin = None
        return process

    def agent(self, *arguments: str, user: str = "") -> list[str]:
        """The argument list that runs `mailadmin-agent` on this host, with its configuration."""
        command, *options = arguments
        argv = ["/usr/bin/env", f"--chdir={CHECKOUT}", sys.executable, "-m", "mailadmin.agent"]
        argv += [command, "--config", str(self.state / "agent.toml"), *options]
        return self.tree.command(user or self.tree.users.spool, argv)


def make_lab(server: ListServer, *, relay_port: int, mx_port: int = 1, site_m4: str = "") -> Lab:
    """Stage a release on an empty list server, and make it live and last good."""
    target = RelayTarget(RELAY_ID, "smtp1", ("smtp1.renater.fr",), relay_port)
    facts = facts_of(server.tree, server.tools, local_mta_port=mx_port)
    port = f"define(`ESMTP_MAILER_ARGS', `TCP $h {mx_port}')dnl\n"
    intent = Intent("listes", (WAY_OUT, VIRTUAL_DOMAIN), (target,))
    bundle = render(intent, facts, site_m4=port + site_m4)
    done = stage(server.config(), {"release": bundle.digest}, bundle.canonical)
    assert done.outcome is Outcome.DONE, done.body
    for map_file in (server.releases / bundle.digest).glob("*.db"):
        os.chown(map_file, os.geteuid(), -1)
    for link in ("current", "last-good"):
        server.point(link, f"releases/{bundle.digest}")
    lab = Lab(server, bundle.digest, mx_port)
    write_agent(lab)
    return lab


def know(lab: Lab, destinations: Iterable[tuple[str, str]]) -> None:
    """Let the host look up these names, (name, address)."""
    write_etc(lab.tree, {"smtp1.renater.fr": "127.0.0.1", **dict(destinations)})


def write_agent(lab: Lab) -> None:
    """The spool agent's configuration file and keys; no Redis is there."""
    home, tree = lab.state, lab.tree
    subprocess.run(["rm", "-rf", "--", *home.iterdir()], check=True)
    key = generate(home / "agent.key")
    write_public(home / "control.pub", key.public_key())
    host = lab.host()
    names = ["fqdn", "kind", "routing", "spool", "run_dir", "kept", "dead_letter", "sendmail"]
    names += ["makemap", "m4", "cf_dir", "wrapper", "owner", "group", "trusted_user"]
    table = [f"{name} = {json.dumps(str(getattr(host, name)))}" for name in names]
    top = {
        "host": "listes",
        "role": "spool",
        "broker_url": "redis://127.0.0.1:1/0",
        "control_public_key": str(home / "control.pub"),
        "private_key": str(home / "agent.key"),
        "state_dir": str(home),
    }
    lines = [f"{name} = {json.dumps(value)}" for name, value in top.items()]
    text = "\n".join([*lines, "[mail_host]", *table, f'service_switch = "{host.service_switch}"'])
    write_file(home / "agent.toml", text, 0o600, tree.users.spool)
    if os.geteuid() == 0:
        subprocess.run(["chown", "-R", f"{tree.users.spool}:", home], check=True)
