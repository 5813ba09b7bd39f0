"""The image of the Dockerfile without an engine: buildah, on a Debian that debootstrap makes."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.fixtures.sandbox import CHECKOUT

SUITE = "bookworm"
BUILD_S, RUN_S = 1800, 120
TAKEN = ("/etc/apt", "/etc/pip.conf", "/usr/local/share/ca-certificates", "/etc/ssl/certs")
"""Where this machine's packages come from, and whom it trusts."""
NPM_SETTINGS = (Path("/etc/npmrc"), Path.home() / ".npmrc")


@dataclass(frozen=True, slots=True)
class Image:
    """A container of the image, whose file system commands run in by chroot."""

    store: Path
    container: str

    def command(
        self,
        argv: Sequence[str],
        *,
        user: str,
        env: Mapping[str, str],
        mounts: Iterable[str] = (),
    ) -> list[str]:
        """The argument list that runs `argv` in it; `mounts` are HERE:THERE[:ro]."""
        options = ["--user", user]
        for name, value in env.items():
            options += ["--env", f"{name}={value}"]
        for mount in mounts:
            options += ["--volume", mount]
        return [*buildah(self.store), "run", *options, self.container, "--", *argv]

    def run(
        self,
        argv: Sequence[str],
        *,
        user: str,
        env: Mapping[str, str],
        mounts: Iterable[str] = (),
        stdin: str = "",
    ) -> subprocess.CompletedProcess[str]:
        """Run it to its end."""
        return subprocess.run(
            self.command(argv, user=user, env=env, mounts=mounts),
            input=stdin,
            capture_output=True,
            text=True,
            timeout=RUN_S,
            check=False,
        )


def build(place: Path) -> Image:
    """Build the image and make a container of it; `place` keeps the base between runs."""
    missing = [name for name in ("buildah", "debootstrap") if shutil.which(name) is None]
    if os.geteuid() != 0 or missing:
        pytest.fail("as root, with: apt-get install --no-install-recommends buildah debootstrap")
    store, base = place / "store", place / "base"
    shutil.rmtree(store, ignore_errors=True)
    make_base(base)
    empty = said([*buildah(store), "from", "scratch"])
    said([*buildah(store), "add", "--quiet", empty, f"{base}/", "/"])
    said([*buildah(store), "commit", "--quiet", "--rm", empty, "base:trial"])
    options = [
        "--format",
        "docker",
        "--isolation",
        "chroot",
        "--build-arg",
        "BASE=localhost/base:trial",
    ]
    said([*buildah(store), "bud", *options, "--tag", "mailadmin:trial", str(CHECKOUT)])
    return Image(store, said([*buildah(store), "from", "localhost/mailadmin:trial"]))


def make_base(base: Path) -> None:
    """What debian:12-slim is, with the settings by which this machine gets packages."""
    if not (base / "etc/debian_version").exists():
        said(["debootstrap", "--variant=minbase", SUITE, str(base)])
    for name in TAKEN:
        if not Path(name).exists():
            continue
        target = base / name.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        said(["cp", "-aLT", name, str(target)])
    lines = [file.read_text() for file in NPM_SETTINGS if file.exists()]
    (base / "root/.npmrc").write_text("\n".join(lines))


def buildah(store: Path) -> list[str]:
    return [
        "buildah",
        "--storage-driver",
        "vfs",
        "--root",
        str(store / "root"),
        "--runroot",
        str(store / "run"),
    ]


def said(argv: Sequence[str]) -> str:
    """The last line that a program prints."""
    ran = subprocess.run(
        argv,
        capture_output=True,
        text=True,
        timeout=BUILD_S,
        check=False,
        env={**os.environ, "BUILDAH_ISOLATION": "chroot"},
    )
    assert ran.returncode == 0, f"{' '.join(argv)}\n{ran.stdout[-3000:]}\n{ran.stderr[-3000:]}"
    return (ran.stdout.split() or [""])[-1]
