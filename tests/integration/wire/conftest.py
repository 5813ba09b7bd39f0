"""A private Redis with our access rules, real agent processes, and a control plane to drive."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import redis
from celery import Celery
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.utils import timezone
from pytest_django import Settings

from deploy.sandbox.broker import Broker, free_port, make_broker
from mailadmin.audit.services import SETUP
from mailadmin.wire.acl import acl_rules, control_rules
from mailadmin.wire.broker import celery_settings, direct_queue
from mailadmin.wire.core.messages import Role, Verb
from mailadmin.wire.keys import generate, load_private, public_text, write_public
from mailadmin.wire.models import Attempt
from mailadmin.wire.names import (
    CARRY_OUT,
    CONTROL_USER,
    REPORTS_QUEUE,
    redis_user,
    task_queue,
)
from mailadmin.wire.services import (
    record,
    register_agent,
    request,
    resend_open,
    sign_and_send_due,
)
from mailadmin.wire.transport import Transport, TransportDown
from tests.fixtures.sandbox import CHECKOUT, LIVENESS_S, start_redis, wait_until

HOSTS = ("listes", "other")


@dataclass(slots=True)
class Redis:
    """A Redis of this test alone, which may be killed and started again, empty."""

    broker: Broker
    process: subprocess.Popen[bytes]

    def url(self, user: str) -> str:
        return self.broker.url(user)

    def client(self, user: str = "admin") -> redis.Redis:
        return redis.Redis.from_url(self.url(user))

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(LIVENESS_S)

    def start(self) -> None:
        self.process = start_redis(self.broker)

    def denied(self) -> list[str]:
        """What the access rules refused so far: user, command, object."""
        with self.client() as client:
            entries: list[dict[str, Any]] = client.acl_log()
        return [f"{e['username']} {e['context']} {e['object']} ({e['reason']})" for e in entries]


@pytest.fixture
def own_redis(scratch: Path) -> Iterator[Redis]:
    running = start_with_rules(scratch / "redis")
    yield running
    running.kill()


def start_with_rules(directory: Path) -> Redis:
    """A Redis with our access rules, and the user `admin` who may do everything."""
    rules = {redis_user(host, role): acl_rules(host, role) for host in HOSTS for role in Role}
    users = {"admin": ["~*", "&*", "+@all"], CONTROL_USER: control_rules(), **rules}
    broker = make_broker(directory, free_port(), users)
    return Redis(broker, start_redis(broker))


@dataclass(slots=True)
class AgentPlace:
    """One agent: its directory, its key, its configuration file, and its process."""

    host: str
    role: Role
    directory: Path
    config: Path
    key: Ed25519PrivateKey
    running: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def log(self) -> str:
        return (self.directory / "log").read_text(errors="replace")

    @property
    def effects(self) -> list[str]:
        path = self.directory / "kept/effects"
        return path.read_text().splitlines() if path.exists() else []

    def start(self) -> subprocess.Popen[bytes]:
        """Start a worker and wait until it takes orders."""
        before = self.log.count(" ready.") if (self.directory / "log").exists() else 0
        with (self.directory / "log").open("ab") as out:
            process = subprocess.Popen(
                [sys.executable, "-m", "tests.integration.wire.agent_process", str(self.config)],
                cwd=CHECKOUT,
                env={"PATH": "/usr/bin:/bin", "DJANGO_SETTINGS_MODULE": "mailadmin.settings"},
                stdout=out,
                stderr=out,
            )
        self.running.append(process)
        wait_until(lambda: self.log.count(" ready.") > before, f"the agent is ready:\n{self.log}")
        return process

    def let_go(self) -> None:
        """End the wait of a verb that was told to wait."""
        (self.directory / "kept/go").touch()

    def stop(self) -> None:
        for process in self.running:
            process.kill()
            process.wait(LIVENESS_S)


@pytest.fixture
def agent(scratch: Path, own_redis: Redis) -> Iterator[Callable[..., AgentPlace]]:
    """``agent()`` or ``agent("other", Role.SPOOL)`` makes an agent; ``.start()`` starts it."""
    made: list[AgentPlace] = []
    generate(scratch / "control.key")

    def make(host: str = "listes", role: Role = Role.DEPLOY) -> AgentPlace:
        made.append(make_agent(scratch, own_redis.url(redis_user(host, role)), host, role))
        return made[-1]

    yield make
    for place in made:
        place.stop()


def make_agent(scratch: Path, broker_url: str, host: str, role: Role) -> AgentPlace:
    directory = scratch / f"{host}-{role}"
    for name in ("", "state", "kept"):
        (directory / name).mkdir(mode=0o700)
    write_public(directory / "control.pub", control_key(scratch).public_key())
    key = generate(directory / "agent.key")
    config = directory / "agent.toml"
    config.write_text(agent_toml(directory, broker_url, host, role))
    config.chmod(0o600)
    return AgentPlace(host, role, directory, config, key)


def agent_toml(directory: Path, broker_url: str, host: str, role: Role) -> str:
    here = json.dumps(str(directory))[1:-1]
    return f"""
