"""The repository about itself: what may not stand in it, and what must stand in it together."""

from __future__ import annotations

import ast
import json
import os
import re
import tomllib
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.apps import apps
from django.db.migrations.autodetector import MigrationAutodetector
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.state import ProjectState
from django.db.models import JSONField
from pip._internal.models.index import PyPI

ROOT = Path(__file__).resolve().parents[2]
ADR = ROOT / "docs/adr"
OURS = ("mailadmin", "routing", "spools")
WORD_AROUND = "[A-Za-z0-9.-]"


@cache
def files() -> tuple[Path, ...]:
    """Every file of the tree that .gitignore does not keep out, without a process."""
    ignored = [*(ROOT / ".gitignore").read_text().split(), "/.git"]
    return tuple(sorted(_below(ROOT, ignored)))


def _below(directory: Path, ignored: list[str]) -> Iterator[Path]:
    for path in directory.iterdir():
        if path.is_symlink() or any(_is_ignored(path, pattern) for pattern in ignored):
            continue
        if path.is_dir():
            yield from _below(path, ignored)
        else:
            yield path


def _is_ignored(path: Path, pattern: str) -> bool:
    """A slash in front means the top of the tree."""
    if pattern.startswith("/"):
        return path == ROOT / pattern.strip("/")
    return path.match(pattern.strip("/"))


@cache
def texts() -> dict[Path, str]:
    """The content of each text file by its path in the tree."""
    found = {}
    for path in files():
        content = path.read_bytes()
        if b"\0" not in content:
            found[path.relative_to(ROOT)] = content.decode("utf-8", errors="replace")
    return found


def standing_in(words: Iterable[str]) -> list[str]:
    """FILE: WORD for each word that stands in a file as a whole name."""
    either = "|".join(re.escape(word) for word in sorted(words))
    pattern = re.compile(f"(?<!{WORD_AROUND})(?:{either})(?!{WORD_AROUND})")
    return [f"{path}: {hit}" for path, text in texts().items() for hit in pattern.findall(text)]


def registry_hosts() -> set[str]:
    """The hosts that this machine's pip, npm and apt fetch from, and pip's own default."""
    home = Path.home()
    found = [Path("/etc/pip.conf"), home / ".pip/pip.conf", home / ".config/pip/pip.conf"]
    found += [Path("/etc/npmrc"), home / ".npmrc", Path("/etc/apt/sources.list")]
    found += Path("/etc/apt").glob("sources.list.d/*")
    given = [value for name, value in os.environ.items() if _is_about_packages(name)]
    given += [path.read_text(errors="replace") for path in found if path.is_file()]
    hosts = {urlsplit(url).hostname for text in given for url in re.findall(r"https?://\S+", text)}
    return {host for host in hosts if host and "." in host and not host.startswith("127.")} | {
        PyPI.netloc,
        PyPI.file_storage_domain,
    }


def _is_about_packages(variable: str) -> bool:
    return variable.lower().startswith(("pip_", "npm_config_", "uv_"))


def test_the_walk_finds_the_tree_and_not_what_was_made_in_it() -> None:
    names = {str(path) for path in texts()}

    assert {"README.md", "run", "deploy/wrapper/build", "docs/adr/README.md"} <= names
    assert not any(name.startswith((".venv/", "node_modules/", "var/")) for name in names)


def test_no_file_names_a_package_registry() -> None:
    """Where packages come from is the machine's own matter."""
    assert standing_in(registry_hosts()) == []


def test_a_registry_would_be_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", "https://someone@packages.example.org:8443/simple")

    assert "packages.example.org" in registry_hosts()
    assert standing_in(["packages.example.org"])


def test_no_file_names_a_path_of_this_machine() -> None:
    """The checkout, the home of who tests, and the place of the tests' state.

    A checkout where docs/operations.md says that a site's own one lies is no secret.
    """
    places = [
        *({ROOT} - {Path("/opt/mailadmin/control")}),
        Path.home(),
        Path(os.environ.get("MAILADMIN_VAR", ROOT / "var")),
    ]
    own = [f"{place}/" for place in places if len(place.parts) > 2] + [f"{Path.home()}/"]

    found = [f"{path}: {word}" for path, text in texts().items() for word in own if word in text]

    assert found == []


def test_migrations_say_what_the_models_say() -> None:
    loader = MigrationLoader(None)
    detector = MigrationAutodetector(loader.project_state(), ProjectState.from_apps(apps))
    changes = detector.changes(graph=loader.graph)

    mine = {config.label for config in apps.get_app_configs() if config.name.startswith(OURS)}
    assert {label: found for label, found in changes.items() if label in mine} == {}
    assert loader.detect_conflicts() == {}


def decisions() -> list[Path]:
    return sorted(path for path in ADR.glob("*.md") if path.name != "README.md")


def test_decisions_are_numbered_once_and_without_a_gap() -> None:
    numbers = [int(path.name[:4]) for path in decisions()]

    assert numbers == list(range(1, len(numbers) + 1))


@pytest.mark.parametrize("path", decisions(), ids=lambda path: path.stem)
def test_a_decision_has_its_number_and_its_three_parts(path: Path) -> None:
    lines = path.read_text().splitlines()

    assert lines[0].startswith(f"# {int(path.name[:4])}. ")
    assert [line for line in lines if line.startswith("## ")] == [
        "## Context",
        "## Decision",
        "## Consequences",
    ]


