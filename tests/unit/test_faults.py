"""docs/faults.md: each fault has its tests, and each of them is there."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
HEAD = ["fault", "what is seen", "what is lost", "what to do", "tests"]
TEST = re.compile(r"`(tests/[\w/]+\.py(?:::\w+)+)`")
NOTHING_CITED = re.compile(r"[\s,]*")


def rows() -> list[list[str]]:
    """The cells of every row of every table, without heads and rules."""
    lines = (ROOT / "docs/faults.md").read_text().splitlines()
    found = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if "|" in line]
    return [cells for cells in found if cells != HEAD and set("".join(cells)) != {"-"}]


@cache
def names_in(file: str) -> frozenset[str]:
    """Every test of a file as pytest names it, without its parameters."""
    tree = ast.parse((ROOT / file).read_text())
    classes = [node for node in tree.body if isinstance(node, ast.ClassDef)]
    scopes = [("", tree.body), *((f"{node.name}::", node.body) for node in classes)]
    return frozenset(
        f"{scope}{node.name}"
        for scope, body in scopes
        for node in body
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    )


def missing(cell: str) -> list[str]:
    """What a cell of tests names and is not there, and what in it is no name."""
    found = [
        name
        for name in TEST.findall(cell)
        if not (ROOT / name.partition("::")[0]).is_file()
        or name.partition("::")[2] not in names_in(name.partition("::")[0])
    ]
    rest = TEST.sub("", cell)
    return found if NOTHING_CITED.fullmatch(rest) else [*found, rest]


def test_every_row_is_whole() -> None:
    assert len(rows()) > 30
    assert [cells for cells in rows() if len(cells) != len(HEAD) or not all(cells)] == []


@pytest.mark.parametrize("cells", rows(), ids=lambda cells: cells[0][:60])
def test_every_test_that_a_fault_names_is_there(cells: list[str]) -> None:
    assert TEST.findall(cells[-1])
    assert missing(cells[-1]) == []


@pytest.mark.parametrize(
    "cell",
    [
        "`tests/unit/test_faults.py::test_that_was_renamed`",
        "`tests/unit/test_gone.py::test_every_row_is_whole`",
        "`tests/unit/test_faults.py::test_every_row_is_whole` and others",
        "tests/unit/test_faults.py::test_every_row_is_whole",
    ],
)
def test_a_name_that_leads_nowhere_would_be_found(cell: str) -> None:
    assert missing(cell) != []
