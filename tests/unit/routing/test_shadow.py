"""What each line does is what the resolver says with and without it."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from routing.core.resolve import BadAddress, Resolution, Resolver, Table, Why
from routing.core.shadow import Judge, Judged, Standing
from tests.unit.routing.values import FACTS

RELAY = "esmtp:[smtp1.renater.fr]"
LOCAL = "esmtp:[127.0.0.1]"
KEYS = (
    "a.org",
    "b.a.org",
    "c.b.a.org",
    ".a.org",
    ".b.a.org",
    ".org",
    ".",
    "fr",
    ".fr",
    "listes.renater.fr",
    "localhost",
    "probe-0.a.org",
    ".below-0.org",
    "A.org",
    "a.org.",
    "[192.0.2.1]",
    "a..org",
    "..org",
    "*.org",
)
VALUES = (
    RELAY,
    LOCAL,
    "esmtp:[SMTP1.renater.fr]",
    "esmtp:a.org",
    "esmtp:[%1.example]",
    "esmtp:[%2.example]",
    "local:",
    "local:someone",
    "error:5.7.1:550 closed",
    "nosuch:[a.example]",
    "[10.0.0.1]",
    "esmtp:a(b)",
    "es.mtp:host",
)
TABLES = st.dictionaries(st.sampled_from(KEYS), st.sampled_from(VALUES), max_size=9)
LABELS = ("a", "b", "c", "org", "fr", "x", "probe-0", "below-0", "other", "example")
DOMAINS = st.lists(st.sampled_from(LABELS), min_size=1, max_size=5).map(".".join) | st.sampled_from(
    ["listes.renater.fr", "localhost", "[192.0.2.1]", "A.org", "a.org."]
)
ADDRESSES = st.builds("{}@{}".format, st.sampled_from(["probe", "x%y", "x!y"]), DOMAINS)


def resolver(values: Mapping[str, str]) -> Resolver:
    return Resolver.of_host(Table(values), FACTS)


def judge(key: str, values: Mapping[str, str], *more: Mapping[str, str]) -> Judged:
    return Judge([values, *more], FACTS).judge(key)


def without(key: str, values: Mapping[str, str]) -> dict[str, str]:
    return {other: value for other, value in values.items() if other != key}


def ask(values: Mapping[str, str], address: str) -> Resolution:
    try:
        return resolver(values).resolve(address)
    except BadAddress:
        assume(False)
        raise


@given(TABLES, ADDRESSES)
def test_without_a_redundant_line_every_address_goes_the_same_way(
    values: dict[str, str], address: str
) -> None:
    now = ask(values, address)
    for line in Judge([values], FACTS).every():
        if line.standing is Standing.REDUNDANT:
            assert ask(without(line.key, values), address).answer == now.answer, line


@given(TABLES, ADDRESSES)
def test_a_line_that_is_shadowed_or_unreachable_changes_no_answer(
    values: dict[str, str], address: str
) -> None:
    now = ask(values, address)
    for line in Judge([values], FACTS).every():
        if line.standing in (Standing.SHADOWED, Standing.UNREACHABLE):
            assert ask(without(line.key, values), address) == now, line


@given(TABLES, ADDRESSES)
def test_only_a_line_that_is_reached_decides(values: dict[str, str], address: str) -> None:
    found = ask(values, address)
    if found.key and found.why is not Why.OPAQUE:
        reached = Judge([values], FACTS).judge(found.key).standing
        assert reached in (Standing.EFFECTIVE, Standing.REDUNDANT)


@given(TABLES)
def test_an_effective_line_has_an_address_that_it_decides_for(values: dict[str, str]) -> None:
    for line in Judge([values], FACTS).every():
        if line.standing is not Standing.EFFECTIVE:
            continue
        below = ("p-x", "p-y.p-x") if line.key.startswith(".") else ("",)
        end = "" if line.key == "." else line.key
        names = [f"{name}{end}" for name in below]
        asked = [f"{local}@{name}" for local in ("probe", "x%y") for name in names]
        with_it = [ask(values, address) for address in asked]
        gone = [ask(without(line.key, values), address) for address in asked]
        assert any(found.key == line.key for found in with_it)
        assert any(
            a.answer != b.answer or not a.is_predicted or not b.is_predicted
            for a, b in zip(with_it, gone, strict=True)
        ), line


@given(TABLES)
def test_judging_leaves_the_tables_as_they_were(values: dict[str, str]) -> None:
    asked = Judge([values, values], FACTS)
    first = list(asked.every())
    assert list(asked.every()) == first
    assert [line.key for line in first] == sorted(values)


@pytest.mark.parametrize(
    ("key", "values", "standing", "by"),
    [
        ("a.org", {"a.org": RELAY, ".": RELAY}, Standing.REDUNDANT, "."),
        ("a.org", {"a.org": RELAY, ".org": RELAY, ".": LOCAL}, Standing.REDUNDANT, ".org"),
        ("a.org", {"a.org": RELAY, ".org": LOCAL, ".": RELAY}, Standing.EFFECTIVE, ""),
        (".a.org", {".a.org": RELAY, ".": RELAY}, Standing.REDUNDANT, "."),
        ("a.org", {"a.org": RELAY}, Standing.EFFECTIVE, ""),
        (".", {".": RELAY}, Standing.EFFECTIVE, ""),
        ("localhost", {"localhost": RELAY}, Standing.SHADOWED, ""),
        ("a.org", {"a.org": "[10.0.0.1]", ".": RELAY}, Standing.PASSED_OVER, "."),
        ("[192.0.2.1]", {"[192.0.2.1]": RELAY, ".": RELAY}, Standing.UNREACHABLE, ""),
        ("a..org", {"a..org": RELAY}, Standing.UNREACHABLE, ""),
        ("*.org", {"*.org": RELAY}, Standing.UNREACHABLE, ""),
        ("a.org.", {"a.org.": RELAY, "a.org": RELAY}, Standing.UNREACHABLE, ""),
        ("A.org", {"A.org": RELAY}, Standing.UNREACHABLE, ""),
        ("a" * 63 + ".x" * 100, {"a" * 63 + ".x" * 100: RELAY}, Standing.UNREACHABLE, ""),
    ],
)
def test_standing_of_one_line(
    key: str, values: dict[str, str], standing: Standing, by: str
) -> None:
    found = judge(key, values)
    assert (found.standing, found.by) == (standing, by)


def test_a_line_that_the_fallback_needs_is_not_redundant() -> None:
    values = {"a.org": RELAY, ".": RELAY}

    assert judge("a.org", values, {}).standing is Standing.REDUNDANT
    assert judge("a.org", values, {"a.org": RELAY}).standing is Standing.EFFECTIVE
