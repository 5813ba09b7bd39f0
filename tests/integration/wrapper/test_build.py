"""The build refuses what it could not bake in safely."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from tests.integration.wrapper.list_server import BUILD, ListServer


def build(server: ListServer, **changes: Path | str) -> subprocess.CompletedProcess[bytes]:
    paths = replace(server.paths, **changes)  # type: ignore[arg-type]
    return subprocess.run(paths.build_command(), capture_output=True, check=False)


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("routing", "relative/path"),
        ("kept", '/with"quote'),
        ("sendmail", "/with space"),
        ("baked", "/line\nbreak"),
        ("routing", "/" + "x" * 3001),
        ("owner", "-option"),
        ("owner", "no;name"),
    ],
)
def test_a_value_that_is_not_safe_is_refused(
    server: ListServer, tmp_path: Path, option: str, value: str
) -> None:
    done = build(server, out=tmp_path / "out", **{option: value})
    assert (done.returncode, list(tmp_path.iterdir())) == (64, [])
    assert done.stderr.startswith(f"build: --{option}".encode())


def test_every_option_is_needed(tmp_path: Path) -> None:
    done = subprocess.run([BUILD, "--out", tmp_path / "out"], capture_output=True, check=False)
    assert done.returncode == 64
    assert done.stderr.startswith(b"build --out FILE --routing DIR")


def test_a_wrapper_in_use_is_replaced_and_nothing_else_is_left(
    server: ListServer, tmp_path: Path
) -> None:
    first = build(server, out=tmp_path / "sendmail")
    again = build(server, out=tmp_path / "sendmail")
    assert (first.returncode, again.returncode, first.stderr, again.stderr) == (0, 0, b"", b"")
    assert [path.name for path in tmp_path.iterdir()] == ["sendmail"]
