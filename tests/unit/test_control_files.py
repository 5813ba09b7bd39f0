"""What is installed on the control plane's machine agrees with itself and with the code."""

from __future__ import annotations

import re
import shlex
import subprocess
from pathlib import Path

import pytest

from mailadmin.wire.broker import QUIET_WORKER
from mailadmin.wire.names import CONTROL_QUEUE, REPORTS_QUEUE
from tests.fixtures.units import unit_settings

CHECKOUT = Path(__file__).resolve().parents[2]
FILES = CHECKOUT / "deploy/control"
UNITS = sorted((FILES / "systemd").glob("*.service"))
VAR = "/var/lib/mailadmin-control"
SETTINGS = (CHECKOUT / "mailadmin/settings.py").read_text()


def unit(name: str) -> dict[str, list[str]]:
    """One of these units."""
    return unit_settings(FILES / "systemd" / name)


def directories() -> dict[str, tuple[int, str, str]]:
    """What systemd-tmpfiles makes: path → mode, user and group."""
    rows = [line.split() for line in (FILES / "tmpfiles.conf").read_text().splitlines()]
    return {row[1]: (int(row[2], 8), row[3], row[4]) for row in rows if row[0] == "d"}


def sample() -> dict[str, str]:
    """The settings of the sample, as a shell reads them."""
    words = shlex.split((FILES / "samples/control.env").read_text(), comments=True)
    return dict(word.split("=", 1) for word in words)


def test_the_worker_alone_can_read_the_signing_key() -> None:
    mode, owner, _ = directories()[f"{VAR}/keys"]
    assert (mode, owner) == (0o700, "mailadmin-control")
    assert unit("mailadmin-control.service")["User"] == [owner]
    for other in ("web", "beat"):
        settings = unit(f"mailadmin-{other}.service")
        assert settings["User"] != [owner]
        assert f"{VAR}/keys" in settings["InaccessiblePaths"]
    assert f"{VAR}/keys" in unit("mailadmin-backup.service")["InaccessiblePaths"]


def test_nobody_can_put_another_directory_in_the_place_of_the_keys() -> None:
    mode, owner, _ = directories()[VAR]
    assert (mode & 0o022, owner) == (0, "root")


def test_what_a_unit_may_write_is_made_by_tmpfiles_for_its_user() -> None:
    made = directories()
    for file in UNITS:
        settings = unit(file.name)
        for path in settings.get("ReadWritePaths", []):
            mode, owner, group = made[path]
            by_group = mode & 0o020 and settings["Group"] == [group]
            assert settings["User"] == [owner] or by_group, f"{file.name}: {path}"


def test_no_directory_is_open_to_everybody_for_writing() -> None:
    assert all(not mode & 0o002 for mode, _, _ in directories().values())
    assert directories()["/var/backups/mailadmin"][0] == 0o700


def test_the_worker_takes_both_queues_and_listens_to_nobody_else() -> None:
    command = unit("mailadmin-control.service")["ExecStart"]
    assert f"--queues={CONTROL_QUEUE},{REPORTS_QUEUE}" in command
    assert set(QUIET_WORKER) <= set(command)


def test_every_unit_reads_the_settings_and_runs_from_the_checkout() -> None:
    for file in UNITS:
        settings = unit(file.name)
        assert settings["EnvironmentFile"] == ["/etc/mailadmin/control.env"]
        assert settings["WorkingDirectory"] == ["/opt/mailadmin/control"]
        assert settings["ExecStart"][0].startswith("/opt/mailadmin/control/.venv/bin/")


def test_the_sample_names_settings_that_are_read_and_files_that_are_made() -> None:
    settings = sample()
    for name in settings:
        known = name.removesuffix("_FILE")
        assert known in {"DJANGO_SETTINGS_MODULE", "GUNICORN_CMD_ARGS"} or known in SETTINGS, name
    assert settings["MAILADMIN_VAR"] == VAR
    for name in ("SECRET_KEY", "DATABASE_URL", "BROKER_URL"):
        file = Path(settings[f"MAILADMIN_{name}_FILE"])
        assert directories()[str(file.parent)] == (0o750, "root", "mailadmin-site")
    assert not re.search("(?i)password *=", (FILES / "samples/control.env").read_text())


@pytest.mark.parametrize("file", UNITS, ids=lambda file: file.name)
def test_a_unit_gives_its_program_the_least(file: Path) -> None:
    settings = unit(file.name)
    assert settings["User"] != ["root"]
    assert settings["CapabilityBoundingSet"] == []
    assert settings["ProtectSystem"] == ["strict"]
    assert "/run" in settings["ReadOnlyPaths"]
    for name in ("NoNewPrivileges", "PrivateTmp", "PrivateDevices", "ProtectHome"):
        assert settings[name] == ["yes"], name
    assert settings["SystemCallFilter"][0] == "@system-service"


def test_install_says_what_is_missing_before_it_changes_anything(tmp_path: Path) -> None:
    refused = subprocess.run(
        [FILES / "install", "--root", tmp_path / "root"],
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": str(programs_without_systemd(tmp_path))},
    )

    assert refused.returncode == 1
    assert "nothing was changed" in refused.stderr
    assert "systemd-sysusers is not installed" in refused.stderr
    assert "systemd-tmpfiles is not installed" in refused.stderr
    assert not (tmp_path / "root").exists()


def programs_without_systemd(tmp_path: Path) -> Path:
    """A directory with the few programs that the script needs before it looks."""
    place = tmp_path / "bin"
    place.mkdir()
    for name in ("bash", "dirname", "realpath", "id", "python3"):
        found = next(
            Path(at) / name
            for at in ("/usr/bin", "/bin", "/usr/local/bin")
            if (Path(at) / name).exists()
        )
        (place / name).symlink_to(found)
    return place