host = "{host}"
role = "{role}"
broker_url = "{broker_url}"
control_public_key = "{here}/control.pub"
private_key = "{here}/agent.key"
state_dir = "{here}/state"

[mail_host]
fqdn = "{host}.example.org"
kind = "list_server"
routing = "{here}/routing"
spool = "{here}/spool"
run_dir = "{here}/run"
kept = "{here}/kept"
dead_letter = "{here}/dead.letter"
sendmail = "/usr/sbin/sendmail"
makemap = "/usr/sbin/makemap"
m4 = "/usr/bin/m4"
cf_dir = "/usr/share/sendmail/cf/"
wrapper = "/usr/lib/mailadmin/sendmail"
owner = "sympa"
group = "sympa"
trusted_user = "mailadmin"
"""


def control_key(scratch: Path) -> Ed25519PrivateKey:
    return load_private(scratch / "control.key")


@dataclass(slots=True)
class Control:
    """The control plane without its worker: each step is called by the test."""

    transport: Transport
    app: Celery
    key: Ed25519PrivateKey
    ahead: timedelta = timedelta()

    def now(self) -> datetime:
        return timezone.now() + self.ahead

    def ask(
        self,
        place: AgentPlace,
        note: str,
        *,
        blob: bytes | None = None,
        lifetime_s: int = 600,
        **arguments: Any,
    ) -> Attempt:
        return request(
            host=place.host,
            role=place.role,
            verb=Verb.OBSERVE,
            arguments={"note": note, **arguments},
            blob=blob,
            lifetime_s=lifetime_s,
        )

    def sign(self) -> list[Attempt]:
        return sign_and_send_due(
            may_sign=lambda attempt: None,
            signing_key=self.key,
            transport=self.transport,
            now=self.now(),
        )

    def sweep(self) -> list[Attempt]:
        return resend_open(transport=self.transport, now=self.now())

    def push(self, place: AgentPlace, envelope: str, task: str = CARRY_OUT) -> None:
        """Put any message into an agent's task queue, beside what waits there."""
        options: dict[str, Any] = {"queue": direct_queue(task_queue(place.host, place.role))}
        self.app.send_task(task, args=[envelope], retry=False, **options)

    def reports(self) -> list[str]:
        """Take every envelope that waits in the reports queue."""
        found = []
        with self.app.connection_for_read() as connection, connection.channel() as channel:
            queue = direct_queue(REPORTS_QUEUE)(channel)
            while (message := queue.get(accept=["json"])) is not None:
                found.append(message.payload[0][0])
                message.ack()
        return found

    def wait_for_reports(self, count: int) -> list[str]:
        found: list[str] = []

        def came() -> bool:
            found.extend(self.reports())
            return len(found) >= count

        wait_until(came, f"{count} reports")
        return found

    def take_in(self) -> list[Attempt | None]:
        return [self.record(envelope) for envelope in self.reports()]

    def record(self, envelope: str) -> Attempt | None:
        return record(envelope=envelope, transport=self.transport, now=self.now())

    def until_ended(self, attempt: Attempt) -> Attempt:
        """Sweep, sign and record as the control worker does, until the attempt has ended."""

        def ended() -> bool:
            time.sleep(0.1)
            self.sweep()
            self.sign()
            try:
                self.take_in()
            except (TransportDown, redis.RedisError, OSError):
                return False
            attempt.refresh_from_db()
            return not attempt.is_open

        wait_until(ended, f"{attempt} ends", seconds=30)
        return attempt


@pytest.fixture
def control(
    scratch: Path,
    own_redis: Redis,
    agent: Callable[..., AgentPlace],
    settings: Settings,
    db: None,
) -> Control:
    """Sends again after a second."""
    settings.WIRE_RESEND_AFTER_S = 1.0
    url = own_redis.url(CONTROL_USER)
    app = Celery("control", set_as_current=False)
    app.conf.update(celery_settings(url=url, prefix="control", queues=["control", REPORTS_QUEUE]))
    return Control(Transport.connect(app=app, url=url, blob_ttl_s=60), app, control_key(scratch))


@pytest.fixture
def listes(control: Control, agent: Callable[..., AgentPlace]) -> AgentPlace:
    """The deploy agent of listes, registered and not started."""
    return registered(agent())


def registered(place: AgentPlace) -> AgentPlace:
    register_agent(
        host=place.host, role=place.role, public_key=public_text(place.key.public_key()), by=SETUP
    )
    return place
