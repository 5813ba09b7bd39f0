"""Whether mail goes as before: which answers are one way, and what is said of another."""

from __future__ import annotations

import json
from typing import Any

import pytest

from routing.core.adopt.as_before import (
    MOST_STORED,
    AsBefore,
    Asked,
    as_before_to_json,
    compare,
    existing_of,
    open_questions,
)
from routing.core.adopt.before_told import Told, told_from_json, told_of, told_to_json
from routing.core.bv import Answer
from routing.core.resolve import Resolver
from routing.core.table import Table
from tests.unit.routing.test_adopt import read

LOOP: Answer = ("esmtp", "[127.0.0.1]")
SMTP1: Answer = ("esmtp", "[smtp1.renater.fr]")
MAILERS = {
    "esmtp": ["[IPC]", "TCP $h"],
    "relay": ["[TCP]", "TCP $h smtp"],
    "relay_2526": ["[IPC]", "TCP $h 2526"],
    "local": ["/usr/bin/procmail", "procmail -d $u"],
    "cyrus": ["[IPC]", "FILE /var/run/cyrus/lmtp"],
}
TABLE = "jres.org\tesmtp:[127.0.0.1]\n.\tesmtp:[smtp1.renater.fr]\n"
RESOLVER = Resolver(Table.from_text(TABLE), own_names=["listes.renater.fr"], local_mta=LOOP)


def said(answers: dict[str, Answer], **more: Any) -> dict[str, Any]:
    """What an agent sends, through JSON as it comes."""
    told = {
        "configuration": "/etc/mail/sympa.cf",
        "absent": False,
        "answers": answers,
        "staged": {},
        "mailers": {"existing": MAILERS, "staged": MAILERS},
        "class_w": [],
        "notes": [],
    }
    found: dict[str, Any] = json.loads(json.dumps(told | more))
    return found


def one(before: Answer, after: Answer, **more: Any) -> AsBefore:
    """The comparison of one address."""
    existing = existing_of(said({"a@jres.org": before}, **more))
    return compare(existing, {"a@jres.org": after}, resolver=RESOLVER, told=Told())


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (SMTP1, SMTP1),
        (("relay", "[smtp1.renater.fr]"), SMTP1),
        (("esmtp", "[SMTP1.renater.fr]."), SMTP1),
        (("esmtp", "mx.example.org."), ("esmtp", "mx.example.org")),
        (("error", "no such\nhost"), ("error", "no such host")),
    ],
)
def test_one_way_by_another_name_is_the_same(before: Answer, after: Answer) -> None:
    found = one(before, after)
    assert (found.same, found.kept, found.moved) == (1, 0, ())


@pytest.mark.parametrize("mailer", ["local", "cyrus"])
def test_what_this_host_delivered_itself_and_now_its_mta_does_is_told_apart(mailer: str) -> None:
    found = one((mailer, ""), LOOP)
    assert (found.same, found.kept, found.moved) == (1, 1, ())


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (SMTP1, LOOP),
        (("local", ""), SMTP1),
        (SMTP1, ("esmtp", "smtp1.renater.fr")),
        (("relay_2526", "[smtp1.renater.fr]"), SMTP1),
        (("error", "gone"), SMTP1),
        (("error", "gone"), ("error", "later")),
        (("unheard-of", "x"), SMTP1),
    ],
)
def test_another_host_port_or_fate_is_another_way(before: Answer, after: Answer) -> None:
    found = one(before, after)
    assert (found.same, len(found.moved)) == (0, 1)
    assert (found.moved[0].before, found.moved[0].after) == (before, after)


def test_a_local_mta_on_another_port_is_not_port_25_of_the_same_host() -> None:
    ours = MAILERS | {"local_mta": ["[IPC]", "TCP $h 2525"]}
    resolver = Resolver(Table.from_text(TABLE), own_names=[], local_mta=("local_mta", LOOP[1]))
    mailers = {"existing": MAILERS, "staged": ours}
    existing = existing_of(said({"a@jres.org": LOOP, "b@jres.org": ("local", "")}, mailers=mailers))
    after: dict[str, Answer] = {"a@jres.org": ("local_mta", LOOP[1]), "b@jres.org": LOOP}
    found = compare(existing, after, resolver=resolver, told=Told())
    assert [item.address for item in found.moved] == ["a@jres.org", "b@jres.org"]


@pytest.mark.parametrize(
    ("told", "more", "why"),
    [
        (
            Told(names={"jres.org": "/etc/mail/local-host-names line 2"}),
            {},
            "jres.org was a name of the host itself (class w, /etc/mail/local-host-names line 2)",
        ),
        (Told(), {"class_w": ["jres.org"]}, "jres.org was a name of the host itself (class w):"),
        (Told(findings={"jres.org": "it loops."}), {}, "The import said: it loops."),
        (Told(rules=("LOCAL_RULE_0 (sympa.mc line 9)",)), {}, "beside its table: LOCAL_RULE_0"),
        (Told(), {"notes": ["map x: not open"]}, "could not read all of its own: map x: not open"),
        (Told(), {"notes": ["Warning: no HostStatusDirectory"]}, ""),
    ],
)
def test_what_is_known_of_another_way_is_said(told: Told, more: dict[str, Any], why: str) -> None:
    existing = existing_of(said({"a@jres.org": SMTP1}, **more))
    moved = compare(existing, {"a@jres.org": LOOP}, resolver=RESOLVER, told=told).moved[0]
    assert moved.decides == "the line jres.org"
    assert moved.why.startswith(why) if not why else why in moved.why
    assert bool(moved.why) == bool(why)


