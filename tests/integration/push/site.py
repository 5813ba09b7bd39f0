"""The running site: what a person does there, what the hosts then hold, and the faults."""

from __future__ import annotations

import os
import re
import signal
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import redis
from django.utils import timezone

from deploy.sandbox.hosts import HostTree, make_directory, write_file
from deploy.sandbox.layout import LIST_SERVER, Sandbox
from deploy.sandbox.supervise import Process, Stack
from deploy.sandbox.tools import find_program
from mailadmin.people.models import Person
from mailadmin.wire.core.messages import Role, Verb
from mailadmin.wire.core.states import AttemptState
from mailadmin.wire.models import Agent, Attempt
from mailadmin.wire.names import CONTROL_USER, task_queue
from routing.core.intent import ObjectKind
from routing.core.states import OPEN_PUSH, PushState
from routing.models import ConfigPush, HostState, MailHost, PushTarget, RoutingObject
from routing.services.approve import approve
from routing.services.objects import save_object
from routing.services.propose import propose
from tests.fixtures.mounts import in_mounts
from tests.fixtures.sandbox import wait_until

DEPLOY, SPOOL = f"{LIST_SERVER}-deploy", f"{LIST_SERVER}-spool"
# Far above what a push takes on a busy machine; only a push that hangs reaches it.
TASK_DONE = " succeeded in "
LIVENESS_S = 180.0
AGAIN_AND_AGAIN = (Verb.OBSERVE, Verb.SCAN, Verb.PROBE)
# Python reads this before anything else; every clock of the agent then agrees.
SHIFTED_CLOCK = """\
import time
_now = time.time
time.time = lambda: _now() + {ahead_s}
"""
SUBMISSION = ("-L", "sm-sympa", "-oi", "-odi", "-oem", "-Am", "-N", "success,delay,failure")


@dataclass(frozen=True, slots=True)
class HeldBuild:
    """A staging that stands still inside m4: one file says that it began, one lets it go on."""

    began: Path
    go: Path

    def until_begun(self) -> None:
        wait_until(self.began.exists, "the agent builds", seconds=LIVENESS_S)

    def go_on(self) -> None:
        self.go.touch()


