"""A sandboxed list server without a release, and its two agents as real users."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from deploy.sandbox.hosts import HostTree
from deploy.sandbox.tools import SendmailTools
from mailadmin.wire.core.canonical import canonical
from mailadmin.wire.core.messages import Role, Verb
from routing.core.bundle import Bundle
from routing.core.mailertable import classify, parse_mailertable
from routing.core.render import render
from tests.fixtures.mounts import in_mounts
from tests.fixtures.sandbox import CHECKOUT, AsHost
from tests.integration.routing.built import facts_of

RUNNER = "tests.integration.routing_agent.run_verb"
SEED = """\
renater.fr esmtp:[127.0.0.1]
jres.org esmtp:[127.0.0.1]
host.renater.fr esmtp:[host.renater.fr]
. esmtp:[smtp1.renater.fr]
"""
ADDRESSES = ("probe@renater.fr", "probe@conf.renater.fr", "probe@unknown.example", "postmaster")


@dataclass(frozen=True, slots=True)
class Given:
    """What a verb gave; `died` when it was killed on its way, `seen` what was found after it."""

    outcome: str
    body: Mapping[str, Any]
    blob: bytes | None
    changes: int
    died: bool = False
    seen: Sequence[str] = ()

    @property
    def error(self) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self.body["error"]
        return found

    @property
    def done(self) -> Mapping[str, Any]:
        assert self.outcome == "done", self.body
        return self.body


@dataclass(frozen=True, slots=True)
class MailHost:
    """The host, and how its agents carry out verbs on it, each in a process of its own."""

    tree: HostTree
    tools: SendmailTools
    as_host: AsHost

    def verb(
        self,
        verb: Verb,
        arguments: Mapping[str, Any],
        blob: bytes | None = None,
        *,
        die_at: int | None = None,
        mounts: str = "",
        after: str = "",
        **changed: Any,
    ) -> Given:
        """Run it as the user of its role; `changed` are fields of the host's configuration.

        `mounts` is a script of tests/fixtures/mounts.py, `after` one that looks around in them and
        whose output is in `seen`.
        """
        role = Role.SPOOL if verb in (Verb.PROVE, Verb.READ_FILES, Verb.SURVEY) else Role.DEPLOY
        users = self.tree.users
        asked = {
            "verb": verb.value,
            "host": {**self.config(), **changed},
            "arguments": dict(arguments),
            "blob": None if blob is None else base64.b64encode(blob).decode(),
            "die_at": die_at,
        }
        user = users.spool if role is Role.SPOOL else users.deploy
        argv = ["/usr/bin/env", f"--chdir={CHECKOUT}", sys.executable, "-m", RUNNER]
        stdin = json.dumps(asked).encode()
        if mounts:
            look = f"({after or 'true'}) >&2"
            command = in_mounts(self.tree, user, mounts, argv, after=look)
            ran = subprocess.run(
                command, input=stdin, capture_output=True, timeout=300, check=False
            )
        else:
            ran = self.as_host(self.tree, user, *argv, stdin=stdin, seconds=300)
        if ran.returncode != 0:
            assert die_at is not None, ran.stderr.decode()
            return Given("died", {}, None, 0, died=True)
        given = json.loads(ran.stdout)
        packed = given["blob"]
        answers = base64.b64decode(packed) if packed is not None else None
        seen = ran.stderr.decode().splitlines() if mounts else []
        return Given(given["outcome"], given["body"], answers, given["changes"], seen=seen)

    def config(self) -> dict[str, Any]:
        """The host's configuration as JSON has it."""
        tree, tools = self.tree, self.tools
        return {
            "name": "listes",
            "fqdn": tree.fqdn,
            "kind": "list_server",
            "routing": str(tree.routing),
            "spool": str(tree.spool),
            "run_dir": str(tree.run),
            "kept": str(tree.kept),
            "dead_letter": str(tree.dead_letter),
            "sendmail": str(tools.sendmail),
            "makemap": str(tools.makemap),
            "m4": str(tools.m4),
            "cf_dir": tools.cf_dir,
            "wrapper": str(tree.wrapper),
            "owner": tree.users.spool,
            "group": tree.group,
            "trusted_user": tree.users.spool,
            "service_switch": str(tree.service_switch),
            "existing_cf": str(tree.etc / "mail/sympa.cf"),
        }

    def bundle(self, more: str = "", *, site_m4: str = "") -> Bundle:
        """The seed's table with more lines, rendered for this host."""
        lines = parse_mailertable(SEED + more).lines
        intent = classify(lines, server="listes", new_id=uuid4)
        return render(intent, facts_of(self.tree, self.tools), site_m4=site_m4)

    def stage(self, bundle: Bundle, **options: Any) -> Given:
        return self.verb(Verb.STAGE, {"release": bundle.digest}, bundle.canonical, **options)

    def verb_stage_as(self, digest: str, content: bytes, keep: Sequence[str] = ()) -> Given:
        """Stage these bytes under that name."""
        return self.verb(Verb.STAGE, {"release": digest, "keep": list(keep)}, content)

    def activate(
        self, bundle: Bundle, base: str, manifest: str, *, ground: str = "", **options: Any
    ) -> Given:
        arguments = {"release": bundle.digest, "base": base, "manifest_digest": manifest}
        if ground:
            arguments["ground"] = ground
        return self.verb(Verb.ACTIVATE, arguments, **options)

    def prove(
        self, *, live: str = "", staged: str = "", ask: Sequence[str] = ADDRESSES, **options: Any
    ) -> Given:
        asked = canonical(list(ask))
        return self.verb(Verb.PROVE, {"live": live, "staged": staged}, asked, **options)

    def make_live(self, bundle: Bundle, base: str = "") -> str:
        """Stage, activate and confirm; returns the digest."""
        manifest = self.stage(bundle).done["manifest_digest"]
        assert self.activate(bundle, base, manifest).done["live"] == bundle.digest
        assert self.verb(Verb.CONFIRM, {"release": bundle.digest}).done
        return bundle.digest

    def link(self, name: str) -> str:
        """Where `current` or `last-good` leads, "" when there is none."""
        path = self.tree.routing / name
        return path.readlink().name if path.is_symlink() else ""

    def release(self, digest: str) -> Path:
        return self.tree.routing / "releases" / digest


@pytest.fixture
def listes(
    host_dir: Callable[..., HostTree], sendmail_tools: SendmailTools, as_host: AsHost
) -> MailHost:
    """A list server that has no release yet."""
    return MailHost(host_dir(), sendmail_tools, as_host)


def at_once(*acts: Callable[[], Given]) -> list[Given]:
    """Run them side by side."""
    with ThreadPoolExecutor(len(acts)) as pool:
        return [run.result() for run in [pool.submit(act) for act in acts]]
