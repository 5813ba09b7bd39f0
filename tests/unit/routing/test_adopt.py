"""A messy list server: every trap of its files is found, with its line, and nothing is written."""

from __future__ import annotations

from uuid import uuid4

import pytest

from routing.core.adopt.mc import read_mc
from routing.core.adopt.names import cw_files, own_names
from routing.core.adopt.options import Verdict, judge, local_m4
from routing.core.adopt.report import Report, Sources, report
from routing.core.adopt.sympa import robots
from routing.core.intent import ObjectKind
from routing.core.mc import PRIMARY, mc_text
from routing.core.render import check_site_m4
from tests.unit.routing.values import FACTS

TABLE = """\
# lists
jres.org\tesmtp:[127.0.0.1]
HOST.renater.fr\tesmtp:[host.renater.fr]
sympa.renater.fr   esmtp:[127.0.0.1]
.partner.org\trelay:gw.partner.org
old.org\tlocal:root
"""
MC = """\
divert(-1)
# Ours since 2006; don't touch
divert(0)dnl
include(`/usr/share/sendmail/cf/m4/cf.m4')dnl
OSTYPE(`debian')dnl
define(`confTO_IDENT', `0')dnl
define(`confTO_QUEUERETURN', `10d')dnl
define(`QUEUE_DIR', `/var/spool/old')dnl
define(`SMART_HOST', `[smtp1.renater.fr]')dnl
define(`confMAX_DAEMON_CHILDREN', `40')dnl
define(`confCLIENT_KEY', `/etc/mail/tls/key.pem')dnl
define(`MAIL_HUB', `hub.renater.fr')dnl
MASQUERADE_AS(`renater.fr')dnl
FEATURE(`masquerade_envelope')dnl
FEATURE(`authinfo', `hash /etc/mail/authinfo')dnl
FEATURE(`use_cw_file')dnl
FEATURE(`mailertable', `hash -o /etc/mail/mailertable')dnl
FEATURE(`access_db')dnl
FEATURE(`virtusertable')dnl
sinclude(`/etc/mail/more.m4')dnl
MAILER(`smtp')dnl
MAILER(`procmail')dnl
LOCAL_CONFIG
Cwlistes-old.renater.fr
LOCAL_RULE_0
R$+ < @ odd.org . >\t\t$#esmtp $@ [odd.example] $: $1 < @ odd.org . >
"""
CW = {"/etc/mail/local-host-names": "# names\nhost.renater.fr\nLISTES.renater.fr\n"}
SYMPA = {
    "sympa.conf": "domain sympa.renater.fr\nsendmail /usr/sbin/sendmail\n"
    "sendmail_args -oi -odi -C /etc/mail/sympa.cf\n",
    "jres.org/robot.conf": "title Jres\n",
    "conf.org/robot.conf": "domain other.org\n",
}


def read(**more: object) -> Report:
    values: dict[str, object] = {
        "mailertable": TABLE,
        "mc": MC,
        "class_w_files": CW,
        "sympa": SYMPA,
    }
    return report(Sources(**(values | more)), FACTS, new_id=uuid4)  # type: ignore[arg-type]


def verdict_of(text: str) -> Verdict:
    return next(option.verdict for option in read().options if text in option.text)


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("confTO_IDENT", Verdict.SAME),
        ("confTO_QUEUERETURN", Verdict.LIMIT),
        ("QUEUE_DIR", Verdict.OURS),
        ("SMART_HOST", Verdict.ROUTE),
        ("confMAX_DAEMON_CHILDREN", Verdict.DAEMON),
        ("confCLIENT_KEY", Verdict.KEEP),
        ("MAIL_HUB", Verdict.BY_HAND),
        ("MASQUERADE_AS", Verdict.KEEP),
        ("masquerade_envelope", Verdict.KEEP),
        ("authinfo", Verdict.KEEP),
        ("use_cw_file", Verdict.OURS),
        ("`mailertable'", Verdict.OURS),
        ("access_db", Verdict.KEEP),
        ("virtusertable", Verdict.BY_HAND),
        ("sinclude", Verdict.BY_HAND),
        ("procmail", Verdict.BY_HAND),
        ("Cwlistes-old", Verdict.OURS),
        ("LOCAL_RULE_0", Verdict.KEEP),
    ],
)
def test_each_statement_has_its_verdict(text: str, verdict: Verdict) -> None:
    assert verdict_of(text) == verdict


def test_options_stand_in_the_order_of_their_lines_and_none_is_left_out() -> None:
    options = read().options
    assert [option.line for option in options] == sorted(option.line for option in options)
    told = {option.line for option in options}
    skeleton = {1, 2, 3, 4, 5, 21}
    assert told | skeleton | {24, 26} == set(range(1, len(MC.splitlines()) + 1))


def test_what_can_stay_is_a_local_m4_that_rendering_takes() -> None:
    kept = read().local_m4
    assert "MASQUERADE_AS(`renater.fr')dnl\n" in kept
    assert "LOCAL_RULE_0\nR$+ < @ odd.org . >" in kept
    assert "SMART_HOST" not in kept
    assert "sinclude" not in kept
    assert check_site_m4(kept) == ()


