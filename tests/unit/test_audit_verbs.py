"""Every verb that the code writes into the audit trail has an icon and words."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

import pytest

from mailadmin.audit.verbs import VERBS, verb_of
from mailadmin.ui import icons
from routing.core.intent import ObjectKind
from routing.core.states import PUSH_TRANSITIONS, TARGET_TRANSITIONS, PushState

ROOT = Path(__file__).parents[2]
SOURCES = sorted(
    path
    for place in ("mailadmin", "routing", "spools")
    for path in (ROOT / place).rglob("*.py")
    if "migrations" not in path.parts
)
REACHED: Mapping[str, frozenset[str]] = {
    "to": frozenset(),
    "row.kind": frozenset(ObjectKind),
    "verdict": frozenset({"approved", "refused"}),
}
"""What the names in an f-string of an action stand for; `what` is read from the calls."""
SHARED = {"mail_host.": "happened", "retirement.": "retirement_happened"}
"""Functions that make events for other modules too."""


def test_every_verb_that_is_written_has_an_icon_and_words() -> None:
    assert sorted(written() - VERBS.keys()) == []


def test_no_verb_is_listed_that_nothing_writes() -> None:
    assert sorted(VERBS.keys() - written()) == []


@pytest.mark.parametrize("action", sorted(VERBS))
def test_every_icon_is_there(action: str) -> None:
    assert icons.draw(verb_of(action).icon, 14, "ma-icon")


def test_an_event_of_another_release_keeps_its_name() -> None:
    assert verb_of("spool.was_flushed").words == "spool was flushed"


@cache
def written() -> frozenset[str]:
    """Every action that the sources can write: constants, and f-strings with what they hold."""
    return frozenset(action for path in SOURCES for action in _actions(ast.parse(path.read_text())))


def _actions(tree: ast.Module) -> Iterator[str]:
    for call in ast.walk(tree):
        if isinstance(call, ast.Call) and _name(call) == "Happened":
            given = {item.arg: item.value for item in call.keywords}
            yield from _values(given["action"], tree)


def _values(value: ast.expr, tree: ast.Module) -> Iterator[str]:
    """The texts that an expression may be."""
    match value:
        case ast.Constant(value=str(text)):
            yield text
        case ast.IfExp(body=body, orelse=orelse):
            yield from _values(body, tree)
            yield from _values(orelse, tree)
        case ast.JoinedStr(values=[ast.Constant(value=str(noun)), ast.FormattedValue(value=name)]):
            yield from (f"{noun}{act}" for act in _held(noun, ast.unparse(name), tree))
        case ast.JoinedStr(
            values=[
                ast.FormattedValue(value=kind),
                ast.Constant(value="."),
                ast.FormattedValue(value=name),
            ]
        ):
            for noun in REACHED[ast.unparse(kind)]:
                yield from (f"{noun}.{act}" for act in _held(f"{noun}.", ast.unparse(name), tree))
        case _:
            raise AssertionError(f"this test cannot read the action {ast.unparse(value)}")


def _held(noun: str, name: str, tree: ast.Module) -> frozenset[str]:
    """What a name in an action stands for."""
    if name == "to":
        table: Mapping[str, frozenset[str]] = {
            "push.": frozenset(PUSH_TRANSITIONS) - {PushState.PROPOSED},
            "target.": frozenset().union(*TARGET_TRANSITIONS.values()),
        }
        return frozenset(str(state) for state in table[noun])
    if name == "what":
        return frozenset(_whats(noun, tree))
    return REACHED[name]


def _whats(noun: str, tree: ast.Module) -> Iterator[str]:
    """The words given to the function that makes the event, in the module or in its importers."""
    own = SHARED.get(noun, "_happened")
    trees = [ast.parse(path.read_text()) for path in SOURCES] if noun in SHARED else [tree]
    for found in trees:
        for call in ast.walk(found):
            if isinstance(call, ast.Call) and _name(call) == own and len(call.args) > 1:
                yield from _words(call.args[1], found)


def _words(value: ast.expr, tree: ast.Module) -> Iterator[str]:
    if not isinstance(value, ast.Name):
        yield from _values(value, tree)
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == value.id:
            yield from _values(node.value, tree)


def _name(call: ast.Call) -> str:
    return ast.unparse(call.func).rpartition(".")[2]
