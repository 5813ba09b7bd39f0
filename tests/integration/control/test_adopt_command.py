"""`manage.py adopt`: the report of a whole list server from its files, and its import."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from routing.models import MailHost, RoutingObject, Subject, Survey
from tests.integration.pages import world
from tests.unit.routing.test_adopt import CW, MC, SYMPA, TABLE

pytestmark = pytest.mark.django_db


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    """The files of a messy list server, and the arguments that name them."""
    (tmp_path / "mailertable").write_text(TABLE)
    (tmp_path / "sympa.mc").write_text(MC)
    (tmp_path / "cw").write_text(next(iter(CW.values())))
    for name, text in SYMPA.items():
        (tmp_path / "etc" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "etc" / name).write_text(text)
    return [
        "--host=listes",
        f"--mailertable={tmp_path / 'mailertable'}",
        f"--mc={tmp_path / 'sympa.mc'}",
        f"--class-w={tmp_path / 'cw'}",
        f"--sympa-etc={tmp_path / 'etc'}",
    ]


def run(*arguments: str) -> str:
    out = StringIO()
    call_command("adopt", *arguments, stdout=out, stderr=StringIO())
    return out.getvalue()


def test_it_says_everything_and_writes_nothing(files: list[str]) -> None:
    world.list_server()
    said = run(*files)
    assert "     2  virtual_domain" in said
    assert "ours says otherwise, on purpose: define(`QUEUE_DIR'" in said
    assert "warning: line 3: host.renater.fr is a name of the host itself" in said
    assert not RoutingObject.objects.exists()


def test_the_whole_report_is_there_as_json(files: list[str]) -> None:
    world.list_server()
    report = json.loads(run(*files, "--json"))
    assert {line["key"] for line in report["lines"]} >= {"jres.org", "."}
    assert {robot["domain"] for robot in report["robots"]} >= {"jres.org", "conf.org"}
    assert "MASQUERADE_AS" in report["local_m4"]


def test_with_import_it_writes_the_rows_the_hosts_m4_and_the_first_push(files: list[str]) -> None:
    world.list_server()
    run(*files, "--import", "--keep-options")
    assert RoutingObject.objects.count() == 6
    assert "MASQUERADE_AS(`renater.fr')dnl" in MailHost.objects.get().site_m4
    with pytest.raises(CommandError, match="listes has 6 keys already"):
        run(*files, "--import")


def test_what_the_files_tell_beside_the_table_is_kept_with_its_date(files: list[str]) -> None:
    world.list_server()
    run(*files)
    assert not Survey.objects.exists(), "read, and not imported"
    run(*files, "--import")

    robots = Survey.objects.get(subject=Subject.ROBOTS)
    assert {name.name for name in robots.names.all()} >= {"jres.org", "conf.org"}
    assert (robots.source, robots.is_whole, robots.total) == ("import", True, robots.names.count())
    assert all(row.changed_at <= robots.told_at for row in RoutingObject.objects.all())
    accepted = Survey.objects.get(subject=Subject.ACCEPTED)
    assert not accepted.is_whole, "relay-domains was not read"
    assert accepted.names.filter(name="host.renater.fr").exists()


def test_a_table_alone_tells_nothing_of_robots(files: list[str]) -> None:
    world.list_server()
    run(*files[:2], "--import")

    assert not Survey.objects.exists()


def test_every_file_that_cannot_be_read_is_named_at_once(tmp_path: Path) -> None:
    world.list_server()
    (tmp_path / "bad.mc").write_bytes(b"\xff")
    with pytest.raises(CommandError) as refused:
        run("--host=listes", f"--mailertable={tmp_path / 'none'}", f"--mc={tmp_path / 'bad.mc'}")
    assert "none cannot be read: No such file or directory." in str(refused.value)
    assert "bad.mc is not UTF-8 text at byte 0." in str(refused.value)