def test_what_only_the_old_one_knew_is_compared_with_what_ours_said_of_it() -> None:
    more = {"staged": {"probe@old.org": SMTP1}, "class_w": ["old.org"]}
    existing = existing_of(said({"probe@old.org": ("local", "")}, **more))
    found = compare(existing, {}, resolver=RESOLVER, told=Told())
    assert (found.asked, found.moved[0].decides) == (1, "the line .")


def test_an_address_without_an_answer_is_counted_and_named() -> None:
    existing = existing_of(said({}))
    found = compare(existing, {"a@jres.org": LOOP}, resolver=RESOLVER, told=Told())
    assert (found.asked, found.same, found.unsaid) == (1, 0, ("a@jres.org",))


def test_ours_may_answer_two_names_of_its_own_with_one_line() -> None:
    """The resolver knows what sendmail folded away."""
    own = {"probe@listes.renater.fr": ("local", "")}
    existing = existing_of(said(own, staged={"probe@listes.renater.fr": LOOP}))
    assert compare(existing, {}, resolver=RESOLVER, told=Told()).kept == 1
    existing = existing_of(said({"probe": ("local", "")}))
    found = compare(existing, {"probe": LOOP}, resolver=RESOLVER, told=Told())
    assert (found.same, found.unsaid) == (1, ())


UNKNOWN, ABSENT = None, {"configuration": "/etc/mail/sympa.cf", "absent": True}


@pytest.mark.parametrize(
    ("data", "told", "state", "asks"),
    [
        (UNKNOWN, Told(), Asked.UNKNOWN, "is too old to ask"),
        (ABSENT, Told(), Asked.MISSING, "There is no /etc/mail/sympa.cf to ask"),
        (ABSENT, None, Asked.ABSENT, ""),
        (ABSENT | {"configuration": ""}, Told(), Asked.ABSENT, ""),
        (said({}, problem={"text": "it hung", "output": "x"}), Told(), Asked.PART, "it hung"),
        (said({"a@jres.org": SMTP1}), Told(), Asked.ALL, "1 of 1 addresses go another way"),
        (said({}), Told(), Asked.ALL, "gave no answer for 1 of 1 addresses"),
        (said({"a@jres.org": LOOP}), Told(), Asked.ALL, ""),
    ],
)
def test_what_somebody_has_to_take_on(
    data: dict[str, Any] | None, told: Told | None, state: Asked, asks: str
) -> None:
    """Nothing, where nothing was before or all mail goes as it did."""
    found = compare(existing_of(data), {"a@jres.org": LOOP}, resolver=RESOLVER, told=told)
    assert found.state is state
    stored = json.loads(json.dumps(as_before_to_json(found)))
    questions = open_questions(stored)
    assert [asks in question.text for question in questions] == ([True] if asks else [])


def test_of_a_later_push_nothing_is_asked() -> None:
    assert open_questions(None) == ()


def test_both_another_way_and_a_question_that_broke_off_are_to_be_taken_on() -> None:
    problem = {"text": "sendmail was stopped", "output": ""}
    existing = existing_of(said({"a@jres.org": SMTP1}, problem=problem))
    staged = {"a@jres.org": LOOP, "b@jres.org": LOOP}
    found = as_before_to_json(compare(existing, staged, resolver=RESOLVER, told=Told()))
    assert [item.code for item in open_questions(found)] == ["as_before", "as_before_unsaid"]


def test_a_long_list_is_cut_and_counted_whole() -> None:
    addresses = [f"a@d{number}.jres.org" for number in range(MOST_STORED + 5)]
    existing = existing_of(said(dict.fromkeys(addresses, LOOP)))
    staged = dict.fromkeys(addresses, SMTP1)
    found = as_before_to_json(compare(existing, staged, resolver=RESOLVER, told=Told()))
    assert (found["differs"], len(found["moved"])) == (MOST_STORED + 5, MOST_STORED)


def test_what_an_import_told_survives_its_storing() -> None:
    told = told_of(read(), "sympa.mc")
    assert told_from_json(json.loads(json.dumps(told_to_json(told)))) == told
    assert told_from_json(None) is None
    assert told.names["host.renater.fr"] == "/etc/mail/local-host-names line 2"
    assert "conf.org" in told.to_ask and "localhost" not in told.to_ask
    assert [rule.split(" (")[0] for rule in told.rules] == [
        "define(`MAIL_HUB', `hub.renater.fr')dnl",
        "FEATURE(`virtusertable')dnl",
        "LOCAL_RULE_0",
    ]
