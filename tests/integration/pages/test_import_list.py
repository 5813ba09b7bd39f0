"""`manage.py import_list`: what the page does with a list, for one of any length."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from mailadmin.audit.models import AuditEvent
from mailadmin.audit.services import last_number
from routing.core.listed_tables import OBJECTS
from routing.core.tables import TEXT_LIMIT
from routing.models import ConfigPush, RoutingObject
from routing.services.objects import delete_object
from tests.integration.pages.conftest import Site
from tests.integration.pages.test_export import exported, many

__all__ = ["many"]


def run(file: Path, *arguments: str) -> str:
    out = StringIO()
    call_command(
        "import_list", str(file), "--host=listes", *arguments, stdout=out, stderr=StringIO()
    )
    return out.getvalue()


def given(tmp_path: Path, text: str) -> Path:
    file = tmp_path / "list"
    file.write_text(text, "utf-8")
    return file


@pytest.mark.parametrize("form", ["csv", "json"])
@pytest.mark.parametrize("place", ["domains", "local-hosts", "routes"])
def test_an_export_changes_nothing_and_brings_back_what_is_gone(
    many: Site, tmp_path: Path, place: str, form: str
) -> None:
    client = many.sign_in("claire")
    file, before = given(tmp_path, exported(client, f"/{place}/?format={form}")), last_number()
    assert "0 rows were written" in run(file, "--existing=replace")
    assert last_number() == before

    shown = said(exported(client, f"/{place}/?format=json"))
    for row in RoutingObject.objects.filter(kind=shown[0]["kind"]):
        delete_object(identity=row.pk, version=row.version, by=many.people["luc"])
    words = "row was written" if len(shown) == 1 else "rows were written"
    assert f"{len(shown):8} {words}" in run(file)

    assert said(exported(client, f"/{place}/?format=json")) == shown


def said(text: str) -> list[dict[str, str]]:
    """The rows of an export without who changed them and when."""
    rows = [{name: row[name] for name in OBJECTS.said} for row in json.loads(text)]
    return sorted(rows, key=lambda row: (row["server"], row["key"]))


def test_rows_wait_to_be_proposed_and_each_has_its_event(site: Site, tmp_path: Path) -> None:
    pushes = ConfigPush.objects.count()
    said = run(given(tmp_path, "new.example.org\nmore.example.org\n"), "--tags=paris")

    rows = RoutingObject.objects.filter(key__in=["new.example.org", "more.example.org"])
    assert {(row.kind, row.tags, row.changed_by) for row in rows} == {
        ("virtual_domain", "paris", "import")
    }
    assert "2 rows were written, and wait to be proposed." in said
    said = run(given(tmp_path, "one.example.org\n"))
    assert "1 row was written, and waits to be proposed." in said
    assert ConfigPush.objects.count() == pushes
    assert AuditEvent.objects.filter(action="bulk.saved", actor="import").count() == 2
    assert AuditEvent.objects.filter(object_id__in=[row.pk for row in rows]).count() == 2


def test_a_list_that_is_too_long_for_a_browser_is_read(site: Site, tmp_path: Path) -> None:
    line = "# one of many words that nobody reads\n"
    text = line * (TEXT_LIMIT // len(line) + 1) + "last.example.org\n"
    assert len(text) > TEXT_LIMIT

    run(given(tmp_path, text))

    assert RoutingObject.objects.filter(key="last.example.org").exists()


def test_a_dry_run_says_each_line_and_every_error_and_writes_nothing(
    site: Site, tmp_path: Path
) -> None:
    file = given(tmp_path, "new.example.org\nbad..example\nrenater.fr\n[wrong\n")
    before = last_number()
    with pytest.raises(CommandError, match=r"2 lines are wrong; nothing was written\."):
        run(file, "--dry-run")
    with pytest.raises(CommandError, match=r"2 lines are wrong"):
        run(file)
    good = given(tmp_path, "new.example.org\nrenater.fr\n")

    told = json.loads(run(good, "--dry-run", "--json"))

    assert [(line["line"], line["outcome"]) for line in told["lines"]] == [(1, "add"), (2, "same")]
    assert told["saved"] == 0
    assert "       1 added: listes new.example.org" in run(good, "--dry-run")
    assert last_number() == before


@pytest.mark.parametrize(
    ("raw", "arguments", "words"),
    [
        (b"a.example.org\n", ["--host=nowhere"], "There is no list server nowhere in service."),
        (b"\xff", [], "is not UTF-8 text at byte 0."),
        (b"a.example.org\n", [f"--tags={'x' * 100}"], "x"),
        (b"a.example.org\n", ["--kind=route", "--relay=none"], "1 line is wrong"),
    ],
)
def test_what_cannot_be_is_said(
    site: Site, tmp_path: Path, raw: bytes, arguments: list[str], words: str
) -> None:
    file = tmp_path / "list"
    file.write_bytes(raw)
    with pytest.raises(CommandError, match=words):
        run(file, *arguments)
    assert not RoutingObject.objects.filter(key="a.example.org").exists()


def test_a_file_that_is_not_there_is_named(site: Site, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=r"list cannot be read: No such file or directory\."):
        run(tmp_path / "list")