def test_the_index_lists_each_decision_by_its_title() -> None:
    rows = re.findall(r"^\| (\d{4}) \| \[(.+)\]\((.+)\) \|$", (ADR / "README.md").read_text(), re.M)

    titles = {path.name: path.read_text().splitlines()[0].split(". ", 1)[1] for path in decisions()}
    assert rows == [(name[:4], title, name) for name, title in titles.items()]


def section(page: str, title: str) -> str:
    """The text of one second-level heading."""
    return (ROOT / page).read_text().partition(f"## {title}\n")[2].partition("\n## ")[0]


def first_cells(table: str) -> list[str]:
    """The names in backticks in the first column, in order."""
    return re.findall(r"^\| `([^`]+)`", table, re.M)


def bare(requirement: str) -> str:
    """A requirement without its versions: `django-allauth[mfa]>=65` is `django-allauth[mfa]`."""
    return re.split(r"[<>=!~ ]", requirement, maxsplit=1)[0]


@pytest.mark.parametrize(
    ("title", "group"),
    [
        ("Control plane and agents", None),
        ("Control plane", "control"),
        ("Development and tests", "dev"),
    ],
)
def test_each_python_dependency_is_explained(title: str, group: str | None) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = project["optional-dependencies"][group] if group else project["dependencies"]

    assert first_cells(section("docs/dependencies.md", title)) == [bare(item) for item in wanted]


def test_each_front_end_dependency_is_explained() -> None:
    wanted = json.loads((ROOT / "package.json").read_text())["dependencies"]

    assert sorted(first_cells(section("docs/dependencies.md", "Front end"))) == sorted(wanted)


def settings_read() -> dict[str, str | None]:
    """Each MAILADMIN_* variable of the settings with its default as the page writes it, None for
    one that is computed or that has none."""
    tree = ast.parse((ROOT / "mailadmin/settings.py").read_text())
    calls = (node for node in ast.walk(tree) if isinstance(node, ast.Call) and node.args)
    named = ((call.args[0], call) for call in calls)
    return {
        name.value: _default(call)
        for name, call in named
        if isinstance(name, ast.Constant)
        and isinstance(name.value, str)
        and name.value.startswith("MAILADMIN_")
    }


def _default(call: ast.Call) -> str | None:
    given = next((word.value for word in call.keywords if word.arg == "default"), None)
    try:
        value = None if given is None else ast.literal_eval(given)
    except ValueError:
        return None
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, list):
        value = ",".join(value)
    return None if value is None else f"`{value}`" if value != "" else "empty"


def test_each_variable_of_the_settings_is_documented_with_its_default() -> None:
    page = (ROOT / "docs/configuration.md").read_text()
    rows = dict(re.findall(r"^\| `(MAILADMIN_\w+)` \| (.+?) \|", page, re.M))
    read = settings_read()

    assert len(read) > 15
    assert set(rows) == set(read)
    assert {name: rows[name] for name, default in read.items() if default} == {
        name: default for name, default in read.items() if default
    }


LINK = re.compile(r"\]\((?!https?:|#)([^)#\s]+)[^)]*\)")


def test_each_link_between_pages_leads_to_a_file() -> None:
    broken = [
        f"{path}: {target}"
        for path, text in texts().items()
        if path.suffix == ".md"
        for target in LINK.findall(text)
        if not (ROOT / path.parent / target).exists()
    ]

    assert broken == []


QUERIES = frozenset({"filter", "exclude", "get", "aget", "Q", "get_or_create"})


def asked_for_json_null(tree: ast.AST, fields: Iterable[str]) -> list[str]:
    """Where a query compares a JSON field with None: the value null, and never a missing one."""
    return [
        f"{keyword.value.lineno}: {keyword.arg}=None"
        for call in ast.walk(tree)
        if isinstance(call, ast.Call) and ast.unparse(call.func).split(".")[-1] in QUERIES
        for keyword in call.keywords
        if keyword.arg is not None
        and keyword.arg.split("__")[-1] in fields
        and isinstance(keyword.value, ast.Constant)
        and keyword.value.value is None
    ]


def json_fields() -> set[str]:
    """The names of the JSON fields of every model of ours."""
    return {
        field.name
        for model in apps.get_models()
        if model.__module__.split(".")[0] in OURS
        for field in model._meta.get_fields()
        if isinstance(field, JSONField)
    }


@pytest.mark.parametrize("app", OURS)
def test_no_query_asks_for_json_null_where_it_means_a_missing_value(app: str) -> None:
    found = {
        str(path.relative_to(ROOT)): lines
        for path in (ROOT / app).rglob("*.py")
        if (lines := asked_for_json_null(ast.parse(path.read_text()), json_fields()))
    }

    assert not found, "write __isnull=True"


def test_a_query_for_json_null_is_found() -> None:
    source = "rows.filter(proof=None)\nrows.exclude(targets__error=None)\nrows.filter(host=None)"

    assert json_fields() >= {"proof", "error", "manifest", "facts"}
    assert asked_for_json_null(ast.parse(source), json_fields()) == [
        "1: proof=None",
        "2: targets__error=None",
    ]
