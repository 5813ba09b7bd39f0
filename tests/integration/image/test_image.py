"""The Dockerfile is really built, and docker-compose.yml's commands really run in the image."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from deploy.sandbox.broker import free_port, port_is_free, redis_environment
from deploy.sandbox.tools import find_program
from tests.fixtures.sandbox import CHECKOUT, LIVENESS_S, wait_until
from tests.integration.image.builder import Image, build, buildah
from tests.integration.wire.test_compose_redis import IN_CONTAINER, prepare

pytestmark = [
    pytest.mark.long,
    pytest.mark.timeout(2400),
    pytest.mark.skipif(os.geteuid() != 0, reason="only root makes a Debian in a directory"),
]
KEYS = "/var/lib/mailadmin/keys"
SITE = 10000


@pytest.fixture(scope="module")
def image(var_dir: Path) -> Image:
    place = var_dir / "image"
    place.mkdir(exist_ok=True)
    return build(place)


@dataclass(slots=True)
class Site:
    """The services of the file with secrets of `prepare`; SQLite in the place of PostgreSQL."""

    image: Image
    place: Path
    redis_port: int
    web_port: int = field(default_factory=free_port)

    @property
    def services(self) -> dict[str, Any]:
        text = (CHECKOUT / "docker-compose.yml").read_text()
        found: dict[str, Any] = YAML(typ="safe").load(text)["services"]
        return found

    def words(self, name: str) -> list[str]:
        """What a service runs; the web process on a port that is free here."""
        service = self.services[name]
        words = [*service.get("entrypoint", []), *service.get("command", [])]
        if not words:
            line = (CHECKOUT / "Dockerfile").read_text().rpartition("\nCMD [")[2]
            words = re.findall(r'"([^"]+)"', line)
        return [word.replace("0.0.0.0:8000", f"127.0.0.1:{self.web_port}") for word in words]

    def env(self, name: str) -> dict[str, str]:
        """Its settings: secrets where they are mounted, the rest from the file or as in .env."""
        given = {
            "MAILADMIN_ALLOWED_HOSTS": "mailadmin.example.org",
            "MAILADMIN_ORIGINS": "https://mailadmin.example.org",
        }
        raw = self.services[name]["environment"]
        env = {
            key: given.get(key, re.sub(r"\$\{\w+:?-?([^}]*)\}", r"\1", it))
            for key, it in raw.items()
        }
        return {**env, "MAILADMIN_DNS": "false"}

    def mounts(self, name: str) -> list[str]:
        """Its secrets and volumes."""
        service = self.services[name]
        files = {"redis-ca": "redis-ca.crt"}
        mounts = [
            f"{self.place}/secrets/{files.get(it, it)}:{IN_CONTAINER}{it}:ro"
            for it in service["secrets"]
        ]
        for volume in service.get("volumes", []):
            kept, _, there = volume.partition(":")
            mounts.append(f"{self.place}/{kept}:{there}")
        return [*mounts, f"{self.place}/database:/database"]

    def run(self, name: str, *more: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        """A service with arguments of one's own, to its end."""
        return self.image.run(
            [*self.words(name)[: len(self.services[name].get("entrypoint", []))], *more],
            user=self.services[name]["user"],
            env=self.env(name),
            mounts=self.mounts(name),
            stdin=stdin,
        )

    def start(self, name: str) -> subprocess.Popen[bytes]:
        """A service as it runs on a site."""
        user = self.services[name]["user"]
        argv = self.image.command(
            self.words(name), user=user, env=self.env(name), mounts=self.mounts(name)
        )
        with (self.place / f"{name}.log").open("ab") as out:
            return subprocess.Popen(argv, stdout=out, stderr=out, start_new_session=True)


@pytest.fixture(scope="module")
def site(image: Image, scratch_root: Path) -> Iterator[Site]:
    place = scratch_root / "image-site"
    place.mkdir()
    prepare(place / "secrets", "--redis-name", "127.0.0.1")
    for name, owner in (("keys", 10002), ("backups", 10002), ("database", 10002)):
        (place / name).mkdir()
        subprocess.run(["chown", f"{owner}:{SITE}", place / name], check=True)
        (place / name).chmod(0o2770 if name == "database" else 0o700)
    found = Site(image, place, free_port())
    here = {
        "database-url": "sqlite:////database/mailadmin.sqlite3",
        "broker-url": (place / "secrets/broker-url")
        .read_text()
        .replace("@redis:6380", f"@127.0.0.1:{found.redis_port}"),
    }
    for name, text in here.items():
        (place / "secrets" / name).write_text(text)
    conf = (place / "secrets/redis.conf").read_text().replace(IN_CONTAINER, f"{place}/secrets/")
    conf = conf.replace("tls-port 6380", f"tls-port {found.redis_port}") + "bind 127.0.0.1\n"
    (place / "redis.conf").write_text(conf)
    argv = [find_program("redis-server"), str(place / "redis.conf")]
    server = subprocess.Popen(argv, env=redis_environment(), stdout=subprocess.DEVNULL)
    try:
        wait_until(lambda: not port_is_free(found.redis_port), "Redis listens")
        yield found
    finally:
        server.terminate()
        server.wait(LIVENESS_S)


