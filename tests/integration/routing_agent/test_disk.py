"""A full or read-only file system under the releases: said, nothing half, mail goes as before."""

from __future__ import annotations

import pytest

from mailadmin.wire.core.messages import Verb
from tests.fixtures.mounts import full, read_only, without_inodes
from tests.integration.routing_agent.conftest import MailHost

CONF = "conf.renater.fr esmtp:[127.0.0.1]\n"
# A release takes about 190 kB; between 0 and that, the disk is full at every step of a staging.
ROOMS_KB = (*range(0, 240, 12), 1024)
SAID = {"disk", "makemap_failed", "dump_differs"}


def test_a_disk_that_fills_up_anywhere_in_a_staging_leaves_nothing_half(listes: MailHost) -> None:
    bundle, releases = listes.bundle(), listes.tree.routing / "releases"
    codes = []
    for room_kb in ROOMS_KB:
        mounts = full(listes.tree.routing, room_kb=room_kb)
        look = f"cd {releases} && find . -mindepth 1 -maxdepth 1"
        given = listes.stage(bundle, mounts=mounts, after=look)
        whole = [f"./{bundle.digest}"] if given.outcome == "done" else []
        assert given.seen == whole, (room_kb, given.body)
        codes.append(given.error["code"] if given.outcome == "failed" else "done")
    assert set(codes[:-1]) >= {"disk", "makemap_failed"}
    assert set(codes) <= SAID | {"done"}
    assert codes[-1] == "done"


def test_a_full_disk_is_said_with_its_place_and_what_to_do(listes: MailHost) -> None:
    error = listes.stage(listes.bundle(), mounts=full(listes.tree.routing)).error
    assert error["code"] == "disk"
    assert str(listes.tree.routing) in error["text"]
    assert "No space left on device" in error["text"]
    assert "has room, then try again" in error["text"]
    assert error["unchanged"] == "Nothing live was touched."


@pytest.mark.parametrize("place", ["routing", "releases"])
def test_nothing_is_staged_on_a_read_only_file_system(listes: MailHost, place: str) -> None:
    directory = listes.tree.routing if place == "routing" else listes.tree.routing / "releases"
    error = listes.stage(listes.bundle(), mounts=read_only(directory)).error
    assert error["code"] == "disk"
    assert "Read-only file system" in error["text"]
    assert list((listes.tree.routing / "releases").iterdir()) == []


@pytest.mark.parametrize(
    ("fault", "words"),
    [(read_only, "Read-only file system"), (without_inodes, "No space left on device")],
)
def test_a_switch_that_the_disk_refuses_changes_nothing(
    listes: MailHost, fault: object, words: str
) -> None:
    """Activate, confirm and revert, each said and each done once there is room again."""
    assert callable(fault)
    mounts, links = fault(listes.tree.routing), f"readlink {listes.tree.routing}/current"
    old = listes.make_live(listes.bundle())
    new = listes.bundle(CONF)
    manifest = listes.stage(new).done["manifest_digest"]

    given = listes.activate(new, old, manifest, mounts=mounts, after=links)
    assert (given.error["code"], given.seen) == ("disk", [f"releases/{old}"])
    assert words in given.error["text"]
    assert given.error["unchanged"] == "Nothing was switched."
    assert listes.activate(new, old, manifest).done["live"] == new.digest

    back = {"release": new.digest, "to": old}
    given = listes.verb(Verb.REVERT, back, mounts=mounts, after=links)
    assert (given.error["code"], given.seen) == ("disk", [f"releases/{new.digest}"])
    assert given.error["unchanged"] == "The host still runs what it ran."

    given = listes.verb(Verb.CONFIRM, {"release": new.digest}, mounts=mounts)
    assert given.error["code"] == "disk"
    assert given.error["unchanged"] == "The release is live and not confirmed."
    assert listes.link("last-good") == old
    assert listes.verb(Verb.CONFIRM, {"release": new.digest}).done["last_good"] == new.digest
