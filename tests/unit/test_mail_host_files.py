"""What is installed on a mail host agrees with itself, with its samples and with the code."""

from __future__ import annotations

import re
import subprocess
import tomllib
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from mailadmin.agent.config import AgentConfig, load_config
from mailadmin.wire.core.messages import Role
from mailadmin.wire.keys import generate, write_public
from routing.core.facts import HostKind
from routing.core.render import SYMPA_ARGUMENTS
from spools.agent.queue_run import PLACE
from tests.fixtures.units import unit_settings

CHECKOUT = Path(__file__).resolve().parents[2]
FILES = CHECKOUT / "deploy/mailhost"
UNITS = sorted((FILES / "systemd").glob("*.service"))
SAMPLES = {
    "deploy.toml": (Role.DEPLOY, HostKind.LIST_SERVER),
    "spool.toml": (Role.SPOOL, HostKind.LIST_SERVER),
    "relay-deploy.toml": (Role.DEPLOY, HostKind.OUTGOING_RELAY),
}
INSTALL = (FILES / "install").read_text()


def unit(name: str) -> dict[str, list[str]]:
    """One of these units."""
    return unit_settings(FILES / "systemd" / name)


def directories(*names: str) -> dict[str, tuple[int, str]]:
    """What systemd-tmpfiles makes: path → mode and owner."""
    text = "\n".join((FILES / name).read_text() for name in names)
    rows = [line.split() for line in text.splitlines() if line.startswith("d ")]
    return {row[1]: (int(row[2], 8), row[3]) for row in rows}


LIST_SERVER = directories("tmpfiles.conf", "tmpfiles-list-server.conf")


def mail_host(sample: str) -> dict[str, str]:
    table: dict[str, str] = tomllib.loads((FILES / "samples" / sample).read_text())["mail_host"]
    return table


@pytest.mark.parametrize("sample", SAMPLES)
def test_a_sample_is_read_by_the_agent_when_its_keys_are_there(tmp_path: Path, sample: str) -> None:
    text = (FILES / "samples" / sample).read_text()
    state = Path(tomllib.loads(text)["state_dir"])
    here = tmp_path / state.name
    here.mkdir(mode=0o700)
    generate(here / "agent.key")
    write_public(here / "control.pub", Ed25519PrivateKey.generate().public_key())
    (here / "broker-url").write_text("rediss://user:password@redis.example.org:6380/0\n")
    (here / "broker-url").chmod(0o600)
    (tmp_path / "agent.toml").write_text(text.replace(f'"{state}', f'"{here}'))

    config: AgentConfig = load_config(tmp_path / "agent.toml")

    assert (config.role, config.host_config.kind) == SAMPLES[sample]


def test_both_samples_of_a_list_server_say_the_same_of_it() -> None:
    assert mail_host("deploy.toml") == mail_host("spool.toml")


@pytest.mark.parametrize("name", ["deploy", "spool"])
def test_an_agents_unit_names_its_file_its_user_and_its_directory(name: str) -> None:
    settings = unit(f"mailadmin-{name}-agent.service")
    sample = tomllib.loads((FILES / f"samples/{name}.toml").read_text())
    state = sample["state_dir"]
    user = {"deploy": "mailadmin", "spool": sample["mail_host"]["owner"]}[name]

    assert settings["ExecStart"][-2:] == ["--config", f"/etc/mailadmin/{name}.toml"]
    assert settings["User"] == [user]
    assert settings["WorkingDirectory"] == [state]
    assert state in settings["ReadWritePaths"]
    assert LIST_SERVER[state] == (0o700, user)


