"""A `.cf` without its `.mc` is judged against what m4 of the same host makes of a plain one."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from mailadmin.wire.core.messages import Verb
from routing.core.adopt.blank import Blanks, blanked
from routing.core.adopt.cf import read_cf
from routing.core.adopt.cf_statements import statements_of_cf
from routing.core.adopt.conf_names import CONF_NAMES
from routing.core.adopt.mc import Statements
from routing.core.adopt.options import Option, Verdict, judge
from routing.core.adopt.reading import FilesRead, Kind
from tests.integration.routing.built import facts_of
from tests.integration.routing_agent.before import had_before
from tests.integration.routing_agent.conftest import MailHost
from tests.integration.routing_agent.test_reading import reading, troubles

MORE = """\
define(`confTO_QUEUERETURN', `10d')dnl
define(`confMAX_HOP', `17')dnl
define(`SMART_HOST', `[smtp1.renater.fr]')dnl
MASQUERADE_AS(`renater.fr')dnl
FEATURE(`masquerade_envelope')dnl
FEATURE(`authinfo', `hash -o /etc/mail/authinfo')dnl
FEATURE(`use_cw_file')dnl
"""
RULES = """\
Cwlistes-old.renater.fr
LOCAL_RULE_0
R$+ < @ odd.example . >\t\t$#esmtp $@ [odd.gw] $: $1 < @ odd.example . >
"""


def read_only_cf(listes: MailHost, cf: Path, **more: object) -> FilesRead:
    return reading(listes, {"existing_cf": str(cf)}, **more)[0]


def statements(found: FilesRead) -> Statements:
    return statements_of_cf(
        read_cf(found.text_of(Kind.CF)), read_cf(found.stock.cf), found.stock.features
    )


def judged(listes: MailHost, found: FilesRead) -> dict[str, Option]:
    facts = facts_of(listes.tree, listes.tools)
    return {option.text: option for option in judge(statements(found), facts)}


def test_what_the_mc_said_is_found_again_with_the_lines_of_the_cf(listes: MailHost) -> None:
    cf = had_before(listes, more=MORE, config=RULES)
    found = read_only_cf(listes, cf)
    assert "nocanonify" in found.stock.features
    assert "masquerade_envelope" in found.stock.features
    options = judged(listes, found)
    said = {
        "define(`confTO_QUEUERETURN', `10d')dnl": Verdict.LIMIT,
        "define(`confMAX_HOP', `17')dnl": Verdict.KEEP,
        "define(`SMART_HOST', `[smtp1.renater.fr]')dnl": Verdict.ROUTE,
        "MASQUERADE_AS(`renater.fr')dnl": Verdict.KEEP,
        "FEATURE(`masquerade_envelope')dnl": Verdict.KEEP,
        "FEATURE(`authinfo', `hash -o /etc/mail/authinfo')dnl": Verdict.KEEP,
        "FEATURE(`use_cw_file')dnl": Verdict.OURS,
        "Cwlistes-old.renater.fr": Verdict.OURS,
    }
    assert {text: options[text].verdict for text in said} == said
    assert any("odd.example" in text and item.routes for text, item in options.items())
    lines = cf.read_text().split("\n")
    hop = options["define(`confMAX_HOP', `17')dnl"]
    assert lines[hop.line - 1] == "O MaxHopCount=17"
    assert options["define(`confMAX_HOP', `17')dnl"].keep == "define(`confMAX_HOP', `17')dnl"
    assert statements(found).strange == ()


def test_what_nobody_changed_is_nobodys_doing(listes: MailHost) -> None:
    """Hundreds of lines, and only what this .mc said of its own is listed."""
    found = read_only_cf(listes, had_before(listes))
    options = judged(listes, found)
    assert {text.split(",")[0] for text in options} == {
        "FEATURE(`nocanonify')dnl",
        "define(`confTO_IDENT'",
        "define(`QUEUE_DIR'",
        "FEATURE(`mailertable'",
    }


def test_lines_that_were_changed_by_hand_in_the_cf_are_listed_one_by_one(
    listes: MailHost,
) -> None:
    cf = had_before(listes)
    text = cf.read_text()
    text = text.replace("O CheckAliases=False", "O CheckAliases=True")
    text = text.replace("O LogLevel=9\n", "")
    text = text.replace("Kdequote dequote\n", "Kdequote dequote\nKnames text /etc/mail/names\n")
    text = text.replace("SLocal_localaddr\n", "SLocal_localaddr\nR$+\t\t$#relay $@ hub $: $1\n")
    text = re.sub(r"^(SParse1\n)", "\\1R$* bang $*\t\t$1\n", text, flags=re.M)
    text = text.replace("A=TCP $h", "A=TCP $h 2525", 1) + "SMine\nR$*\t\t$@ $1\n"
    text += "Mown, P=/bin/true, F=l, A=true\n"
    cf.write_text(text)
    found = read_only_cf(listes, cf)
    options = judged(listes, found)
    assert options["define(`confCHECK_ALIASES', `True')dnl"].line
    assert options["undefine(`confLOG_LEVEL')dnl"].line == 0
    assert options["LOCAL_CONFIG\nKnames text /etc/mail/names"].verdict is Verdict.KEEP
    assert options["LOCAL_RULESETS\nSMine\nR$*\t$@ $1"].verdict is Verdict.KEEP
    strange = {text.splitlines()[0]: line for line, text in statements(found).strange}
    # As an editor counts them: sendmail's sources hold form feeds.
    lines = text.rstrip("\n").split("\n")
    assert strange["Mown is a mailer of the site's own."] == len(lines)
    mailer = next(text for text in strange if text.startswith("Msmtp has A=TCP $h 2525"))
    assert lines[strange[mailer] - 1].startswith("Msmtp,")
    assert lines[strange["SParse1"] - 1].startswith("R$* bang")
    all_said = {item.text for item in options.values() if item.verdict is Verdict.BY_HAND}
    assert any("R$* bang $*" in text for text in all_said)


def test_where_m4_fails_the_rest_is_still_judged(listes: MailHost) -> None:
    found = read_only_cf(listes, had_before(listes, more=MORE), cf_dir="/nowhere/")
    assert found.stock.cf == ""
    assert "could not be compared" in troubles(found)["sympa.cf"]
    without = statements_of_cf(read_cf(found.text_of(Kind.CF)), None)
    assert ("define", ("confTO_QUEUERETURN", "10d")) in {
        (call.name, call.arguments) for call in without.calls
    }


@pytest.mark.parametrize("text", ["", "garbage\nR\nM\nK\nO\nC\nS\n", "V10\n" + "R$*\t$1\n" * 3000])
def test_whatever_stands_in_it_the_reading_ends(listes: MailHost, text: str) -> None:
    cf = had_before(listes)
    cf.write_text(text)
    given = listes.verb(Verb.READ_FILES, {}, existing_cf=str(cf))
    assert given.outcome == "done"


def test_of_a_delivered_configuration_nothing_is_blanked(listes: MailHost) -> None:
    """Or no rule of it would compare as what it is."""
    text = had_before(listes, more=MORE).read_text()
    assert blanked(text, Blanks.SENDMAIL) == (text, 0)


def test_every_option_of_sendmails_own_source_has_its_name(listes: MailHost) -> None:
    source = (Path(listes.tools.cf_dir) / "m4/proto.m4").read_text()
    said = dict(re.findall(r"^_OPTION\(([\w.-]+), `(\w+)'", source, re.M))
    assert len(said) > 150
    assert said.items() <= CONF_NAMES.items()


def test_the_agents_m4_is_given_nothing_of_the_sites_own(listes: MailHost) -> None:
    """A macro of the .cf could else be a command."""
    mark = listes.tree.run / "ran"
    cf = had_before(listes)
    bad = f"DMx')dnl syscmd(`touch {mark}')\nKaccess hash `x') syscmd(`touch {mark}')\n"
    cf.write_text(cf.read_text() + bad)
    assert read_only_cf(listes, cf).stock.cf
    assert not mark.exists()
