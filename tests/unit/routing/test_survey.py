"""What a survey says, what its files hold, and what of an agent's word is believed."""

from __future__ import annotations

import json
from typing import Any

import pytest

from routing.core.survey import (
    LONGEST_TEXT,
    MOST_NAMES,
    MOST_TROUBLES,
    Finds,
    Found,
    Subject,
    Unbelievable,
    covered,
    domain_of,
    local_names,
    relayed_names,
    silence_of,
    survey_from_json,
    survey_to_json,
)

TOLD = {
    Subject.ROBOTS: Found(("/etc/sympa",), ("jres.org", "renater.fr")),
    Subject.ACCEPTED: Found(
        ("/etc/mail/w", "/etc/mail/R"), ("jres.org",), ("renater.fr",), ("/etc/mail/R is gone.",), 3
    ),
}


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("jres.org", "jres.org"),
        ("JRES.Org.", "jres.org"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("web_tt2.example", "web_tt2.example"),
        ("listes", ""),
        ("192.0.2.1", ""),
        ("192.0.2", ""),
        ("[192.0.2.1]", ""),
        (".jres.org", ""),
        ("..org", ""),
        ("jres..org", ""),
        ("-rf.org", ""),
        ("new\nline.org", ""),
        ("<script>.org", ""),
        ("\\xff.org", ""),
        ("\udcff.org", ""),
        ("a" * 64 + ".org", ""),
        ("", ""),
    ],
)
def test_only_what_can_be_a_domain_is_one(text: str, name: str) -> None:
    assert domain_of(text) == name


@pytest.mark.parametrize(
    "text",
    ["jres.org", "a-b.c1.example", f"{'a' * 63}.{'b' * 63}.org", f"{'a.' * 98}org", "x.xn--p1ai"],
)
def test_the_short_way_says_what_the_long_one_does(text: str) -> None:
    assert domain_of(text) == domain_of(text.upper()) == text


def test_class_w_is_read_as_sendmail_reads_it() -> None:
    text = "# names\njres.org  Renater.FR # two\nlocalhost\n[127.0.0.1]\n\nconf.org. OK\n"
    assert list(local_names(text)) == ["jres.org", "renater.fr", "conf.org"]


def test_relay_domains_take_what_is_below_them() -> None:
    found = list(relayed_names("jres.org\n.renater.fr\n192.0.2\n10.0.0.1\nhost\n"))
    assert found == [("jres.org", True), ("renater.fr", False)]
    below = ["renater.fr", "a.jres.org", "x.y.renater.fr", "notjres.org", "jres.org"]
    assert list(covered(below, ["jres.org", "renater.fr"])) == ["a.jres.org", "x.y.renater.fr"]
    assert not list(covered(below, []))


@pytest.mark.parametrize(
    ("found", "is_whole", "trouble"),
    [
        (Found(), False, ""),
        (Found(("/a",)), True, ""),
        (Found(("/a",), troubles=("One.",)), False, "One."),
        (Found(("/a",), troubles=("One.", "Two."), more=5), False, "One. And 6 more."),
    ],
)
def test_what_was_not_read_as_a_whole_says_so(found: Found, is_whole: bool, trouble: str) -> None:
    assert (found.is_whole, found.trouble) == (is_whole, trouble)


def test_finds_are_bounded_and_say_what_was_left_out() -> None:
    finds = Finds(["/etc/sympa"])
    finds.names = {f"r{number}.example" for number in range(MOST_NAMES + 5)}
    for number in range(MOST_TROUBLES + 4):
        finds.trouble(f"{number} {'x' * LONGEST_TEXT}")
    found = finds.found()
    assert len(found.names) == MOST_NAMES
    assert found.names == tuple(sorted(found.names))
    assert (len(found.troubles), found.more, found.is_whole) == (MOST_TROUBLES, 5, False)
    assert max(map(len, found.troubles)) == LONGEST_TEXT


def test_as_many_names_as_there_may_be_are_whole() -> None:
    finds = Finds(["/etc/sympa"])
    finds.names = {f"r{number}.example" for number in range(MOST_NAMES)}
    assert finds.found().is_whole


def test_a_survey_comes_back_as_it_went() -> None:
    assert survey_from_json(json.loads(json.dumps(survey_to_json(TOLD)))) == TOLD


def spoiled(**changed: Any) -> dict[str, Any]:
    data = survey_to_json(TOLD)
    data["robots"] |= changed
    return data


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (None, "does not tell"),
        ([], "does not tell"),
        ({"robots": {}}, "does not tell"),
        ({"robots": [], "accepted": {}}, "fields"),
        (spoiled(extra=1), "fields"),
        (spoiled(names="jres.org"), "no list"),
        (spoiled(names=["jres.org"] * (MOST_NAMES + 1)), "more than 100000"),
        (spoiled(names=[7]), "no texts"),
        (spoiled(names=["JRES.org"]), "'JRES.org'"),
        (spoiled(names=["jres.org\n"]), "no domain"),
        (spoiled(below=[".jres.org"]), "no domain"),
        (spoiled(troubles=["x"] * (MOST_TROUBLES + 1)), "more than 20"),
        (spoiled(troubles=["x" * (LONGEST_TEXT + 1)]), "no texts"),
        (spoiled(troubles=["a\0b"]), "no texts"),
        (spoiled(places=["\ud800"]), "no texts"),
        (spoiled(more=-1), "no number"),
        (spoiled(more=True), "no number"),
        (spoiled(more="3"), "no number"),
    ],
)
def test_what_has_not_the_shape_of_a_survey_is_not_believed(data: Any, why: str) -> None:
    with pytest.raises(Unbelievable, match=why):
        survey_from_json(data)


@pytest.mark.parametrize(
    ("answered", "is_named", "error", "says"),
    [
        (True, True, "", ""),
        (False, False, "", "has not told which robots there are yet"),
        (True, False, "", 'write existing_robots = "/etc/sympa" there'),
        (True, False, "It is down.", "write existing_robots"),
        (True, True, "It is down.", "It is down."),
        (False, False, "It is down.", "It is down."),
    ],
)
def test_a_silence_says_why(answered: bool, is_named: bool, error: str, says: str) -> None:
    told = silence_of(
        Subject.ROBOTS, server="listes", answered=answered, is_named=is_named, error=error
    )
    assert says in told
    assert bool(told) == bool(says)
