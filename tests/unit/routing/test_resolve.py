"""Our own resolver; tests/integration compares it with real sendmail."""

from __future__ import annotations

import pytest
from hypothesis import given

from routing.core.intent import Intent
from routing.core.mailertable import value_of
from routing.core.render import render
from routing.core.resolve import Resolution, Resolver, Table, Why
from routing.core.table import candidates
from tests.unit.routing.values import FACTS, intents

TEXT = """\
.\tesmtp:[smtp1.renater.fr]
.fr\tesmtp:[fr.example]
.x.renater.fr\tesmtp:[X.Example]
broken.org\t[10.0.0.1]
closed.org\terror:5.7.1:550 go away
joe.org\tesmtp:joe@hub.example
jres.org\tesmtp:[127.0.0.1]
renater.fr\tesmtp:[127.0.0.1]
"""


def ask(address: str, text: str = TEXT) -> Resolution:
    own_names = {*FACTS.class_w, FACTS.fqdn}
    local_mta = ("local_mta", "[127.0.0.1]")
    return Resolver(Table.from_text(text), own_names=own_names, local_mta=local_mta).resolve(
        address
    )


@pytest.mark.parametrize(
    ("address", "key", "why", "host"),
    [
        ("a@jres.org", "jres.org", Why.EXACT, "[127.0.0.1]"),
        ("a@JRES.org", "jres.org", Why.EXACT, "[127.0.0.1]"),
        ("a@jres.org.", "jres.org", Why.EXACT, "[127.0.0.1]"),
        ("a@renater.fr", "renater.fr", Why.EXACT, "[127.0.0.1]"),
        ("a@x.renater.fr", ".fr", Why.SUFFIX, "[fr.example]"),
        ("a@y.x.renater.fr", ".x.renater.fr", Why.SUFFIX, "[x.example]"),
        ("a@fr", ".", Why.DEFAULT, "[smtp1.renater.fr]"),
        ("a@x.jres.org", ".", Why.DEFAULT, "[smtp1.renater.fr]"),
        ("a@broken.org", ".", Why.DEFAULT, "[smtp1.renater.fr]"),
        ("a@joe.org", "joe.org", Why.EXACT, "hub.example"),
        ("a@[192.0.2.1]", "", Why.LITERAL, "[192.0.2.1]"),
        ("a@[IPv6:2001:DB8::1]", "", Why.LITERAL, "[ipv6:2001:db8::1]"),
    ],
)
def test_the_longest_key_decides(address: str, key: str, why: Why, host: str) -> None:
    assert ask(address) == Resolution(key, why, "esmtp", host)


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("postmaster", Why.UNQUALIFIED),
        ("a@listes", Why.LOCAL),
        ("a@Listes.Renater.FR.", Why.LOCAL),
        ("a@localhost", Why.LOCAL),
    ],
)
def test_names_of_the_host_itself_never_see_the_table(address: str, why: Why) -> None:
    assert ask(address) == Resolution("", why, "local_mta", "[127.0.0.1]")


def test_an_error_value_answers_with_its_words() -> None:
    assert ask("a@closed.org").answer == ("error", "go away")


def test_without_any_key_mail_goes_to_the_domain_by_mx() -> None:
    assert ask("a@Orange.FR", "") == Resolution("", Why.NO_KEY, "esmtp", "orange.fr.")


def test_the_key_that_would_decide_without_a_line_of_its_own() -> None:
    table = Table.from_text(TEXT)

    assert table.inherited_key("renater.fr") == ".fr"
    assert table.inherited_key(".fr") == "."
    assert table.inherited_key(".x.renater.fr") == ".fr"
    assert table.inherited_key("jres.org") == "."
    assert table.inherited_key(".") == ""
    assert Table({}).inherited_key("jres.org") == ""


def test_keys_are_tried_from_the_whole_name_to_the_dot() -> None:
    assert list(candidates("a.b.fr")) == ["a.b.fr", ".b.fr", ".fr", "."]


@given(intents())
def test_every_full_key_decides_for_itself(wanted: Intent) -> None:
    table = Table.from_text(render(wanted, FACTS).files["mailertable"])

    for item in wanted.objects:
        if item.enabled and not item.key.startswith("."):
            assert table.deciding_key(item.key) == item.key
            assert table.values[item.key] == value_of(item, wanted, FACTS)
