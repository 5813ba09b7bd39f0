"""Answers in sentences: each reason says what decided and what becomes of the mail."""

from __future__ import annotations

from collections import ChainMap

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.core.explain import explain
from routing.core.resolve import Resolver, Table
from routing.core.table import candidates
from tests.unit.routing.test_resolve import TEXT
from tests.unit.routing.values import FACTS

LOCAL_MTA = ("local_mta", "[127.0.0.1]")
OTHERS = """\
a.org\tesmtp:mx.example
b.org\tesmtp:[one.example]:[two.example]
c.org\tlocal:
d.org\tnosuch:host.example
e.org\tesmtp:"x"
"""


def said(address: str, text: str = TEXT) -> str:
    table = Table.from_text(text)
    resolver = Resolver(table, own_names={*FACTS.class_w, FACTS.fqdn}, local_mta=LOCAL_MTA)
    mailbox = resolver.read(address)
    found = resolver.resolve_mailbox(mailbox)
    value = table.values.get(found.key, "")
    return " ".join(explain(found, mailbox, host="listes", local_mta=LOCAL_MTA, value=value))


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("a@jres.org", "The line jres.org decides: it is the whole name."),
        ("a@jres.org", "hands it to 127.0.0.1 itself, without a look at its MX."),
        ("a@x.renater.fr", "There is no line x.renater.fr or .renater.fr that can be used."),
        ("a@x.renater.fr", "The line .fr decides: the nearest suffix."),
        ("a@y.test", "There is no line y.test or .test that can be used. The line . decides"),
        ("a@closed.org", "The message is refused: go away"),
        ("a@joe.org", "hands it to the MX of hub.example."),
        ("a@[192.0.2.1]", "is an address literal: the table is never asked about one."),
        ("a@localhost", "is a name of listes itself (class w)"),
        ("a@localhost", "The MTA on listes takes it, at [127.0.0.1]"),
        ("postmaster", "The address has no domain, so it is one of listes itself."),
        ("a@" + "x." * 50 + "fr", "has more labels than sendmail follows (48)."),
    ],
)
def test_each_reason_has_its_words(address: str, words: str) -> None:
    assert words in said(address)


@pytest.mark.parametrize(
    ("domain", "words"),
    [
        ("a.org", "hands it to the MX of mx.example."),
        ("b.org", "to the first that answers of one.example itself, without a look at its MX and"),
        ("c.org", "The MTA on listes takes it"),
        ("d.org", "names no mailer of this configuration. sendmail stops at nosuch:host.example"),
        ("e.org", 'The value is esmtp:"x". A push shows what sendmail makes of it.'),
        ("f.org", "No line decides for f.org, and the table has no line . for the rest."),
        ("f.org", "sendmail sends it straight to the MX of f.org."),
    ],
)
def test_each_kind_of_value_has_its_words(domain: str, words: str) -> None:
    assert words in said(f"a@{domain}", OTHERS)


NAMES = st.sampled_from(
    [*(line.partition("\t")[0] for line in TEXT.splitlines()), "z.x.renater.fr"]
)


@given(NAMES.map(lambda key: key.strip(".") or "fr"))
def test_lines_found_in_the_text_decide_as_the_whole_table_does(domain: str) -> None:
    whole, about = Table.from_text(TEXT), Table.about(domain, TEXT)
    asked = set(candidates(domain))
    assert about.values == {key: value for key, value in whole.values.items() if key in asked}


@given(st.lists(NAMES.map(lambda key: key.strip(".") or "fr")))
def test_lines_for_many_names_are_those_for_each(domains: list[str]) -> None:
    each = [Table.about(domain, TEXT).values for domain in domains]
    assert Table.about_any(domains, TEXT).values == dict(ChainMap(*map(dict, each)))


def test_a_key_that_ends_like_another_is_not_taken_for_it() -> None:
    text = "jres.org\tesmtp:[a]\nxres.org\tesmtp:[b]"
    assert Table.about("res.org", text).values == {}
    assert Table.about("xres.org", text).values == {"xres.org": "esmtp:[b]"}
    assert Table.about("jres.org", text).values == {"jres.org": "esmtp:[a]"}
