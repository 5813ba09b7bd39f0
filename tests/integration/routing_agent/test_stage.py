"""Staging with the real m4 and makemap."""

from __future__ import annotations

import os
import stat
import time
from dataclasses import replace

import pytest

from routing.core.bundle import Bundle
from tests.integration.routing_agent.conftest import MailHost, at_once

WEEK_S = 7 * 24 * 3600


def test_a_staged_release_holds_both_configurations_and_both_maps(listes: MailHost) -> None:
    bundle = listes.bundle()
    body = listes.stage(bundle).done
    release = listes.release(bundle.digest)
    built = {"sympa.cf", "sympa-fallback.cf", "mailertable.db", "mailertable-fallback.db"}
    assert {entry.name for entry in release.iterdir()} == {*bundle.files, *built, "manifest.json"}
    assert set(body["manifest"]["dumps"]) == {"mailertable", "mailertable-fallback"}
    assert f"Kmailertable btree {release}/mailertable\n" in (release / "sympa.cf").read_text()
    assert listes.link("current") == ""


def test_everybody_can_read_a_release_and_nobody_else_write_it(listes: MailHost) -> None:
    bundle = listes.bundle()
    listes.stage(bundle)
    release = listes.release(bundle.digest)
    modes = {entry.name: stat.S_IMODE(entry.stat().st_mode) for entry in release.iterdir()}
    assert set(modes.values()) == {0o644}
    assert stat.S_IMODE(release.stat().st_mode) == 0o755


def test_staging_twice_is_one_release_and_one_manifest(listes: MailHost) -> None:
    bundle = listes.bundle()
    first = listes.stage(bundle).done
    inode = listes.release(bundle.digest).stat().st_ino
    assert listes.stage(bundle).done == first
    assert listes.release(bundle.digest).stat().st_ino == inode


def test_staging_twice_at_once_is_one_release_and_one_manifest(listes: MailHost) -> None:
    bundle = listes.bundle()
    given = at_once(*[lambda: listes.stage(bundle)] * 4)
    assert len({result.done["manifest_digest"] for result in given}) == 1
    names = [entry.name for entry in (listes.tree.routing / "releases").iterdir()]
    assert names == [bundle.digest]


def test_a_lost_release_stages_again_to_the_same_manifest(listes: MailHost) -> None:
    """Though a .db is never the same bytes twice."""
    bundle = listes.bundle()
    first = listes.stage(bundle).done["manifest_digest"]
    release = listes.release(bundle.digest)
    release.rename(release.with_name("elsewhere"))
    assert listes.stage(bundle).done["manifest_digest"] == first


def test_a_damaged_release_that_is_not_live_is_built_anew(listes: MailHost) -> None:
    bundle = listes.bundle()
    first = listes.stage(bundle).done["manifest_digest"]
    (listes.release(bundle.digest) / "sympa.cf").write_text("")
    assert listes.stage(bundle).done["manifest_digest"] == first
    assert (listes.release(bundle.digest) / "sympa.cf").stat().st_size > 10_000


def test_a_damaged_release_that_is_live_is_drift_and_is_left_alone(listes: MailHost) -> None:
    bundle = listes.bundle()
    listes.make_live(bundle)
    edited = listes.release(bundle.digest) / "mailertable"
    edited.write_text(edited.read_text() + "by.hand esmtp:[127.0.0.1]\n")
    before = edited.read_text()
    assert listes.stage(bundle).error["code"] == "drift"
    assert edited.read_text() == before


def test_m4_that_fails_leaves_nothing(listes: MailHost) -> None:
    bundle = listes.bundle()
    broken = broken_by(bundle, "sympa.mc", "include(`/nowhere/at/all.m4')\n")
    error = listes.stage(broken).error
    assert error["code"] == "m4_failed"
    assert "/nowhere/at/all.m4" in error["output"]
    assert error["unchanged"] == "Nothing live was touched."
    assert list((listes.tree.routing / "releases").iterdir()) == []


def test_a_missing_m4_is_named(listes: MailHost) -> None:
    error = listes.stage(listes.bundle(), m4="/nowhere/m4").error
    assert error["code"] == "m4_failed"
    assert "/nowhere/m4" in error["output"]


