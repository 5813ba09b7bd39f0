"""The Redis of docker-compose.yml as prepare makes it: TLS, a user for each program, no other."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import redis
from celery import Celery

from deploy.sandbox.broker import free_port, port_is_free, redis_environment
from deploy.sandbox.tools import find_program
from mailadmin.wire.broker import celery_settings
from mailadmin.wire.core.messages import Role
from mailadmin.wire.keys import generate
from mailadmin.wire.names import REPORTS_QUEUE
from mailadmin.wire.transport import Transport
from tests.fixtures.sandbox import CHECKOUT, LIVENESS_S, wait_until
from tests.integration.wire.conftest import Control, control_key, make_agent, registered

PREPARE = CHECKOUT / "deploy/compose/prepare"
IN_CONTAINER = "/run/secrets/"


@dataclass(frozen=True, slots=True)
class Prepared:
    """What prepare made, and the port on which its Redis listens here."""

    place: Path
    port: int

    def url(self, file: str) -> str:
        """An address as it was made, but for where this Redis and its authority are."""
        before, _, authority = (self.place / file).read_text().strip().partition("?ssl_ca_certs=")
        assert authority in (f"{IN_CONTAINER}redis-ca", "/etc/mailadmin/redis-ca.crt")
        who = before.partition("@")[0]
        return f"{who}@127.0.0.1:{self.port}/0?ssl_ca_certs={self.place}/redis-ca.crt"


def prepare(place: Path, *arguments: str) -> None:
    subprocess.run([sys.executable, PREPARE, "--to", place, *arguments], check=True)


@pytest.fixture
def prepared(scratch: Path) -> Iterator[Prepared]:
    place = scratch / "secrets"
    agents = ["--agent", "listes", "deploy", "--agent", "other", "spool"]
    prepare(place, "--redis-name", "redis.example.org", *agents)
    conf, port = (place / "redis.conf").read_text(), free_port()
    # The containers' paths are these files; all else is as it is mounted.
    conf = conf.replace(IN_CONTAINER, f"{place}/").replace("tls-port 6380", f"tls-port {port}")
    here = scratch / "redis.conf"
    here.write_text(f"{conf}bind 127.0.0.1\n")
    argv = [find_program("redis-server"), str(here)]
    server = subprocess.Popen(argv, env=redis_environment(), stdout=subprocess.DEVNULL)
    try:
        wait_until(lambda: not port_is_free(port), "Redis listens", seconds=LIVENESS_S)
        yield Prepared(place, port)
    finally:
        server.terminate()
        server.wait(LIVENESS_S)


def test_the_control_plane_and_an_agent_talk_over_it(
    prepared: Prepared, scratch: Path, db: None
) -> None:
    generate(scratch / "control.key")
    url = prepared.url("broker-url")
    app = Celery("control", set_as_current=False)
    app.conf.update(celery_settings(url=url, prefix="control", queues=["control", REPORTS_QUEUE]))
    transport = Transport.connect(app=app, url=url, blob_ttl_s=60)
    control = Control(transport, app, control_key(scratch))
    agent = registered(
        make_agent(scratch, prepared.url("agents/listes-deploy/broker-url"), "listes", Role.DEPLOY)
    )
    agent.start()
    try:
        attempt = control.until_ended(control.ask(agent, "over TLS", blob=b"bytes"))
    finally:
        agent.stop()
    assert (attempt.outcome, attempt.body) == ("done", {"note": "over TLS"})
    assert agent.effects == ["over TLS"]


def test_one_host_does_not_reach_what_is_another_ones(prepared: Prepared) -> None:
    with redis.Redis.from_url(prepared.url("agents/other-spool/broker-url")) as other:
        other.lpush("host.other.spool", "x")
        for key in ("host.listes.deploy", "host.other.deploy", "control"):
            with pytest.raises(redis.exceptions.NoPermissionError):
                other.lpush(key, "x")


def test_nobody_comes_in_without_a_name_or_in_the_clear(prepared: Prepared) -> None:
    authority = f"?ssl_ca_certs={prepared.place}/redis-ca.crt"
    nameless = f"rediss://127.0.0.1:{prepared.port}/0{authority}"
    with redis.Redis.from_url(nameless) as client, pytest.raises(redis.AuthenticationError):
        client.ping()
    plain = prepared.url("broker-url").replace("rediss://", "redis://").partition("?")[0]
    with redis.Redis.from_url(plain) as client, pytest.raises(redis.ConnectionError):
        client.ping()


def test_the_health_check_of_the_container_sees_it_alive(prepared: Prepared) -> None:
    """The command of docker-compose.yml, but for the port and the place of the authority."""
    line = (CHECKOUT / "docker-compose.yml").read_text().partition('"redis-cli ')[2]
    command = f"redis-cli {line.partition(chr(34))[0]}"
    command = command.replace("-p 6380", f"-h 127.0.0.1 -p {prepared.port}")
    command = command.replace(f"{IN_CONTAINER}redis-ca", f"{prepared.place}/redis-ca.crt")
    check = ["sh", "-c", command]
    assert subprocess.run(check, check=False, timeout=LIVENESS_S).returncode == 0
    away = ["sh", "-c", command.replace(str(prepared.port), str(free_port()))]
    assert subprocess.run(away, check=False, timeout=LIVENESS_S).returncode != 0