@dataclass
class Site:
    """One list server, `listes` unless another is named, and its control plane, all running."""

    sandbox: Sandbox
    stack: Stack
    people: dict[str, Person]
    paused: set[str] = field(default_factory=set)
    name: str = LIST_SERVER

    @property
    def tree(self) -> HostTree:
        return self.sandbox.list_servers[self.name]

    @property
    def releases(self) -> Path:
        return self.tree.routing / "releases"

    @cached_property
    def host(self) -> MailHost:
        return MailHost.objects.get(name=self.name)

    @property
    def state(self) -> HostState:
        """What the control plane knows of the list server."""
        return HostState.objects.get(host=self.host)

    # What people do.

    def add_domain(self, key: str, by: str = "claire") -> RoutingObject:
        """A saved virtual domain that is on no host yet."""
        return save_object(
            identity=uuid4(),
            version=0,
            server=self.host,
            kind=ObjectKind.VIRTUAL_DOMAIN,
            key=key,
            by=self.people[by],
        )

    def propose(self, *rows: RoutingObject, by: str = "claire", reason: str = "") -> ConfigPush:
        """A push of these edits."""
        return propose(
            picked=frozenset(row.pk for row in rows),
            title="Change " + ", ".join(row.key for row in rows),
            guard_reason=reason,
            by=self.people[by],
        )

    def proved(self, key: str, by: str = "claire") -> ConfigPush:
        """A push that adds the virtual domain `key` and waits for approval."""
        return self.until(self.propose(self.add_domain(key, by), by=by), PushState.PROVED)

    def approve(self, push: ConfigPush, by: str = "paul", *, deploy: bool = True) -> None:
        """Accept what the push has now."""
        push.refresh_from_db()
        approve(push=push, digest=push.digest, deploy=deploy, by=self.people[by])

    def go_live(self, push: ConfigPush) -> ConfigPush:
        """Wait for the proof, approve, wait until it is live."""
        self.until(push, PushState.PROVED)
        self.approve(push)
        return self.until(push, PushState.ACTIVE)

    # What is there.

    def until(self, push: ConfigPush, *states: PushState) -> ConfigPush:
        """Wait for one of these states; fail at once when the push can no longer reach it."""

        def there() -> bool:
            push.refresh_from_db()
            if push.state not in (*states, *OPEN_PUSH):
                pytest.fail(f"{push} is {push.state}: {self.story(push)}")
            return push.state in states

        try:
            wait_until(there, f"{push} {' or '.join(states)}", seconds=LIVENESS_S)
        except pytest.fail.Exception as failed:
            pytest.fail(f"{failed}; it is {push.state}: {self.story(push)}")
        return push

    def proof(self, push: ConfigPush) -> dict[str, Any]:
        """What sendmail's answers came to."""
        found: dict[str, Any] | None = self.target(push).proof
        assert found is not None
        return found

    def story(self, push: ConfigPush) -> str:
        """For a test that fails: what each target says."""
        return "; ".join(
            f"{t.host.name} {t.state} {t.attempt} {t.error}"
            for t in push.targets.select_related("host", "attempt")
        )

    def target(self, push: ConfigPush) -> PushTarget:
        """The part of the push for the list server."""
        return push.targets.select_related("revision", "attempt").get(host=self.host)

    def error(self, push: ConfigPush) -> dict[str, Any]:
        """What the target says went wrong."""
        found: dict[str, Any] | None = self.target(push).error
        assert found is not None
        return found

    def link(self, name: str = "current") -> str:
        """The release that a link of the host names, "" when there is none."""
        link = self.tree.routing / name
        return link.readlink().name if link.is_symlink() else ""

    def live_map(self, table: str = "mailertable") -> dict[str, str]:
        """What makemap reads out of the map that is live now."""
        live = self.tree.routing / "current"
        argv: list[str | Path] = [
            self.sandbox.tools.makemap,
            "-C",
            live / "sympa.cf",
            "-u",
            "btree",
            live / table,
        ]
        ran = subprocess.run(argv, capture_output=True, text=True, check=True)
        return dict(line.split(None, 1) for line in ran.stdout.splitlines())

    def half_built(self) -> list[str]:
        """What staging or switching has left behind on the host."""
        return [
            path.name for path in (*self.releases.glob(".*"), *self.tree.routing.glob(".*.new"))
        ]

    def submit(self, recipient: str) -> int:
        """Hand a message to the wrapper as Sympa would; its exit code."""
        argv: list[str | Path] = [self.tree.wrapper, *SUBMISSION, f"-V{uuid4().hex[:8]}"]
        argv += ["-f", "list-owner@renater.fr", "--", recipient]
        message = f"From: list@renater.fr\nTo: {recipient}\nSubject: a test\n\nHello.\n"
        command = self.tree.command(self.tree.users.spool, argv)
        return subprocess.run(command, input=message.encode(), check=False).returncode

    def accepted(self, sink: str, recipient: str) -> int:
        """How many messages for this recipient the sink `mta` or `relay` has taken."""
        return self.sandbox.record(sink).read_text().count(f'"{recipient}"')

    # The wire.

    def waiting_orders(self, role: Role) -> int:
        """How many orders wait in Redis for an agent of the list server."""
        with redis.Redis.from_url(self.sandbox.broker.url(CONTROL_USER)) as client:
            return int(client.llen(task_queue(self.name, role)))

    def until_control_is_through(self) -> None:
        """The control worker ends a task: what it signed before is in Redis by now."""
        done = self.stack.output("control").count(TASK_DONE)
        wait_until(
            lambda: self.stack.output("control").count(TASK_DONE) > done,
            "the control worker ends a task",
        )

    def until_sent(self, push: ConfigPush, verb: Verb) -> Attempt:
        """Wait until the order of the push is `verb`, signed and open.

        What is asked of it again and again, and not answered, is made to run out: it is in the way.
        """
        try:
            return self.until_attempt(lambda: self.target(push).attempt, verb)
        except pytest.fail.Exception as failed:
            push.refresh_from_db()
            pytest.fail(f"{failed}; it is {push.state}: {self.story(push)}")

    def until_attempt(self, current: Callable[[], Attempt | None], verb: Verb) -> Attempt:
        """The same of any attempt, which `current` reads anew."""
        found: list[Attempt] = []

        def sent() -> bool:
            stuck = Attempt.objects.filter(verb__in=AGAIN_AND_AGAIN, state=AttemptState.SENT)
            old = stuck.filter(created_at__lt=timezone.now() - timedelta(seconds=1))
            if old.exists():
                old.update(not_after=timezone.now())
            attempt = current()
            if attempt is None or attempt.verb != verb or attempt.state != AttemptState.SENT:
                return False
            found.append(attempt)
            return True

        wait_until(sent, f"{verb} is sent", seconds=LIVENESS_S)
        return found[0]

    # Faults.

    def pause(self, *names: str) -> None:
        """Stop processes in the middle of whatever they do; `resume` lets them go on.

        Not in the middle of a write: SQLite has one lock, and nobody else could write a row.
        """

        def stopped() -> bool:
            for name in names:
                os.killpg(self.stack.running[name].popen.pid, signal.SIGSTOP)
                self.paused.add(name)
            if self.can_write():
                return True
            self.resume(*names)
            return False

        wait_until(stopped, f"{' and '.join(names)} stopped outside of a write")

    def resume(self, *names: str) -> None:
        for name in names or tuple(self.paused):
            os.killpg(self.stack.running[name].popen.pid, signal.SIGCONT)
            self.paused.discard(name)

    def lose_redis(self) -> None:
        """Kill it and start it empty."""
        self.stack.kill("redis")
        self.stack.start_ready("redis")

    def can_write(self) -> bool:
        """Whether the database is free for a writer, or is within a second."""
        file = self.sandbox.var / "mailadmin.sqlite3"
        with closing(sqlite3.connect(file, timeout=1, isolation_level=None)) as connection:
            try:
                connection.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError:
                return False
            connection.execute("ROLLBACK")
            return True

    @contextmanager
    def database_held(self) -> Iterator[None]:
        """While inside, nobody else can write a row; workers wait for ten seconds."""
        file = self.sandbox.var / "mailadmin.sqlite3"
        with closing(sqlite3.connect(file, isolation_level=None)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            yield

    def control_waits(self) -> bool:
        """Whether the control worker is held up in one task, so that others pile up behind it."""
        output = self.stack.output("control")
        ended = len(re.findall(r"Task \S+ (?:succeeded|raised|ignored)", output))
        return output.count(" received") - ended >= 3

    @contextmanager
    def program(self, name: str, script: str) -> Iterator[None]:
        """While inside, the deploy agent's m4 or makemap is this script; $REAL is the tool."""
        link = self.sandbox.var / "programs" / name
        real = link.readlink()
        fake = link.with_name(f"{name}.sh")
        fake.write_text(f"#!/bin/sh\nREAL={real}\n{script}\n")
        fake.chmod(0o755)
        point(link, fake)
        try:
            yield
        finally:
            point(link, real)

    @contextmanager
    def held_build(self) -> Iterator[HeldBuild]:
        """While inside, m4 waits in the middle of staging until it is let go on."""
        build = HeldBuild(self.tree.run / "m4-began", self.tree.run / "m4-go")
        script = f"touch {build.began}; until [ -e {build.go} ]; do sleep 0.05; done"
        self.tree.run.chmod(0o777)
        with self.program("m4", f'{script}; exec "$REAL" "$@"'):
            yield build
        self.tree.run.chmod(0o755)
        for mark in (build.began, build.go):
            mark.unlink(missing_ok=True)

    @contextmanager
    def agent_with(self, name: str, *, mounts: str = "", **env: str) -> Iterator[None]:
        """While inside, this agent runs with more variables, or where a script of
        tests/fixtures/mounts.py has mounted something."""
        usual = self.stack.processes[name]
        place, user, argv = usual.argv[1], usual.argv[2], usual.argv[4:]
        assert place == str(self.tree.path)
        argv = [find_program("env"), *(f"{key}={value}" for key, value in env.items()), *argv]
        other = in_mounts(self.tree, user, mounts, argv)
        try:
            self._exchange(name, replace(usual, argv=other))
            yield
        finally:
            self._exchange(name, usual)

    @contextmanager
    def clock_of(self, *names: str, ahead_s: int) -> Iterator[None]:
        """While inside, the clock that these agents read is so much ahead of ours."""
        place = self.sandbox.var / f"clock{ahead_s}"
        make_directory(place, 0o755)
        write_file(place / "sitecustomize.py", SHIFTED_CLOCK.format(ahead_s=ahead_s), 0o644)
        with ExitStack() as stack:
            for name in names:
                stack.enter_context(self.agent_with(name, PYTHONPATH=str(place)))
            yield

    def _exchange(self, name: str, process: Process) -> None:
        if self.stack.alive(name):
            self.stack.kill(name)
        self.stack.processes[name] = process
        self.stack.start_ready(name)

    def quiet(self) -> bool:
        """No push is open and the host runs, as far as it is known, what our record says."""
        open_pushes = ConfigPush.objects.filter(state__in=OPEN_PUSH).exists()
        return not open_pushes and not self.state.drift and self.state.live == self.link()

    def until_heard(self, name: str) -> None:
        """Wait for a report of this agent that comes after this call."""
        host, _, role = name.rpartition("-")
        newer = Agent.objects.filter(host_name=host, role=role, last_seen_at__gt=timezone.now())
        wait_until(newer.exists, f"{name} reports", seconds=LIVENESS_S)


def point(link: Path, at: Path) -> None:
    fresh = link.with_name(f".{link.name}")
    fresh.symlink_to(at)
    fresh.rename(link)
