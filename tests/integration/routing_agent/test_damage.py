"""A live release that somebody has touched: named precisely, left only from what was approved."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from mailadmin.wire.core.messages import Verb
from routing.core.bundle import Bundle
from tests.integration.routing_agent.conftest import MailHost

CONF = "conf.renater.fr esmtp:[127.0.0.1]\n"
BY_HAND = "by.hand esmtp:[127.0.0.1]\n"


def rebuilt(bundle: Bundle) -> Bundle:
    """The same files under another name."""
    return replace(bundle, facts={**bundle.facts, "rebuild": 1})


def make_map(listes: MailHost, release: Path, more: str = "") -> None:
    """makemap in the live release, as a person would run it."""
    source = (release / "mailertable").read_text() + more
    # Of another size than a map that staging built of the same keys: never the same bytes.
    argv: list[str | Path] = [
        listes.tools.makemap,
        "-c",
        "4096",
        "-C",
        "/dev/null",
        "btree",
        release / "mailertable",
    ]
    user = listes.tree.users.deploy
    ran = listes.as_host(listes.tree, user, *argv, stdin=source.encode(), seconds=30)
    assert ran.returncode == 0, ran.stderr


Touch = Callable[[MailHost, Path], object]
TOUCHED: dict[str, tuple[Touch, str, str, str]] = {
    "a map with another key": (
        lambda listes, release: make_map(listes, release, BY_HAND),
        "mailertable.db",
        "keys",
        "holds other keys than were staged: + by.hand esmtp:[127.0.0.1]",
    ),
    "a map with the same keys": (
        lambda listes, release: make_map(listes, release),
        "mailertable.db",
        "bytes",
        "was built anew: the same keys, other bytes",
    ),
    "a table": (
        lambda listes, release: append(release / "mailertable", BY_HAND),
        "mailertable",
        "edited",
        "was edited: + by.hand esmtp:[127.0.0.1]",
    ),
    "a configuration": (
        lambda listes, release: append(release / "sympa.cf", "# by hand\n"),
        "sympa.cf",
        "edited",
        "was edited",
    ),
    "a map that is gone": (
        lambda listes, release: (release / "mailertable.db").unlink(),
        "mailertable.db",
        "removed",
        "was removed",
    ),
    "a configuration that is gone": (
        lambda listes, release: (release / "sympa.cf").unlink(),
        "sympa.cf",
        "removed",
        "was removed",
    ),
    "a file more": (
        lambda listes, release: (release / "notes").write_text("mine"),
        "notes",
        "added",
        "was added: a plain file",
    ),
    "a directory more": (
        lambda listes, release: (release / "old").mkdir(),
        "old",
        "added",
        "was added: a directory",
    ),
    "a pipe more, which nobody writes to": (
        lambda listes, release: os.mkfifo(release / "pipe"),
        "pipe",
        "added",
        "was added: no plain file",
    ),
    "a link for a map": (
        lambda listes, release: relink(release / "mailertable.db"),
        "mailertable.db",
        "kind",
        "is a link to /etc/hostname, not a plain file",
    ),
    "a map that all may write": (
        lambda listes, release: (release / "mailertable.db").chmod(0o666),
        "mailertable.db",
        "mode",
        "has mode 0666, not 0644",
    ),
    "a map that none may read": (
        lambda listes, release: (release / "mailertable.db").chmod(0),
        "mailertable.db",
        "mode",
        "has mode 0000, not 0644",
    ),
    "the directory's mode": (
        lambda listes, release: release.chmod(0o777),
        "release ",
        "mode",
        "has mode 0777, not 0755",
    ),
    "the directory is gone": (
        lambda listes, release: shutil.rmtree(release),
        "release ",
        "gone",
        "is gone",
    ),
}


def append(path: Path, text: str) -> None:
    with path.open("a") as file:
        file.write(text)


def relink(path: Path) -> None:
    path.unlink()
    path.symlink_to("/etc/hostname")


SHORT = (
    "a map with another key",
    "a configuration that is gone",
    "a pipe more, which nobody writes to",
    "a link for a map",
    "a map that none may read",
    "the directory's mode",
    "the directory is gone",
)
"""One of each kind; the others with --long."""


@pytest.mark.parametrize(
    "what",
    [pytest.param(what, marks=() if what in SHORT else pytest.mark.long) for what in TOUCHED],
)
def test_each_is_named_and_the_same_files_are_switched_to_from_it(
    listes: MailHost, what: str
) -> None:
    touch, file, code, text = TOUCHED[what]
    bundle = listes.bundle()
    live = listes.make_live(bundle)
    whole = listes.verb(Verb.OBSERVE, {}).done
    assert whole["drift"] == []
    touch(listes, listes.release(live))
    seen = listes.verb(Verb.OBSERVE, {}).done
    first = seen["drift"][0]
    assert first["file"].startswith(file)
    assert (first["code"], first["text"]) == (code, text)
    assert seen["ground"] != whole["ground"]

    again = rebuilt(bundle)
    manifest = listes.stage(again).done["manifest_digest"]
    assert listes.prove(staged=again.digest).outcome == "done"
    # Without a word about the ground, and on the whole one, it is refused and named.
    for told in ("", whole["ground"]):
        error = listes.activate(again, live, manifest, ground=told).error
        assert error["code"] == "drift"
        assert f"{first['file']} {text}" in error["text"]
        assert listes.link("current") == live
    left = snapshot(listes.release(live))
    given = listes.activate(again, live, manifest, ground=seen["ground"]).done
    assert given["live"] == again.digest == listes.link("current")
    assert listes.verb(Verb.CONFIRM, {"release": again.digest}).done["live"] == again.digest
    # What was damaged lies where it lay, for a person to look at.
    assert snapshot(listes.release(live)) == left
    after = listes.verb(Verb.OBSERVE, {}).done
    assert (after["drift"], after["ground"]) == ([], given["ground"])


def snapshot(release: Path) -> dict[str, object]:
    if not release.exists():
        return {}
    return {path.name: standing(path) for path in release.iterdir()}


def standing(path: Path) -> tuple[object, ...]:
    """All that a look at it does not change."""
    found = path.lstat()
    return (found.st_ino, found.st_mode, found.st_uid, found.st_size, found.st_mtime_ns)


def test_a_damage_that_went_on_or_was_undone_is_not_switched_away_from(listes: MailHost) -> None:
    bundle = listes.bundle()
    live = listes.make_live(bundle)
    table = listes.release(live) / "mailertable"
    text = table.read_text()
    table.write_text(text + BY_HAND)
    seen = listes.verb(Verb.OBSERVE, {}).done["ground"]
    again = rebuilt(bundle)
    manifest = listes.stage(again).done["manifest_digest"]

    (listes.release(live) / "more").write_text("mine")
    error = listes.activate(again, live, manifest, ground=seen).error
    assert error["code"] == "drift"
    assert "more was added: a plain file" in error["text"]
    (listes.release(live) / "more").unlink()
    table.write_text(text)
    error = listes.activate(again, live, manifest, ground=seen).error
    assert (error["code"], error["text"].endswith("it is whole again.")) == ("drift", True)
    assert listes.link("current") == live


def test_a_repair_killed_at_any_change_is_done_again(listes: MailHost) -> None:
    bundle = listes.bundle()
    live = listes.make_live(bundle)
    (listes.release(live) / "mailertable.db").unlink()
    seen = listes.verb(Verb.OBSERVE, {}).done["ground"]
    again = rebuilt(bundle)
    manifest = listes.stage(again).done["manifest_digest"]
    changes = listes.activate(again, live, manifest, ground=seen).changes
    assert changes >= 2
    back = {"release": again.digest, "to": live, "ground": seen}
    for step in range(1, changes + 1):
        assert listes.verb(Verb.REVERT, back).done["live"] == live
        assert listes.activate(again, live, manifest, ground=seen, die_at=step).died
        assert listes.link("current") in (live, again.digest)
        assert listes.activate(again, live, manifest, ground=seen).done["live"] == again.digest


def test_a_damaged_base_is_gone_back_to_only_as_it_was_left(listes: MailHost) -> None:
    bundle = listes.bundle()
    live = listes.make_live(bundle)
    (listes.release(live) / "notes").write_text("mine")
    seen = listes.verb(Verb.OBSERVE, {}).done["ground"]
    again = rebuilt(bundle)
    manifest = listes.stage(again).done["manifest_digest"]
    listes.activate(again, live, manifest, ground=seen)
    back = {"release": again.digest, "to": live}
    error = listes.verb(Verb.REVERT, back).error
    assert (error["code"], listes.link("current")) == ("not_staged", again.digest)
    assert "notes was added" in error["text"]
    assert listes.verb(Verb.REVERT, {**back, "ground": seen}).done["live"] == live


def test_a_damaged_release_that_is_built_anew_is_kept_aside(listes: MailHost) -> None:
    bundle = listes.bundle()
    listes.stage(bundle)
    (listes.release(bundle.digest) / "mailertable").write_text(BY_HAND)
    for number in (1, 2):
        aside = listes.stage(bundle).done["aside"]
        assert aside == f"damaged-{bundle.digest}-{number}"
        assert (listes.release(aside) / "mailertable").read_text() == BY_HAND
        (listes.release(bundle.digest) / "mailertable").write_text(BY_HAND)


def test_a_damaged_release_that_a_submission_uses_stays_where_it_is(listes: MailHost) -> None:
    bundle = listes.bundle()
    listes.stage(bundle)
    (listes.release(bundle.digest) / "mailertable").write_text(BY_HAND)
    lock = ["flock", "--close", "--shared", str(listes.release(bundle.digest)), "sleep", "30"]
    with subprocess.Popen(lock) as holder:
        assert until_held(listes.release(bundle.digest))
        error = listes.stage(bundle).error
        holder.terminate()
    assert error["code"] == "in_use"
    assert (listes.release(bundle.digest) / "mailertable").read_text() == BY_HAND
    assert listes.stage(bundle).done["aside"]


def until_held(release: Path) -> bool:
    for _ in range(200):
        probe = ["flock", "--nonblock", "--exclusive", str(release), "sleep", "0.02"]
        if subprocess.run(probe, check=False).returncode:
            return True
    return False


def test_a_release_that_somebody_touched_is_never_pruned(listes: MailHost) -> None:
    touched, whole, new = (listes.bundle(f"d{n}.renater.fr esmtp:[127.0.0.1]\n") for n in range(3))
    for bundle in (touched, whole):
        listes.stage(bundle)
    (listes.release(touched.digest) / "mailertable").write_text(BY_HAND)
    for bundle in (touched, whole):
        os.utime(listes.release(bundle.digest), (1, 1))
    assert listes.stage(new).done["removed"] == [whole.digest]
    assert listes.release(touched.digest).exists()


@pytest.mark.parametrize("link", ["current", "last-good"])
@pytest.mark.parametrize("theirs", ["a directory", "a file", "a link"])
def test_somebodys_own_files_stand_at_a_first_release(
    listes: MailHost, link: str, theirs: str
) -> None:
    """Nothing of ours is there yet: what is, is named and left alone."""
    bundle, place = listes.bundle(), listes.tree.routing / link
    manifest = listes.stage(bundle).done["manifest_digest"]
    if theirs == "a directory":
        place.mkdir()
        (place / "sympa.cf").write_text("theirs")
    elif theirs == "a file":
        place.write_text("theirs")
    else:
        place.symlink_to("/etc/mail")
    before = standing(place)
    error = listes.activate(bundle, "", manifest).error
    assert error["code"] == "drift"
    assert str(place) in error["text"]
    assert error["unchanged"] == "Nothing was switched."
    assert listes.verb(Verb.OBSERVE, {}).error["code"] == "drift"
    assert standing(place) == before
    assert link == "current" or listes.link("current") == ""


def test_a_directory_of_somebody_under_the_name_of_a_release_is_kept_aside(
    listes: MailHost,
) -> None:
    bundle = listes.bundle()
    listes.release(bundle.digest).mkdir()
    (listes.release(bundle.digest) / "sympa.cf").write_text("theirs")
    given = listes.stage(bundle).done
    assert (listes.release(given["aside"]) / "sympa.cf").read_text() == "theirs"
    assert listes.make_live(bundle) == bundle.digest
