"""systemd itself reads the units that we install, and rates what they leave open."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[3]
UNITS = sorted((CHECKOUT / "deploy").glob("*/systemd/*"))
SERVICES = [file for file in UNITS if file.suffix == ".service"]
WORST_RATING = 1.8
"""`systemd-analyze security`: 0 is shut, 10 is open. Whoever raises it says why."""

pytestmark = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="there is no systemd on this machine"
)


def analyze(*argv: str | Path) -> subprocess.CompletedProcess[str]:
    command = ["systemd-analyze", *map(str, argv)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)


@pytest.fixture(scope="module")
def readable(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The units, with programs that are there: `verify` looks for them on this machine."""
    place = tmp_path_factory.mktemp("units")
    for file in UNITS:
        text = re.sub(r"(?m)^(Exec\w+=)\S+", r"\1/bin/true", file.read_text())
        (place / file.name).write_text(text)
    return place


def test_all_units_are_here() -> None:
    assert len(SERVICES) == 7
    assert len(UNITS) == 9


@pytest.mark.parametrize("name", [file.name for file in UNITS])
def test_systemd_reads_every_line_of_it(readable: Path, name: str) -> None:
    read = analyze("verify", "--man=no", readable / name)
    ours = [line for line in (read.stdout + read.stderr).splitlines() if str(readable) in line]
    assert (read.returncode, ours) == (0, [])


def test_systemd_says_what_it_cannot_read(tmp_path: Path) -> None:
    """The test above can fail."""
    wrong = tmp_path / "wrong.service"
    wrong.write_text("[Service]\nExecStart=/bin/true\nProtectSytem=strict\n")
    assert "ProtectSytem" in analyze("verify", "--man=no", wrong).stderr


@pytest.mark.parametrize("file", SERVICES, ids=lambda file: file.name)
def test_little_is_left_open(file: Path) -> None:
    rated = analyze("security", "--offline=true", file)
    found = re.search(r"Overall exposure level for \S+: ([\d.]+)", rated.stdout)
    assert found, rated.stdout + rated.stderr
    assert float(found[1]) <= WORST_RATING