def test_each_agent_may_write_what_it_must_and_nothing_of_the_other() -> None:
    host = mail_host("deploy.toml")
    deploy, spool = unit("mailadmin-deploy-agent.service"), unit("mailadmin-spool-agent.service")

    assert host["routing"] in deploy["ReadWritePaths"]
    assert LIST_SERVER[host["routing"]] == (0o755, "mailadmin")
    assert host["routing"] not in spool["ReadWritePaths"]
    assert f"-{host['spool']}" in deploy["InaccessiblePaths"]
    assert f"-{host['kept']}" in deploy["InaccessiblePaths"]
    assert host["spool"] in spool["ReadWritePaths"]


def test_the_queue_run_can_write_what_sendmail_and_its_record_need_and_see_no_key() -> None:
    sample = tomllib.loads((FILES / "samples/spool.toml").read_text())
    host, state = sample["mail_host"], sample["state_dir"]
    run = unit("mailadmin-queue-run.service")

    assert run["ExecStart"][1:] == [
        "-m",
        "mailadmin.agent",
        "run-queue",
        "--config",
        "/etc/mailadmin/spool.toml",
    ]
    assert run["User"] == [host["owner"]]
    record = f"{state}/{PLACE}"
    needed = {host["spool"], host["run_dir"], str(Path(host["dead_letter"]).parent), record}
    assert needed == set(run["ReadWritePaths"])
    for place in needed:
        assert LIST_SERVER[place][1] == host["owner"]
    secret = {sample["private_key"], sample["broker_url_file"], f"{state}/journal.sqlite3"}
    assert {f"-{path}" for path in secret} <= set(run["InaccessiblePaths"])


def test_every_directory_that_a_unit_may_write_is_made_by_tmpfiles() -> None:
    for file in UNITS:
        for path in unit(file.name)["ReadWritePaths"]:
            assert path in LIST_SERVER, f"{file.name}: {path}"


def test_private_directories_are_their_owners_alone() -> None:
    host = mail_host("spool.toml")
    for path in (host["spool"], host["kept"], "/var/lib/mailadmin/deploy"):
        assert LIST_SERVER[path][0] == 0o700


def test_the_installed_wrapper_has_the_paths_of_the_samples_baked_in() -> None:
    host = mail_host("spool.toml")
    for option, path in {"--routing": host["routing"], "--kept": host["kept"]}.items():
        assert f"{option} {path}" in INSTALL
    assert f"\nwrapper={host['wrapper']}\n" in INSTALL
    assert f"\nsendmail={host['sendmail']}\n" in INSTALL
    assert f"--owner {host['owner']}" in INSTALL


def test_the_sample_of_sympa_conf_names_the_wrapper_and_the_arguments_of_a_release() -> None:
    lines = (FILES / "samples/sympa.conf").read_text().splitlines()
    settings = dict(re.split(r"\s+", line, maxsplit=1) for line in lines if line[:1].isalpha())

    host = mail_host("spool.toml")
    assert settings == {"sendmail": host["wrapper"], "sendmail_args": SYMPA_ARGUMENTS}


@pytest.mark.parametrize("file", UNITS, ids=lambda file: file.name)
def test_a_unit_gives_its_program_the_least(file: Path) -> None:
    settings = unit(file.name)
    assert settings["User"] != ["root"]
    assert settings["CapabilityBoundingSet"] == []
    assert settings["ProtectSystem"] == ["strict"]
    assert "/run" in settings["ReadOnlyPaths"]
    for name in ("NoNewPrivileges", "PrivateTmp", "PrivateDevices", "ProtectHome"):
        assert settings[name] == ["yes"], name
    # Without it sendmail cannot give up its group and refuses to start.
    assert settings["SystemCallFilter"] == ["@system-service"]


def test_install_says_what_is_missing_before_it_changes_anything(tmp_path: Path) -> None:
    refused = subprocess.run(
        [FILES / "install", "--role", "list_server", "--root", tmp_path / "root"],
        capture_output=True,
        text=True,
        check=False,
    )

    assert refused.returncode == 1
    assert "nothing was changed" in refused.stderr
    assert "/etc/mail/sympa.cf is not there" in refused.stderr
    assert not (tmp_path / "root").exists()
