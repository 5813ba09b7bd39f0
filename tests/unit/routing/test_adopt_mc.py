"""Reading an existing `.mc`: its quoting, its comments, its blocks, and what is strange in it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.core.adopt.mc import read_mc
from routing.core.mc import PRIMARY, mc_text
from tests.unit.routing.values import FACTS

OLD = """\
divert(-1)
# Don't touch: MASQUERADE_AS(`never.example')
MASQUERADE_AS(`neither.example')
divert(0)dnl
include(`/usr/share/sendmail/cf/m4/cf.m4')dnl
define(`confTO_IDENT', `0')dnl define(`not', `this')
dnl define(`confAUTH', `x')
define(`SMART_HOST', `[smtp1.renater.fr]')define(`confX', `a, b')dnl
FEATURE(`mailertable',
        `hash -o /etc/mail/mailertable')dnl
FEATURE(masquerade_envelope)dnl
undefine(`ALIAS_FILE')dnl
MAILER(smtp)dnl
what is this
LOCAL_CONFIG
Cwhost.renater.fr
# a comment
Kfoo hash /etc/mail/foo

LOCAL_RULE_0
R$+ < @ foo . >\t\t$#esmtp $@ [x] $: $1
"""


def test_calls_are_read_with_their_lines_and_arguments() -> None:
    calls = [(call.line, call.name, *call.arguments) for call in read_mc(OLD).calls]
    assert calls == [
        (5, "include", "/usr/share/sendmail/cf/m4/cf.m4"),
        (6, "define", "confTO_IDENT", "0"),
        (8, "define", "SMART_HOST", "[smtp1.renater.fr]"),
        (8, "define", "confX", "a, b"),
        (9, "FEATURE", "mailertable", "hash -o /etc/mail/mailertable"),
        (11, "FEATURE", "masquerade_envelope"),
        (12, "undefine", "ALIAS_FILE"),
        (13, "MAILER", "smtp"),
    ]


def test_blocks_hold_the_lines_under_them() -> None:
    blocks = [(block.line, block.name, block.lines) for block in read_mc(OLD).blocks]
    assert blocks == [
        (15, "LOCAL_CONFIG", ["Cwhost.renater.fr", "Kfoo hash /etc/mail/foo"]),
        (20, "LOCAL_RULE_0", ["R$+ < @ foo . >\t\t$#esmtp $@ [x] $: $1"]),
    ]


def test_what_is_no_statement_is_kept_with_its_line() -> None:
    assert read_mc(OLD).strange == ((14, "what is this"),)


@pytest.mark.parametrize("text", ["define(`a', `b", "FEATURE(`x'", "define(`a', `it's'"])
def test_a_call_that_never_ends_is_said_and_the_rest_is_read(text: str) -> None:
    found = read_mc(f"{text}\n")
    assert [line for line, _ in found.strange] == [1]


def test_our_own_configuration_has_nothing_strange() -> None:
    found = read_mc(mc_text(PRIMARY, FACTS, [], site_m4=False))
    assert found.strange == ()
    assert {"FEATURE", "define", "MAILER", "OSTYPE"} <= {call.name for call in found.calls}


@given(st.text(alphabet="`'(),dnl#\n defineFEATURE", max_size=200))
def test_no_text_raises_or_loops(text: str) -> None:
    read_mc(text)
