"""Orders and reports are read strictly, and every fault is named at once."""

from typing import Any

import pytest

from mailadmin.wire.core.messages import ROLE_OF, MessageError, Order, Report, Role, Verb
from tests.unit.wire.messages import ORDER, REPORT


def test_an_order_comes_back_as_it_was() -> None:
    assert Order.from_json(ORDER.to_json()) == ORDER


def test_a_report_comes_back_as_it_was() -> None:
    assert Report.from_json(REPORT.to_json()) == REPORT


WRONG: list[tuple[str, Any]] = [
    ("host", "Listes"),
    ("host", "listes.deploy"),
    ("host", "*"),
    ("host", "a" * 64),
    ("host", "listes\n"),
    ("host", ""),
    ("host", None),
    ("role", "root"),
    ("attempt", "1"),
    ("attempt", "0B2E4B0E-35B1-4B57-9C5D-6F3A5C8F0001"),
    ("sequence", 0),
    ("sequence", -1),
    ("sequence", 2**53),
    ("sequence", True),
    ("sequence", "7"),
    ("blob", "abc"),
    ("blob", "A" * 64),
    ("version", True),
]


@pytest.mark.parametrize(
    ("name", "value"),
    [*WRONG, ("arguments", []), ("not_after", -1), ("not_after", None), ("verb", 3)],
)
def test_a_wrong_field_of_an_order_is_named(name: str, value: Any) -> None:
    with pytest.raises(MessageError) as caught:
        Order.from_json({**ORDER.to_json(), name: value})

    assert [problem.partition(" ")[0] for problem in caught.value.problems] == [name]


@pytest.mark.parametrize(
    ("name", "value"), [*WRONG, ("body", None), ("outcome", "maybe"), ("at", -1)]
)
def test_a_wrong_field_of_a_report_is_named(name: str, value: Any) -> None:
    with pytest.raises(MessageError) as caught:
        Report.from_json({**REPORT.to_json(), name: value})

    assert [problem.partition(" ")[0] for problem in caught.value.problems] == [name]


def test_all_faults_are_named_at_once() -> None:
    with pytest.raises(MessageError) as caught:
        Order.from_json({"version": 1, "host": "X", "more": 1})

    assert set(caught.value.problems) >= {"role is missing", "blob is missing", "more is not known"}
    assert any(problem.startswith("host must match") for problem in caught.value.problems)


@pytest.mark.parametrize("value", [None, [], "order", 3])
def test_what_is_no_object_is_no_message(value: Any) -> None:
    with pytest.raises(MessageError, match="must be an object"):
        Order.from_json(value)


def test_another_version_has_a_code_of_its_own() -> None:
    with pytest.raises(MessageError) as caught:
        Order.from_json({**ORDER.to_json(), "version": 2, "verb": "teleport"})

    assert caught.value.code == "unsupported_version"


def test_an_unknown_verb_has_a_code_of_its_own() -> None:
    with pytest.raises(MessageError) as caught:
        Order.from_json({**ORDER.to_json(), "verb": "teleport"})

    assert caught.value.code == "unknown_verb"


@pytest.mark.parametrize("verb", Verb)
@pytest.mark.parametrize("role", Role)
def test_each_role_gets_only_its_own_verbs(role: Role, verb: Verb) -> None:
    value = {**ORDER.to_json(), "role": role.value, "verb": verb.value}

    if role in ROLE_OF[verb]:
        assert Order.from_json(value).verb == verb
        return
    with pytest.raises(MessageError) as caught:
        Order.from_json(value)
    assert caught.value.code == "wrong_role"


def test_every_verb_has_a_role() -> None:
    assert set(ROLE_OF) == set(Verb)
    assert all(ROLE_OF.values())
