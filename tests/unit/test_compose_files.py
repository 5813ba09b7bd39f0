"""docker-compose.yml, Dockerfile and what makes their secrets: of one piece, and with the code."""

from __future__ import annotations

import re
import stat
import subprocess
import sys
from fnmatch import fnmatch
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from mailadmin.health.ready import CHECKS
from mailadmin.wire.broker import QUIET_WORKER
from mailadmin.wire.names import CONTROL_QUEUE, REPORTS_QUEUE

CHECKOUT = Path(__file__).resolve().parents[2]
PREPARE = CHECKOUT / "deploy/compose/prepare"
BIN = Path(sys.executable).parent
SETTINGS = (CHECKOUT / "mailadmin/settings.py").read_text()
TEXT = (CHECKOUT / "docker-compose.yml").read_text()
OURS = ("web", "control", "beat", "manage", "backup")
TOOLS = ("manage", "backup")
SITE_GROUP = "10000"


@cache
def compose() -> dict[str, Any]:
    """The file, with what it merges merged."""
    read: dict[str, Any] = YAML(typ="safe").load(TEXT)
    return read


def services() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = compose()["services"]
    return found


def program(name: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [BIN / name, *arguments], cwd=CHECKOUT, capture_output=True, text=True, check=False
    )


def test_it_is_of_the_schema_of_compose() -> None:
    checked = program(
        "check-jsonschema", "--builtin-schema", "vendor.compose-spec", "docker-compose.yml"
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_the_linter_finds_nothing_in_the_dockerfile() -> None:
    checked = program("hadolint", "Dockerfile")
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_the_linter_finds_what_is_wrong(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text("FROM debian\nRUN apt-get install curl\n")
    assert program("hadolint", tmp_path / "Dockerfile").returncode != 0


def test_each_setting_is_read_and_each_value_has_a_place() -> None:
    for name in OURS:
        for key in services()[name]["environment"]:
            known = key.removesuffix("_FILE")
            assert f'"{known}"' in SETTINGS or known == "GUNICORN_CMD_ARGS", f"{name}: {key}"
    sample = (CHECKOUT / "deploy/compose/env.sample").read_text()
    given = set(re.findall(r"^(\w+)=", sample, re.M))
    asked = set(re.findall(r"\$\{(\w+)", TEXT))
    needed = set(re.findall(r"\$\{(\w+):\?", TEXT))
    assert needed <= given <= asked
    assert not re.search("(?i)(password|secret.key|token)=", sample)


def test_what_a_site_must_set_is_set_for_each_of_ours() -> None:
    wanted = {"ALLOWED_HOSTS", "ORIGINS", "SECRET_KEY_FILE", "DATABASE_URL_FILE", "BROKER_URL_FILE"}
    for name in OURS:
        assert {f"MAILADMIN_{key}" for key in wanted} <= set(services()[name]["environment"]), name
        assert not {"MAILADMIN_DEMO", "MAILADMIN_DEBUG"} & set(services()[name]["environment"])


def test_the_worker_takes_both_queues_and_listens_to_nobody_else() -> None:
    command = services()["control"]["command"]
    assert f"--queues={CONTROL_QUEUE},{REPORTS_QUEUE}" in command
    assert set(QUIET_WORKER) <= set(command)


def test_each_command_is_a_program_of_the_image_and_takes_these_options() -> None:
    for name, service in services().items():
        if name not in OURS:
            continue
        words = [*service.get("entrypoint", []), *service.get("command", [])] or image_command()
        assert (BIN / words[0]).exists(), words[0]
        if words[0] == "celery":
            verb = words.index("worker" if "worker" in words else "beat")
            options = [word.partition("=")[0] for word in words[verb + 1 :]]
            told = program("celery", words[verb], "--help").stdout
            assert all(option in told for option in options), f"{name}: {options}"
    assert (CHECKOUT / "deploy/control/backup.py").exists()


def image_command() -> list[str]:
    text = (CHECKOUT / "Dockerfile").read_text()
    return re.findall(r'"([^"]+)"', text.rpartition("\nCMD [")[2])


def test_the_web_process_takes_the_options_of_the_image() -> None:
    words = image_command()
    told = program("gunicorn", "--help").stdout
    options = [word for word in words if word.startswith("--")]
    assert len(options) > 3
    assert all(option in told for option in options), options


def test_health_checks_ask_for_what_there_is() -> None:
    for name, service in services().items():
        check = service.get("healthcheck", {})
        assert check or name == "web", f"{name} has none"
        if name in TOOLS:
            assert check == {"disable": True}
        elif "mailadmin.health" in check.get("test", []):
            names = check["test"][check["test"].index("mailadmin.health") + 1 :]
            assert names
            assert set(names) <= set(CHECKS)
    assert "HEALTHCHECK" in (CHECKOUT / "Dockerfile").read_text()


def test_there_is_one_beat() -> None:
    beats = [name for name, it in services().items() if "beat" in it.get("command", [])]
    assert beats == ["beat"]
    assert services()["beat"]["deploy"]["replicas"] == 1


def test_the_control_worker_alone_is_given_the_signing_key() -> None:
    holders = {
        name: [mount for mount in it.get("volumes", []) if mount.startswith("keys:")]
        for name, it in services().items()
    }
    place = "/var/lib/mailadmin/keys"
    assert {name: mounts for name, mounts in holders.items() if mounts} == {
        "control": [f"keys:{place}:ro"],
        "manage": [f"keys:{place}"],
    }
    users = {name: services()[name]["user"] for name in ("web", "beat", "control", "manage")}
    assert len({users["web"], users["control"]}) == 2
    assert users["beat"] == users["web"]
    assert users["manage"] == users["control"]
    dockerfile = (CHECKOUT / "Dockerfile").read_text()
    owner = users["control"].partition(":")[0]
    assert re.search(rf"install -d -m 700 -o {owner} .*{place}", dockerfile)
    assert f"USER {users['web']}\n" in dockerfile


@pytest.mark.parametrize("name", list(compose()["services"]))
def test_a_service_is_given_the_least(name: str) -> None:
    service = services()[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert "cap_add" not in service
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert not service["user"].startswith(("0", "root"))
    assert "privileged" not in service
    assert set(service["deploy"]["resources"]["limits"]) == {"cpus", "memory", "pids"}
    assert service["restart"] == ("no" if name in TOOLS else "unless-stopped")
    assert service["logging"]["options"]["max-size"]
    for mount in service.get("volumes", []):
        assert mount.partition(":")[0] in compose()["volumes"], mount


def test_nothing_is_reached_from_elsewhere_unless_a_site_says_so() -> None:
    published = {name: it["ports"] for name, it in services().items() if "ports" in it}
    assert published == {
        "web": ["127.0.0.1:${MAILADMIN_PORT:-8000}:8000"],
        "redis": ["${MAILADMIN_REDIS_ADDRESS:-127.0.0.1}:6380:6380"],
    }
    networks = compose()["networks"]
    assert networks["data"]["internal"] is networks["broker"]["internal"] is True
    assert services()["database"]["networks"] == ["data"]


def test_the_program_that_dumps_is_as_new_as_the_server() -> None:
    """Debian 12 has PostgreSQL 15."""
    assert services()["database"]["image"].startswith("postgres:15-")
    assert "BASE=debian:12-slim\n" in (CHECKOUT / "Dockerfile").read_text()


def test_what_is_copied_is_there_and_reaches_the_builder() -> None:
    lines = (CHECKOUT / ".dockerignore").read_text().splitlines()
    let_in = [line[1:] for line in lines if line.startswith("!")]
    dockerfile = (CHECKOUT / "Dockerfile").read_text()
    copies = re.findall(r"^COPY (?!--from)(.+) \S+$", dockerfile, re.M)
    named = [name for line in copies for name in line.split()]
    assert len(named) > 10
    for name in named:
        assert (CHECKOUT / name).exists(), name
        assert any(fnmatch(name, pattern) for pattern in let_in), f"{name} is kept out"
    assert lines[1] == "*"
    assert set(let_in) == set(named)


def prepare(place: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, PREPARE, "--to", place, *arguments],
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("compose") / "secrets"
    said = prepare(place, "--redis-name", "192.0.2.4", "--agent", "listes", "spool")
    assert said.returncode == 0, said.stderr
    return place


def content(place: Path) -> dict[str, str]:
    files = (path for path in place.rglob("*") if path.is_file())
    return {str(path.relative_to(place)): path.read_text() for path in files}


def test_each_secret_that_is_mounted_is_made_for_those_who_read_it(made: Path) -> None:
    files = {name: made / Path(it["file"]).name for name, it in compose()["secrets"].items()}
    used = {name for it in services().values() for name in it.get("secrets", [])}
    assert used == set(files)
    for name, path in files.items():
        assert path.stat().st_mode & 0o777 in (0o440, 0o444), name
        for service, it in services().items():
            if name in it.get("secrets", []) and path.stat().st_mode & 0o004 == 0:
                group = it["user"].partition(":")[2]
                wanted = SITE_GROUP if service in OURS else "999"
                assert group == wanted
                if path.stat().st_uid == 0:
                    assert str(path.stat().st_gid) == wanted, f"{service} cannot read {name}"


def test_nobody_else_reads_what_is_secret(made: Path) -> None:
    assert stat.S_IMODE(made.stat().st_mode) == 0o700
    for name in ("authority", "passwords", "agents"):
        assert stat.S_IMODE((made / name).stat().st_mode) == 0o700
    mounted = {Path(it["file"]).name for it in compose()["secrets"].values()}
    assert not {"ca.key", "authority", "passwords"} & mounted


def test_the_addresses_hold_the_passwords_that_were_made(made: Path) -> None:
    database = (made / "database-password").read_text().strip()
    assert (made / "database-url").read_text() == (
        f"postgres://mailadmin:{database}@database/mailadmin\n"
    )
    control = (made / "passwords/control").read_text().strip()
    assert (made / "broker-url").read_text().startswith(f"rediss://control:{control}@redis:6380/0?")
    agent = (made / "agents/listes-spool/broker-url").read_text()
    assert "@192.0.2.4:6380/0?ssl_ca_certs=/etc/mailadmin/redis-ca.crt" in agent
    assert control not in (made / "redis.acl").read_text()


def test_a_second_run_changes_nothing_and_a_lost_file_is_made_anew(made: Path) -> None:
    before = content(made)
    assert prepare(made).stdout == ""
    assert content(made) == before
    (made / "redis.crt").unlink()
    prepare(made, "--redis-name", "redis.example.org")
    changed = {name for name, text in content(made).items() if text != before[name]}
    assert changed == {"redis.crt", "redis.key"}
    told = subprocess.run(
        ["openssl", "x509", "-noout", "-text", "-in", made / "redis.crt"],
        capture_output=True,
        text=True,
        check=True,
    )
    for name in ("DNS:redis", "DNS:redis.example.org", "IP Address:192.0.2.4"):
        assert name in told.stdout


def test_an_agent_is_let_in_and_shut_out(made: Path) -> None:
    def users() -> list[str]:
        lines = (made / "redis.acl").read_text().splitlines()
        return [line.split()[1] for line in lines]

    before = users()
    assert prepare(made, "--agent", "other-host", "deploy").returncode == 0
    assert users() == [*before, "host.other-host.deploy"]
    assert prepare(made, "--without-agent", "other-host", "deploy").returncode == 0
    assert users() == before
    again = prepare(made, "--without-agent", "other-host", "deploy")
    assert (again.returncode, "was not let in" in again.stderr) == (1, True)


def test_all_that_is_wrong_is_told_at_once(tmp_path: Path) -> None:
    said = prepare(
        tmp_path / "x",
        "--redis-name",
        "a b",
        "--agent",
        "Bad_Name",
        "spool",
        "--agent",
        "l",
        "king",
    )
    assert said.returncode == 2
    for text in ("'a b' is no name", "'Bad_Name' is no name of a mail host", "'king' is no role"):
        assert text in said.stderr
    assert not (tmp_path / "x").exists()
    assert "--redis-name" in prepare(tmp_path / "y").stderr
