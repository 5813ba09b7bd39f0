"""The first release is proved against the configuration before, whatever that one is."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping
from typing import Any

import pytest

from routing.agent.existing import MOST_BYTES
from tests.integration.routing_agent.before import had_before, make_map
from tests.integration.routing_agent.conftest import ADDRESSES, MailHost

SMTP1 = ["esmtp", "[smtp1.renater.fr]"]
LOOP = ["esmtp", "[127.0.0.1]"]


def asked(listes: MailHost, ask: tuple[str, ...] = ADDRESSES, **changed: Any) -> Mapping[str, Any]:
    """What the agent says of it while its first release is proved; the proof itself succeeds."""
    bundle = listes.bundle()
    assert listes.stage(bundle).done
    given = listes.prove(staged=bundle.digest, ask=ask, **changed)
    assert given.done["asked"] == len(ask)
    answers = json.loads(given.blob or b"")
    assert answers["staged"]["primary"]["probe@renater.fr"] == LOOP
    found: Mapping[str, Any] = answers["existing"]
    return found


def test_it_answers_as_it_did_with_the_mailers_of_both(listes: MailHost) -> None:
    cf = had_before(listes)
    found = asked(listes)
    assert found["configuration"] == str(cf)
    assert "problem" not in found
    # Debian's own default, and nobody made that directory here.
    assert ["HostStatusDirectory" in note for note in found["notes"]] == [True]
    assert found["answers"]["probe@renater.fr"] == LOOP
    assert found["answers"]["probe@unknown.example"] == SMTP1
    assert found["answers"]["postmaster"] == ["local", ""]
    assert found["mailers"]["existing"]["esmtp"] == ["[IPC]", "TCP $h"]
    assert found["mailers"]["existing"]["local"][0] == "/usr/sbin/sensible-mda"
    assert "esmtp" in found["mailers"]["staged"]
    assert listes.tree.fqdn in found["class_w"]


def test_names_that_only_it_knows_are_asked_of_both(listes: MailHost) -> None:
    """Class w counts before any line of the table."""
    had_before(listes, config="Cwrenater.fr only-there.renater.fr\n")
    found = asked(listes)
    assert {"renater.fr", "only-there.renater.fr"} <= set(found["class_w"])
    assert found["answers"]["probe@renater.fr"][0] == "local"
    assert found["answers"]["probe@only-there.renater.fr"][0] == "local"
    assert found["staged"]["probe@only-there.renater.fr"] == SMTP1


def test_rules_of_the_sites_own_are_in_its_answers(listes: MailHost) -> None:
    rules = (
        "LOCAL_RULE_0\nR$+ < @ odd.example . >\t\t$#esmtp $@ [odd.gw] $: $1 < @ odd.example . >\n"
    )
    had_before(listes, config=rules)
    found = asked(listes, (*ADDRESSES, "probe@odd.example"))
    assert found["answers"]["probe@odd.example"] == ["esmtp", "[odd.gw]"]


def test_a_live_release_is_compared_with_the_next_and_it_is_not_asked_again(
    listes: MailHost,
) -> None:
    had_before(listes)
    live = listes.make_live(listes.bundle())
    staged = listes.bundle("conf.renater.fr esmtp:[127.0.0.1]\n")
    listes.stage(staged)
    given = listes.prove(live=live, staged=staged.digest)
    assert "existing" not in json.loads(given.blob or b"")


@pytest.mark.parametrize("path", ["/nowhere/sympa.cf", ""])
def test_where_there_is_none_that_is_said(listes: MailHost, path: str) -> None:
    found = asked(listes, existing_cf=path)
    assert found["absent"] is True
    assert found["configuration"] == path
    assert "answers" not in found


def test_no_agent_waits_for_a_pipe_or_reads_a_device(listes: MailHost) -> None:
    pipe = listes.tree.etc / "pipe.cf"
    os.mkfifo(pipe)
    for path in (str(pipe), "/dev/zero", str(listes.tree.etc)):
        assert asked(listes, existing_cf=path)["problem"]["text"] == f"{path} is no plain file"


def test_a_file_without_an_end_is_not_read_to_it(listes: MailHost) -> None:
    cf = had_before(listes)
    with cf.open("ab") as file:
        file.truncate(MOST_BYTES + 1)
    assert "is larger than 4 MiB" in asked(listes)["problem"]["text"]


@pytest.mark.skipif(os.geteuid() != 0, reason="root alone can take a file from its user")
def test_one_that_sympa_cannot_read_is_said_with_the_reason(listes: MailHost) -> None:
    had_before(listes).chmod(0o600)
    text = asked(listes)["problem"]["text"]
    assert text == f"{listes.tree.etc}/mail/sympa.cf cannot be read: Permission denied"


@pytest.mark.skipif(os.geteuid() != 0, reason="root alone can take a file from its user")
def test_a_map_that_it_cannot_open_is_no_answer_by_mx(listes: MailHost) -> None:
    """With -o sendmail passes over the map without a word and answers as if it were empty."""
    had_before(listes)
    (listes.tree.etc / "mail/mailertable.db").chmod(0o600)
    found = asked(listes)
    assert "not open" in found["notes"][0] and "mailertable" in found["notes"][0]
    had_before(listes, flags="")
    (listes.tree.etc / "mail/mailertable.db").chmod(0o600)
    found = asked(listes)
    assert "cannot" in found["problem"]["text"]
    assert found["answers"] == {}


@pytest.mark.parametrize(
    "broken",
    ["garbage\n\0\xff\xfe\n", "", "Kmailertable\nMesmtp\nSparse\nR$*\n", "O Nonsense=1\nZZtop\n"],
    ids=["garbage", "empty", "cut-short", "unknown-lines"],
)
def test_one_that_sendmail_does_not_take_fails_no_proof(listes: MailHost, broken: str) -> None:
    cf = had_before(listes)
    cf.write_text(broken, encoding="latin-1")
    found = asked(listes)
    assert found["problem"]["text"] or found["notes"]
    assert "probe@renater.fr" not in found["answers"]


def test_a_line_that_sendmail_repeats_gives_no_secret_away(listes: MailHost) -> None:
    cf = had_before(listes)
    cf.write_text(f'{cf.read_text()}Zpassword hunter2\nZAuthInfo:x "U:joe" "P:hunter2"\n')
    found = asked(listes)
    said = json.dumps([found["notes"], found.get("problem")])
    assert "password" in said and "hunter2" not in said


def fake_sendmail(listes: MailHost, script: str) -> str:
    """A sendmail that is the real one for our own releases, and for the old configuration this."""
    old = f"{listes.tree.etc}/mail/sympa.cf"
    fake = listes.tree.path / "bin/fake-sendmail"
    fake.write_text(f'#!/bin/sh\n[ "$2" = {old} ] || exec {listes.tools.sendmail} "$@"\n{script}\n')
    fake.chmod(0o755)
    return str(fake)


def test_one_that_hangs_holds_nothing_up_for_longer_than_it_may(listes: MailHost) -> None:
    """Such as a map of another machine that does not answer."""
    had_before(listes)
    began = time.monotonic()
    found = asked(listes, sendmail=fake_sendmail(listes, "sleep 600"), ask_seconds=3)
    assert time.monotonic() - began < 300
    assert "it took too long" in found["problem"]["text"]


def test_the_answers_until_it_hung_are_kept(listes: MailHost) -> None:
    had_before(listes)
    script = f'case "$*" in *hangs*) sleep 600 ;; esac\nexec {listes.tools.sendmail} "$@"'
    first = [f"probe@host{number}.renater.fr" for number in range(100)]
    found = asked(
        listes,
        ("probe@renater.fr", *first[:99], "probe@hangs.example"),
        sendmail=fake_sendmail(listes, script),
        ask_seconds=8,
    )
    assert found["answers"]["probe@renater.fr"] == LOOP
    assert "probe@hangs.example" not in found["answers"]
    assert "it took too long" in found["problem"]["text"]


def test_one_that_is_killed_is_said(listes: MailHost) -> None:
    had_before(listes)
    found = asked(listes, sendmail=fake_sendmail(listes, "kill -9 $$"))
    assert "was killed by signal 9" in found["problem"]["text"]


def test_one_that_starts_no_child_that_outlives_it(listes: MailHost) -> None:
    """The whole process group is ended."""
    had_before(listes)
    mark = listes.tree.run / "still-here"
    script = f"(sleep 5; touch {mark}) & sleep 600"
    asked(listes, sendmail=fake_sendmail(listes, script), ask_seconds=2)
    time.sleep(4)
    assert not mark.exists()


def test_more_than_one_command_line_holds_is_all_asked(listes: MailHost) -> None:
    had_before(listes)
    ask = ("probe@renater.fr", *(f"probe@d{number}.example" for number in range(450)))
    found = asked(listes, ask)
    assert set(ask) <= set(found["answers"])
    assert found["answers"]["probe@d449.example"] == SMTP1


def test_two_of_its_own_names_that_share_a_user_are_both_answered(listes: MailHost) -> None:
    """sendmail prints one line for equal recipients."""
    had_before(listes, config="Cwa.renater.fr b.renater.fr\n")
    found = asked(listes, (*ADDRESSES, "probe@a.renater.fr", "probe@b.renater.fr"))
    for name in ("a", "b"):
        assert found["answers"][f"probe@{name}.renater.fr"][0] == "local"


def test_a_table_that_says_otherwise_is_seen(listes: MailHost) -> None:
    cf = had_before(listes)
    make_map(
        listes, cf.with_name("mailertable"), "renater.fr relay:[old.renater.fr]\n. smtp:[mx]\n"
    )
    found = asked(listes)
    assert found["answers"]["probe@renater.fr"] == ["relay", "[old.renater.fr]"]
    assert found["answers"]["probe@unknown.example"] == ["smtp", "[mx]"]