def test_a_key_or_a_secret_is_a_name_of_a_file_and_is_said_to_be() -> None:
    secret = {option.text for option in read().options if option.is_secret}
    assert {line for line in MC.splitlines() if "KEY" in line or "authinfo" in line} == secret


def test_our_own_configuration_changes_nothing() -> None:
    ours = read_mc(mc_text(PRIMARY, FACTS, (), site_m4=False))
    verdicts = {option.verdict for option in judge(ours, FACTS)}
    assert verdicts <= {Verdict.SAME, Verdict.OURS, Verdict.KEEP}
    assert "MASQ" not in local_m4(judge(ours, FACTS))


def test_smart_host_becomes_the_line_of_everything_else() -> None:
    found = read()
    assert found.lines[-1].key == "."
    assert found.lines[-1].value == "esmtp:[smtp1.renater.fr]"
    assert found.intent.relay_targets[0].name == "smtp1"
    assert any(item.code == "smart_host" for item in found.findings)


@pytest.mark.parametrize(
    ("value", "line"),
    [
        ("smtp1.renater.fr", "esmtp:smtp1.renater.fr"),
        ("relay:[smtp1.renater.fr]", "esmtp:[smtp1.renater.fr]"),
        ("smtp:mx.example", "smtp:mx.example"),
        ("[IPv6:2001:db8::1]", "esmtp:[IPv6:2001:db8::1]"),
    ],
)
def test_a_smart_host_is_read_as_sendmail_reads_it(value: str, line: str) -> None:
    assert read(mc=f"define(`SMART_HOST', `{value}')dnl\n").lines[-1].value == line


def test_a_line_dot_wins_over_smart_host_and_that_is_said() -> None:
    found = read(mailertable=f"{TABLE}.\tesmtp:[smtp2.renater.fr]\n")
    assert [line.value for line in found.lines if line.key == "."] == ["esmtp:[smtp2.renater.fr]"]
    assert any(item.code == "smart_host_unused" for item in found.findings)


def test_a_name_in_class_w_had_no_line_and_will_have_one() -> None:
    """The trap of the first table: host.renater.fr is a name of the host itself."""
    (found,) = [item for item in read().findings if item.code == "key_was_local"]
    assert (found.subject, found.line) == ("host.renater.fr", 3)
    assert "/etc/mail/local-host-names line 2" in found.text


def test_a_name_that_ours_knows_too_keeps_its_mail_and_that_is_told_once() -> None:
    """The host's own full name is in class w of every configuration: no line takes its mail."""
    table = f"{TABLE}LISTES.renater.fr\tesmtp:[smtp1.renater.fr]\n"
    assert "listes.renater.fr" in FACTS.class_w
    found = [f for f in read(mailertable=table).findings if f.subject == "listes.renater.fr"]
    assert [(f.code, f.line) for f in found] == [("key_was_local", 7)]
    assert "That stays so" in found[0].text
    assert "Ours follows" not in found[0].text


def test_a_virtual_domain_that_is_a_name_of_the_host_before_and_after_is_no_finding() -> None:
    table = f"{TABLE}LISTES.renater.fr\tesmtp:[127.0.0.1]\n"
    found = {f.code for f in read(mailertable=table).findings if f.subject == "listes.renater.fr"}
    assert not found & {"key_was_local", "key_is_own_name"}


def test_names_of_the_host_come_from_every_source() -> None:
    theirs = read_mc(MC)
    assert cw_files(theirs) == ("/etc/mail/local-host-names",)
    assert {own.name for own in own_names(theirs, CW, "sympa.mc")} == {
        "listes-old.renater.fr",
        "host.renater.fr",
        "listes.renater.fr",
    }


def test_robots_and_lines_are_compared_both_ways() -> None:
    assert [robot.domain for robot in robots(SYMPA)] == [
        "conf.org",
        "jres.org",
        "sympa.renater.fr",
    ]
    said = {(item.code, item.subject) for item in read().findings}
    assert ("robot_without_line", "conf.org") in said
    assert ("robot_domain", "conf.org") in said
    assert ("sympa_sendmail", "sympa.conf") in said
    assert ("sympa_config_argument", "sympa.conf") in said
    assert not {subject for code, subject in said if code == "domain_without_robot"}


def test_every_line_of_the_table_is_classified() -> None:
    kinds = {line.key: line.kind for line in read().lines}
    assert kinds == {
        "jres.org": ObjectKind.VIRTUAL_DOMAIN,
        "host.renater.fr": ObjectKind.LOCAL_HOST,
        "sympa.renater.fr": ObjectKind.VIRTUAL_DOMAIN,
        ".partner.org": ObjectKind.ROUTE,
        "old.org": ObjectKind.FOREIGN_LINE,
        ".": ObjectKind.ROUTE,
    }


def test_the_table_alone_is_enough() -> None:
    found = read(mc="", class_w_files={}, sympa={})
    assert not (found.options or found.own_names or found.robots)
    assert len(found.lines) == 5
