"""`manage.py keys` makes what is missing, once, and registers it."""

from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from mailadmin.audit.models import AuditEvent
from mailadmin.wire.core.messages import Role
from mailadmin.wire.keys import generate, load_private, load_public, public_text, write_public
from mailadmin.wire.models import Agent

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def key_files(tmp_path: Path, settings: Settings) -> None:
    settings.SIGNING_KEY_FILE = str(tmp_path / "keys/control.key")
    settings.CONTROL_PUBLIC_KEY_FILE = str(tmp_path / "keys/control.pub")


def run(*arguments: object) -> str:
    out = StringIO()
    call_command("keys", *map(str, arguments), stdout=out)
    return out.getvalue()


def snapshot(directory: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in directory.rglob("*") if path.is_file()}


def test_the_signing_key_is_made_once(tmp_path: Path) -> None:
    run()
    first = snapshot(tmp_path)
    run()

    key = load_private(tmp_path / "keys/control.key")
    assert snapshot(tmp_path) == first
    assert public_text(load_public(tmp_path / "keys/control.pub")) == public_text(key.public_key())


def test_two_agents_are_made_and_registered_by_one_command(tmp_path: Path) -> None:
    for name in ("deploy", "spool"):
        (tmp_path / name).mkdir()
    arguments = [
        *("--agent", "listes", "deploy", "--out", tmp_path / "deploy"),
        *("--agent", "listes", "spool", "--out", tmp_path / "spool"),
    ]

    run(*arguments)
    first = snapshot(tmp_path)
    run(*arguments)

    assert snapshot(tmp_path) == first
    for role in Role:
        key = public_text(load_private(tmp_path / role / "agent.key").public_key())
        assert Agent.objects.get(host_name="listes", role=role).public_key == key
        assert snapshot(tmp_path)[str(tmp_path / role / "control.pub")]
    assert AuditEvent.objects.filter(action="agent.registered").count() == 2


def test_another_key_needs_to_be_asked_for(tmp_path: Path) -> None:
    for name in ("old", "new"):
        write_public(tmp_path / f"{name}.pub", generate(tmp_path / name).public_key())
    run("--register", "listes", "spool", tmp_path / "old.pub")

    with pytest.raises(CommandError, match="--replace"):
        run("--register", "listes", "spool", tmp_path / "new.pub")
    assert Agent.objects.get().public_key == (tmp_path / "old.pub").read_text().strip()

    run("--register", "listes", "spool", tmp_path / "new.pub", "--replace")
    assert Agent.objects.get().public_key == (tmp_path / "new.pub").read_text().strip()
    event = AuditEvent.objects.latest("number")
    assert (event.old, event.new) == (
        {"public_key": (tmp_path / "old.pub").read_text().strip()},
        {"public_key": (tmp_path / "new.pub").read_text().strip()},
    )


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["--agent", "listes", "deploy"], "one --out DIR for each"),
        (["--agent", "listes", "root", "--out", "/"], "root is no role"),
        (["--agent", "listes", "deploy", "--out", "/does/not/exist"], "is not a directory"),
        (["--register", "listes", "deploy", "/does/not/exist"], "cannot be read"),
    ],
)
def test_a_wrong_argument_is_explained(arguments: list[str], text: str) -> None:
    with pytest.raises(CommandError, match=text):
        run(*arguments)


@pytest.mark.parametrize("name", ["Listes", "listes.renater.fr", "*", ""])
def test_a_name_that_would_not_be_safe_in_redis_is_refused(tmp_path: Path, name: str) -> None:
    write_public(tmp_path / "a.pub", generate(tmp_path / "a").public_key())

    with pytest.raises(CommandError, match="is no name of a mail host"):
        run("--register", name, "deploy", tmp_path / "a.pub")
    assert not Agent.objects.exists()
