"""A `.cf` as the statements that would make it; real ones are in test_stock.py of routing_agent."""

from __future__ import annotations

from uuid import uuid4

from hypothesis import given
from hypothesis import strategies as st

from routing.core.adopt.cf import read_cf
from routing.core.adopt.cf_statements import (
    foreign_rules,
    missing_rules,
    statements_of_cf,
    stock_mc,
)
from routing.core.adopt.options import Verdict
from routing.core.adopt.report import Sources, Stock, report
from tests.unit.routing.values import FACTS

STOCK = """\
Cwlocalhost
CO @ % !
DS
DnMAILER-DAEMON
DZ8.17.1
O LogLevel=9
O MaxHopCount=25
Kdequote dequote
Mesmtp, P=[IPC], F=mDFMuXa, A=TCP $h
SParse1
R$*\t$1
R$+\t$2
SParseLocal=98
"""
THEIRS = """\
Cwlocalhost old.example.org
Fw/etc/mail/names
CO @ % !
CMinside.example.org
DSrelay:[smtp1.renater.fr]
DMrenater.fr
DnPostman
DQother
DZ8.12.3
O MaxHopCount=17
O OldThing=yes
O DaemonPortOptions=Name=MTA
Kdequote dequote
Kauthinfo hash -o /etc/mail/authinfo
Kmine text /etc/mail/mine
Mesmtp, P=[IPC], F=mDFMuXa, A=TCP $h 2525
Mcyrus, P=[IPC], A=FILE /var/run/lmtp
SParse1
R$*\t$1
SParseLocal=98
R$* < @ odd.example. >\t$#esmtp $@ x
"""


def said(*, stock: str | None = STOCK) -> dict[str, int]:
    found = statements_of_cf(read_cf(THEIRS), read_cf(stock) if stock else None, ("nocanonify",))
    return {call.text: call.line for call in found.calls}


def test_options_macros_classes_and_maps_are_what_a_person_would_write() -> None:
    assert said() == {
        "FEATURE(`nocanonify')dnl": 0,
        "define(`confMAX_HOP', `17')dnl": 10,
        "undefine(`confLOG_LEVEL')dnl": 0,
        "define(`SMART_HOST', `relay:[smtp1.renater.fr]')dnl": 5,
        "MASQUERADE_AS(`renater.fr')dnl": 6,
        "define(`confMAILER_NAME', `Postman')dnl": 7,
        "MASQUERADE_DOMAIN(`inside.example.org')dnl": 4,
        "FEATURE(`use_cw_file')dnl": 2,
        "define(`confCW_FILE', `/etc/mail/names')dnl": 2,
        "FEATURE(`authinfo', `hash -o /etc/mail/authinfo')dnl": 14,
        "MAILER(`cyrus')dnl": 17,
    }


def test_what_has_no_such_form_is_a_block_or_for_a_person() -> None:
    found = statements_of_cf(read_cf(THEIRS), read_cf(STOCK))
    blocks = [(block.line, block.name, block.lines) for block in found.blocks]
    assert blocks == [
        (8, "LOCAL_CONFIG", ["DQother"]),
        (1, "LOCAL_CONFIG", ["Cwold.example.org"]),
        (15, "LOCAL_CONFIG", ["Kmine text /etc/mail/mine"]),
        (21, "LOCAL_RULE_0", ["R$* < @ odd.example. >\t$#esmtp $@ x"]),
    ]
    assert found.strange == (
        (16, "Mesmtp has A=TCP $h 2525, which is not as delivered."),
        (0, "SParse1: 1 delivered rules are gone."),
        (11, "O OldThing=yes"),
    )


def test_without_a_stock_one_what_is_delivered_is_not_listed_as_somebodys_own() -> None:
    found = statements_of_cf(read_cf(STOCK), None)
    assert found.blocks == () and found.strange == ()
    assert {call.text for call in found.calls} == {
        "define(`confLOG_LEVEL', `9')dnl",
        "define(`confMAX_HOP', `25')dnl",
        "define(`confMAILER_NAME', `MAILER-DAEMON')dnl",
    }
    assert "define(`confMAX_HOP', `17')dnl" in said(stock=None)


def test_what_is_delivered_is_compared_with_itself_without_a_word() -> None:
    found = statements_of_cf(read_cf(STOCK), read_cf(STOCK))
    assert (found.calls, found.blocks, found.strange) == ((), (), ())


def test_rules_count_as_often_as_they_stand_there() -> None:
    twice = read_cf("SA\nRx\ty\nRx\ty\n")
    once = read_cf("SA\nRx\ty\n")
    assert [rule.line for rule in foreign_rules(twice, once)] == [3]
    assert missing_rules(once, twice) == {"A": 1}


def test_the_mc_of_the_stock_one_holds_no_word_of_theirs() -> None:
    text = stock_mc(read_cf("DMevil')syscmd(x)\nKaccess evil')\n"), ostype="debian")
    assert "evil" not in text
    assert "FEATURE(`access_db')dnl" in text and "MASQUERADE_AS(`masquerade.invalid')dnl" in text


def test_a_report_of_a_lone_cf_lists_it_and_says_what_was_not_compared() -> None:
    table = "old.example.org\tesmtp:[127.0.0.1]\n"
    sources = Sources(table, mc_name="sympa.cf", cf=THEIRS)
    found = report(sources, FACTS, new_id=uuid4)
    assert {item.code for item in found.findings} >= {"rules_not_compared", "key_was_local"}
    local = next(item for item in found.findings if item.code == "key_was_local")
    assert "sympa.cf line 1" in local.text
    hop = next(option for option in found.options if "confMAX_HOP" in option.text)
    assert (hop.line, hop.verdict, hop.keep) == (10, Verdict.KEEP, hop.text)
    assert "." in {line.key for line in found.lines}
    compared = report(
        Sources(table, mc_name="sympa.cf", cf=THEIRS, stock=Stock(STOCK)), FACTS, new_id=uuid4
    )
    assert "rules_not_compared" not in {item.code for item in compared.findings}
    assert any(option.routes and "odd.example" in option.text for option in compared.options)


def test_where_there_is_an_mc_the_cf_is_what_it_made() -> None:
    sources = Sources("", mc="define(`confMAX_HOP', `9')dnl\n", cf=THEIRS)
    (option,) = report(sources, FACTS, new_id=uuid4).options
    assert option.text == "define(`confMAX_HOP', `9')dnl"


@given(st.text(alphabet="KMDCFOSR{}=,-o/ \t.\nab$", max_size=300), st.booleans())
def test_whatever_stands_in_it_ends(text: str, compared: bool) -> None:
    found = statements_of_cf(read_cf(text), read_cf(STOCK) if compared else None)
    assert all(line >= 0 for line, _ in found.strange)