def ready(site: Site) -> dict[str, str]:
    """What /readyz says, nothing while nobody listens."""
    try:
        with urllib.request.urlopen(
            f"http://127.0.0.1:{site.web_port}/readyz", timeout=300
        ) as answer:
            return dict(json.load(answer)["checks"])
    except urllib.error.HTTPError as error:
        with error:
            return dict(json.load(error)["checks"])
    except OSError:
        return {}


def end(process: subprocess.Popen[bytes]) -> None:
    """All of a service: buildah leaves its child alone when it is killed itself."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
    process.wait(LIVENESS_S)


def test_the_services_run_in_the_image_until_all_is_ready(site: Site) -> None:
    made = site.run("manage", "migrate", "--no-input", "--verbosity=0")
    assert made.returncode == 0, made.stderr
    keys = site.run("manage", "keys")
    assert keys.returncode == 0, keys.stderr
    # SQLite makes its file for its owner alone; PostgreSQL has no such matter.
    for file in (site.place / "database").iterdir():
        file.chmod(0o660)
    with ExitStack() as running:
        for name in ("web", "control", "beat"):
            running.callback(end, site.start(name))
        all_there = dict.fromkeys(("database", "migrations", "redis", "tick"), "ok")
        wait_until(lambda: ready(site) == all_there, "all is ready", seconds=90)
        check = site.services["control"]["healthcheck"]["test"][1:]
        asked = site.image.run(
            check,
            user=site.services["control"]["user"],
            env=site.env("control"),
            mounts=site.mounts("control"),
        )
        assert (asked.returncode, asked.stdout) == (0, "database: ok\nredis: ok\ntick: ok\n")
        with urllib.request.urlopen(f"http://127.0.0.1:{site.web_port}/healthz", timeout=300) as it:
            assert it.read() == b"ok\n"
    backup = site.run("backup", *site.services["backup"]["command"])
    assert backup.returncode == 0, backup.stderr
    assert len(list((site.place / "backups").glob("mailadmin-*.sqlite3"))) == 1


def test_the_web_process_cannot_read_the_signing_key(site: Site) -> None:
    """Not even where its volume is mounted by mistake."""
    mounts = [*site.mounts("web"), f"{site.place}/keys:{KEYS}"]
    tried = site.image.run(
        ["cat", f"{KEYS}/control.key"],
        user=site.services["web"]["user"],
        env=site.env("web"),
        mounts=mounts,
    )
    assert tried.returncode != 0
    assert "Permission denied" in tried.stderr
    own = site.image.run(
        ["head", "-c", "10", f"{KEYS}/control.key"],
        user=site.services["control"]["user"],
        env=site.env("control"),
        mounts=site.mounts("control"),
    )
    assert own.returncode == 0, own.stderr


def test_what_only_building_needs_is_not_in_it(site: Site) -> None:
    looked = site.image.run(
        [
            "sh",
            "-c",
            "command -v gcc npm node curl git; ls /root; find /opt /var /etc -name '*.key'",
        ],
        user="0:0",
        env={},
    )
    assert looked.stdout == ""
    dumps = site.image.run(["pg_dump", "--version"], user="10002:10000", env={})
    assert " 15." in dumps.stdout


def test_the_image_says_how_its_health_is_asked(site: Site) -> None:
    inspect = ["inspect", "--type", "image", "localhost/mailadmin:trial"]
    told = subprocess.run(
        [*buildah(site.image.store), *inspect],
        capture_output=True,
        text=True,
        check=True,
    )
    config = json.loads(told.stdout)["Docker"]["config"]
    assert config["User"] == "10001:10000"
    assert "/healthz" in " ".join(config["Healthcheck"]["Test"])
    assert not [name for name in config["Env"] if "SECRET" in name]
