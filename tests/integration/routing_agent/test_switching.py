"""Activate, confirm, revert: the old release or the new one, never between or over an edit."""

from __future__ import annotations

import pytest

from mailadmin.wire.core.messages import Verb
from tests.integration.routing_agent.conftest import MailHost, at_once

CONF = "conf.renater.fr esmtp:[127.0.0.1]\n"


def test_the_whole_way_and_back(listes: MailHost) -> None:
    old = listes.make_live(listes.bundle())
    new = listes.bundle(CONF)
    manifest = listes.stage(new).done["manifest_digest"]
    given = listes.activate(new, old, manifest).done
    assert (given["live"], given["previous"]) == (new.digest, old)
    assert (listes.link("current"), listes.link("last-good")) == (new.digest, old)
    assert listes.verb(Verb.REVERT, {"release": new.digest, "to": old}).done["live"] == old
    assert listes.link("current") == old
    listes.activate(new, old, manifest)
    assert listes.verb(Verb.CONFIRM, {"release": new.digest}).done["last_good"] == new.digest
    assert listes.link("last-good") == new.digest


def test_each_switch_done_twice_is_done_once(listes: MailHost) -> None:
    new = listes.bundle()
    manifest = listes.stage(new).done["manifest_digest"]
    assert listes.activate(new, "", manifest).done == listes.activate(new, "", manifest).done
    confirm = {"release": new.digest}
    assert listes.verb(Verb.CONFIRM, confirm).done == listes.verb(Verb.CONFIRM, confirm).done
    back = {"release": new.digest, "to": ""}
    assert listes.verb(Verb.REVERT, back).done == listes.verb(Verb.REVERT, back).done
    assert listes.link("current") == ""


def test_each_switch_done_twice_at_once_is_done_once(listes: MailHost) -> None:
    old = listes.make_live(listes.bundle())
    new = listes.bundle(CONF)
    manifest = listes.stage(new).done["manifest_digest"]
    given = at_once(*[lambda: listes.activate(new, old, manifest)] * 3)
    assert [result.done["live"] for result in given] == [new.digest] * 3
    confirmed = at_once(*[lambda: listes.verb(Verb.CONFIRM, {"release": new.digest})] * 3)
    assert [result.done["last_good"] for result in confirmed] == [new.digest] * 3
    back = {"release": new.digest, "to": old}
    reverted = at_once(*[lambda: listes.verb(Verb.REVERT, back)] * 3)
    assert [result.done["live"] for result in reverted] == [old] * 3


@pytest.mark.parametrize("name", ["sympa.cf", "mailertable", "local.m4", "mailertable.db"])
def test_an_edit_by_hand_is_drift_and_is_never_overwritten(listes: MailHost, name: str) -> None:
    old = listes.make_live(listes.bundle())
    new = listes.bundle(CONF)
    manifest = listes.stage(new).done["manifest_digest"]
    edited = listes.release(old) / name
    theirs = listes.release(new.digest) / "mailertable.db"
    edited.write_bytes(theirs.read_bytes() if name.endswith(".db") else b"by hand\n")
    error = listes.activate(new, old, manifest).error
    assert error["code"] == "drift"
    assert [item["file"] for item in error["files"]] == [name]
    assert listes.link("current") == old
    assert [item["file"] for item in listes.verb(Verb.OBSERVE, {}).done["drift"]] == [name]


def test_another_live_release_than_the_base_is_drift(listes: MailHost) -> None:
    first = listes.make_live(listes.bundle())
    second = listes.make_live(listes.bundle(CONF), base=first)
    third = listes.bundle("x.renater.fr esmtp:[127.0.0.1]\n")
    manifest = listes.stage(third).done["manifest_digest"]
    error = listes.activate(third, first, manifest).error
    assert (error["code"], error["live"]) == ("drift", second)
    assert listes.link("current") == second


def test_a_link_that_is_not_ours_is_drift(listes: MailHost) -> None:
    new = listes.bundle()
    manifest = listes.stage(new).done["manifest_digest"]
    current = listes.tree.routing / "current"
    current.symlink_to("/etc/mail")
    assert listes.activate(new, "", manifest).error["code"] == "drift"
    assert current.readlink().as_posix() == "/etc/mail"


def test_a_release_that_is_not_staged_is_not_activated(listes: MailHost) -> None:
    new = listes.bundle()
    assert listes.activate(new, "", "0" * 64).error["code"] == "not_staged"
    listes.stage(new)
    assert listes.activate(new, "", "0" * 64).error["code"] == "manifest_differs"
    assert listes.link("current") == ""


def test_a_release_that_changed_after_it_was_staged_is_not_activated(listes: MailHost) -> None:
    new = listes.bundle()
    manifest = listes.stage(new).done["manifest_digest"]
    (listes.release(new.digest) / "sympa.cf").write_text("changed")
    assert listes.activate(new, "", manifest).error["code"] == "not_staged"
    assert listes.link("current") == ""


def test_only_a_live_release_is_confirmed(listes: MailHost) -> None:
    new = listes.bundle()
    listes.stage(new)
    assert listes.verb(Verb.CONFIRM, {"release": new.digest}).error["code"] == "not_live"
    assert listes.link("last-good") == ""


def test_a_switch_killed_at_any_change_leaves_the_old_release_or_the_new(listes: MailHost) -> None:
    old = listes.make_live(listes.bundle())
    new = listes.bundle(CONF)
    manifest = listes.stage(new).done["manifest_digest"]
    changes = listes.activate(new, old, manifest).changes
    assert changes >= 2
    for step in range(1, changes + 1):
        listes.verb(Verb.REVERT, {"release": new.digest, "to": old})
        assert listes.activate(new, old, manifest, die_at=step).died
        assert listes.link("current") in (old, new.digest)
        assert listes.activate(new, old, manifest).done["live"] == new.digest


@pytest.mark.parametrize("each", [3, pytest.param(1, marks=pytest.mark.long)])
def test_a_staging_killed_at_any_change_can_be_done_again(listes: MailHost, each: int) -> None:
    counted = listes.bundle()
    changes = listes.stage(counted).changes
    assert changes >= 10
    for step in range(1, changes + 1, each):
        bundle = listes.bundle(f"d{step}.renater.fr esmtp:[127.0.0.1]\n")
        if not listes.stage(bundle, die_at=step).died:
            continue
        manifest = listes.stage(bundle).done["manifest_digest"]
        assert listes.stage(bundle).done["manifest_digest"] == manifest
        assert listes.prove(staged=bundle.digest).outcome == "done"
