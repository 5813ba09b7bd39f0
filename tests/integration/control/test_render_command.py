"""`manage.py render`: what a host would be sent, as files."""

from __future__ import annotations

from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from routing.queries.revisions import live_revision
from tests.integration.pages import world

pytestmark = pytest.mark.django_db

FILES = {"sympa.mc", "sympa-fallback.mc", "mailertable", "mailertable-fallback", "sympa.conf"}


def run(*arguments: str) -> str:
    out = StringIO()
    call_command("render", *arguments, stdout=out)
    return out.getvalue()


def test_it_writes_every_file_and_says_the_digest(tmp_path: Path) -> None:
    host = world.list_server()
    world.imported(host)
    said = run("--host", "listes", "--out", str(tmp_path / "new"), "--live")
    assert {file.name for file in (tmp_path / "new").iterdir()} == FILES
    assert "jres.org\tesmtp:[127.0.0.1]\n" in (tmp_path / "new/mailertable").read_text()
    live = live_revision(host)
    assert live is not None
    assert f"digest {live.digest}" in said


def test_rows_that_are_live_render_to_the_live_digest(tmp_path: Path) -> None:
    world.imported(world.list_server())
    assert run("--host", "listes", "--out", str(tmp_path)) == run(
        "--host", "listes", "--out", str(tmp_path), "--live"
    )


@pytest.mark.parametrize("options", [["--host", "nowhere"], ["--host", "listes", "--live"]])
def test_what_cannot_be_rendered_is_said_and_nothing_is_written(
    tmp_path: Path, options: list[str]
) -> None:
    world.list_server()
    with pytest.raises(CommandError):
        run(*options, "--out", str(tmp_path / "new"))
    assert not (tmp_path / "new").exists()
