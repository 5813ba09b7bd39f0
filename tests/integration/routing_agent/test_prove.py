"""Proof: sendmail's own answers, asked as the user that submits."""

from __future__ import annotations

import json
import os

import pytest

from mailadmin.wire.core.messages import Verb
from tests.integration.routing_agent.conftest import ADDRESSES, MailHost, at_once

CONF = "conf.renater.fr esmtp:[127.0.0.1]\n"


def test_live_and_staged_answer_for_primary_and_fallback(listes: MailHost) -> None:
    live = listes.make_live(listes.bundle())
    staged = listes.bundle(CONF)
    listes.stage(staged)
    given = listes.prove(live=live, staged=staged.digest)
    assert given.done["asked"] == len(ADDRESSES)
    assert given.done["sendmail_version"].startswith("8.")
    answers = json.loads(given.blob or b"")
    asked = "probe@conf.renater.fr"
    assert answers["live"]["primary"][asked] == ["esmtp", "[smtp1.renater.fr]"]
    assert answers["live"]["fallback"][asked] == ["esmtp", "conf.renater.fr."]
    assert answers["staged"]["primary"][asked] == ["esmtp", "[127.0.0.1]"]
    assert answers["staged"]["fallback"][asked] == ["esmtp", "[127.0.0.1]"]


def test_proving_twice_and_twice_at_once_gives_the_same_answers(listes: MailHost) -> None:
    bundle = listes.bundle()
    listes.stage(bundle)
    first = listes.prove(staged=bundle.digest)
    again = listes.prove(staged=bundle.digest)
    both = at_once(*[lambda: listes.prove(staged=bundle.digest)] * 3)
    assert {result.blob for result in (first, again, *both)} == {first.blob}
    assert first.done == again.done


def test_more_addresses_than_one_command_line_holds_are_all_answered(listes: MailHost) -> None:
    bundle = listes.bundle()
    listes.stage(bundle)
    asked = [f"probe@d{number}.example" for number in range(1200)]
    given = listes.prove(staged=bundle.digest, ask=asked)
    answers = json.loads(given.blob or b"")["staged"]["primary"]
    assert answers == {address: ["esmtp", "[smtp1.renater.fr]"] for address in asked}


def test_the_longest_keys_are_proved_though_sendmail_prints_them_shortened(
    listes: MailHost,
) -> None:
    """And one character more makes an address that it does not take: check_key refuses that."""
    label = "a" * 60
    full, suffix = (".".join([label] * 5)[: limit - 4] + ".org" for limit in (249, 243))
    bundle = listes.bundle(f"{full} esmtp:[127.0.0.1]\n.{suffix} esmtp:[127.0.0.1]\n")
    listes.stage(bundle)
    asked = [f"probe@{full}", f"probe@probe.{suffix}"]
    answers = json.loads(listes.prove(staged=bundle.digest, ask=asked).blob or b"")["staged"]
    assert {len(address) for address in asked} == {255}
    assert answers["primary"] == {address: ["esmtp", "[127.0.0.1]"] for address in asked}
    given = listes.prove(staged=bundle.digest, ask=[f"probes@{full}"])
    assert json.loads(given.blob or b"")["staged"] == {"primary": {}, "fallback": {}}


@pytest.mark.skipif(os.geteuid() != 0, reason="one user plays both roles, and can read all of it")
def test_a_map_that_sympa_cannot_read_fails_the_proof(listes: MailHost) -> None:
    """makemap's own mode is 0640; `-bv` would show the route by MX and say nothing."""
    bundle = listes.bundle()
    listes.stage(bundle)
    (listes.release(bundle.digest) / "mailertable.db").chmod(0o640)
    error = listes.prove(staged=bundle.digest).error
    assert error["code"] == "unreadable"
    assert "sympa cannot read mailertable.db" in error["text"]


def test_a_missing_map_fails_the_proof(listes: MailHost) -> None:
    bundle = listes.bundle()
    listes.stage(bundle)
    (listes.release(bundle.digest) / "mailertable-fallback.db").unlink()
    assert listes.prove(staged=bundle.digest).error["code"] == "unreadable"


def test_a_map_with_other_keys_than_were_staged_fails_the_proof(listes: MailHost) -> None:
    bundle, other = listes.bundle(), listes.bundle(CONF)
    for staged in (bundle, other):
        listes.stage(staged)
    theirs = listes.release(other.digest) / "mailertable.db"
    (listes.release(bundle.digest) / "mailertable.db").write_bytes(theirs.read_bytes())
    assert listes.prove(staged=bundle.digest).error["code"] == "dump_differs"


def test_a_configuration_that_sendmail_does_not_accept_fails_the_proof(listes: MailHost) -> None:
    bundle = listes.bundle()
    listes.stage(bundle)
    with (listes.release(bundle.digest) / "sympa.cf").open("a") as configuration:
        configuration.write("O Timeout.queuereturn=5b\n")
    error = listes.prove(staged=bundle.digest).error
    assert error["code"] == "check_failed"
    assert "Invalid time unit" in error["output"]


def test_another_live_release_than_the_one_asked_about_is_said(listes: MailHost) -> None:
    live = listes.make_live(listes.bundle())
    error = listes.prove(live="0" * 64).error
    assert (error["code"], error["live"]) == ("not_live", live)


@pytest.mark.parametrize("address", ["-C/etc/passwd", "a b@x.fr", "a@b;c", "", "a@[10.0.0.1]"])
def test_what_is_no_address_is_never_given_to_sendmail(listes: MailHost, address: str) -> None:
    bundle = listes.bundle()
    listes.stage(bundle)
    assert listes.prove(staged=bundle.digest, ask=[address]).error["code"] == "malformed"


def test_no_list_of_addresses_is_refused(listes: MailHost) -> None:
    given = listes.verb(Verb.PROVE, {"live": "", "staged": "0" * 64}, b"[]")
    assert given.error["code"] == "malformed"