def test_makemap_that_refuses_a_second_value_leaves_nothing(listes: MailHost) -> None:
    bundle = listes.bundle()
    twice = broken_by(bundle, "mailertable", bundle.files["mailertable"] * 2)
    error = listes.stage(twice).error
    assert error["code"] == "makemap_failed"
    assert "duplicate key" in error["output"]
    assert list((listes.tree.routing / "releases").iterdir()) == []


def test_makemap_that_only_warns_is_a_failure(listes: MailHost) -> None:
    """A wrapper around the real makemap that warns and exits 0, as makemap itself may."""
    warning = listes.tree.run / "makemap"
    warning.write_text(f'#!/bin/sh\necho careful >&2\nexec {listes.tools.makemap} "$@"\n')
    warning.chmod(0o755)
    error = listes.stage(listes.bundle(), makemap=str(warning)).error
    assert error["code"] == "makemap_failed"
    assert error["output"] == "careful"


def test_a_map_that_lacks_a_line_without_a_word_is_a_failure(listes: MailHost) -> None:
    """Such as a disk or a makemap of another version might make."""
    lossy = listes.tree.run / "makemap"
    real = listes.tools.makemap
    lossy.write_text(
        f'#!/bin/sh\ncase " $* " in *" -u "*) exec {real} "$@" ;; esac\n'
        f'grep -v ^jres | {real} "$@"\n'
    )
    lossy.chmod(0o755)
    error = listes.stage(listes.bundle(), makemap=str(lossy)).error
    assert error["code"] == "dump_differs"
    assert error["text"] == "mailertable.db does not hold what mailertable says."
    assert list((listes.tree.routing / "releases").iterdir()) == []


def test_m4_that_never_ends_is_stopped(listes: MailHost) -> None:
    sleeping = listes.tree.run / "m4"
    sleeping.write_text("#!/bin/sh\nexec sleep 60\n")
    sleeping.chmod(0o755)
    error = listes.stage(listes.bundle(), m4=str(sleeping), build_seconds=1).error
    assert error["code"] == "m4_failed"
    assert "was stopped" in error["text"]


def test_a_bundle_of_another_digest_is_refused(listes: MailHost) -> None:
    bundle, other = listes.bundle(), listes.bundle("conf.renater.fr esmtp:[127.0.0.1]\n")
    swapped = replace(bundle, files=other.files)
    assert swapped.digest == other.digest
    given = listes.verb_stage_as(bundle.digest, other.canonical)
    assert given.error["code"] == "bundle_mismatch"


@pytest.mark.parametrize("name", ["../../etc/passwd", "sympa.cf", "mailertable.db", "/etc/passwd"])
def test_a_file_that_no_release_has_is_refused(listes: MailHost, name: str) -> None:
    given = listes.stage(broken_by(listes.bundle(), name, "x"))
    assert given.error["code"] == "bundle_mismatch"


@pytest.mark.parametrize("release", ["", "x", "../" + "a" * 61, "A" * 64])
def test_a_release_that_is_no_digest_is_refused(listes: MailHost, release: str) -> None:
    given = listes.verb_stage_as(release, listes.bundle().canonical)
    assert given.error["code"] == "malformed"


def test_old_releases_go_but_never_one_that_somebody_may_need(listes: MailHost) -> None:
    bundles = [listes.bundle(f"d{n}.renater.fr esmtp:[127.0.0.1]\n") for n in range(4)]
    old, kept, last_good, new = bundles
    listes.make_live(last_good)
    for bundle in (old, kept):
        listes.stage(bundle)
    ago = time.time() - WEEK_S - 60
    for bundle in (old, kept, last_good):
        os.utime(listes.release(bundle.digest), (ago, ago))
    given = listes.verb_stage_as(new.digest, new.canonical, keep=[kept.digest])
    assert given.done["removed"] == [old.digest]
    assert not listes.release(old.digest).exists()
    assert all(listes.release(bundle.digest).exists() for bundle in (kept, last_good, new))


def broken_by(bundle: Bundle, name: str, text: str) -> Bundle:
    """The bundle with one file changed or added."""
    return replace(bundle, files={**bundle.files, name: text})
