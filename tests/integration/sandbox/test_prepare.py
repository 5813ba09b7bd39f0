"""prepare.sh does what is missing, once, and says what it cannot do."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.fixtures.sandbox import CHECKOUT

PREPARE = CHECKOUT / "deploy/sandbox/prepare.sh"


def prepare(script: str, **env: str) -> subprocess.CompletedProcess[str]:
    """Run lines of bash with the functions of prepare.sh."""
    return subprocess.run(
        ["bash", "-c", f"set -euo pipefail; . {PREPARE}; {script}"],
        capture_output=True,
        text=True,
        cwd=CHECKOUT,
        env=dict(os.environ) | env,
        check=False,
    )


def test_a_second_time_there_is_nothing_to_do(var_dir: Path) -> None:
    env = {"MAILADMIN_VAR": str(var_dir)}
    assert prepare("prepare test", **env).returncode == 0
    again = prepare("prepare test", **env)
    assert (again.returncode, again.stdout, again.stderr) == (0, "", "")


def test_a_place_that_others_may_write_is_refused() -> None:
    refused = prepare("choose_place", MAILADMIN_VAR="/tmp/mailadmin-never-made")
    assert refused.returncode == 1
    assert "/tmp may be written by others than its owner (mode 1777)" in refused.stderr
    assert "MAILADMIN_VAR=" in refused.stderr
    assert not Path("/tmp/mailadmin-never-made").exists()


def test_of_many_problems_of_a_place_the_first_is_said(scratch: Path) -> None:
    place = scratch
    for number in range(20):
        place /= f"open-{number}"
        place.mkdir()
        place.chmod(0o777)
    # A pipe to head would end the writer, at a time that differs, and prepare with it.
    for _ in range(5):
        refused = prepare("choose_place", MAILADMIN_VAR=str(place))
        assert refused.returncode == 1
        assert f"{place} may be written by others than its owner (mode 777)" in refused.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount over /proc")
def test_without_proc_it_says_what_to_do() -> None:
    script = f"set -euo pipefail; . {PREPARE}; mount -t tmpfs none /proc; prepare run"
    refused = subprocess.run(
        ["unshare", "--mount", "bash", "-c", script],
        capture_output=True,
        text=True,
        cwd=CHECKOUT,
        check=False,
    )
    assert refused.returncode == 1
    assert "mount -t proc proc /proc" in refused.stderr


def test_a_place_that_a_configuration_cannot_carry_is_refused() -> None:
    refused = prepare("choose_place", MAILADMIN_VAR="/var/lib/mail admin")
    assert refused.returncode == 1
    assert "characters that a sendmail configuration cannot carry" in refused.stderr


def test_a_checkout_that_sympa_cannot_enter_has_its_state_elsewhere_as_root(scratch: Path) -> None:
    checkout = scratch / "private"
    checkout.mkdir(mode=0o700)
    env = {"MAILADMIN_VAR": ""}
    chosen = prepare(f"CHECKOUT={checkout}; choose_place; echo; echo $MAILADMIN_VAR", **env)
    place = Path(chosen.stdout.splitlines()[-1])
    assert chosen.returncode == 0
    if os.geteuid() == 0:
        assert f"{checkout} cannot be entered by the user sympa" in chosen.stdout
        assert place.parent == Path("/var/lib")
        shutil.rmtree(place)
    else:
        assert place == checkout / "var"


def test_somebody_who_is_not_root_gets_the_line_to_install_what_is_missing() -> None:
    script = "is_root() { false; }; PACKAGES_RUN+=(mailadmin-no-such-package); need_packages run"
    refused = prepare(script)
    assert refused.returncode == 1
    assert (
        "sudo apt-get update && sudo apt-get install -y --no-install-recommends"
        " mailadmin-no-such-package\n"
    ) in refused.stderr


def test_of_alternative_packages_one_is_enough() -> None:
    found = prepare("missing_packages 'mailadmin-no-such-package|bash' m4")
    assert (found.returncode, found.stdout) == (0, "")
