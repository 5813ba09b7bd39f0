"""The spool agent tells robots and the names that its MTA takes, from real directories."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from mailadmin.wire.core.messages import Verb
from routing.agent.careful import MOST_BYTES
from routing.core.survey import Found, Subject, survey_from_json
from tests.integration.routing_agent.conftest import MailHost


@pytest.fixture
def place(listes: MailHost) -> Path:
    """Where the site of this test has its files."""
    found = listes.tree.etc / "site"
    found.mkdir()
    return found


@pytest.fixture
def named(place: Path) -> dict[str, Any]:
    """Everything that a survey reads, and all of it is there."""
    for name in ("jres.org", "Lists.Renater.FR"):
        robot(place / "sympa", name)
    (place / "sympa/web_tt2").mkdir()
    (place / "sympa/empty.example").mkdir()
    return {
        "existing_robots": str(place / "sympa"),
        "existing_sympa_conf": write(place / "sympa.conf", "domain sympa.renater.fr\ncookie x\n"),
        "mta_local_names": [write(place / "names", "# ours\njres.org\nlists.renater.fr. host\n")],
        "mta_relay_domains": [write(place / "relay", "relayed.example\n.below.example\n")],
    }


def write(path: Path, text: str) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o644)
    return str(path)


def robot(sympa: Path, name: str) -> Path:
    write(sympa / name / "robot.conf", "title x\n")
    return sympa / name


def told(listes: MailHost, named: Mapping[str, Any], **more: Any) -> dict[Subject, Found]:
    """What the agent gives, as the control plane reads it."""
    given = listes.verb(Verb.SURVEY, {}, **{"existing_cf": "", **named, **more})
    assert given.done["user"] == listes.tree.users.spool
    assert given.changes == 0
    found = survey_from_json(json.loads(given.blob or b""))
    assert given.done["names"] == {item.value: len(found[item].names) for item in Subject}
    return found


def test_robots_and_names_are_told(listes: MailHost, named: dict[str, Any]) -> None:
    found = told(listes, named)
    assert found[Subject.ROBOTS] == Found(
        (named["existing_robots"],), ("jres.org", "lists.renater.fr", "sympa.renater.fr")
    )
    assert found[Subject.ACCEPTED] == Found(
        (*named["mta_local_names"], *named["mta_relay_domains"]),
        ("jres.org", "lists.renater.fr", "relayed.example"),
        ("below.example", "relayed.example"),
    )
    assert all(item.is_whole for item in found.values())


def test_a_host_whose_file_names_nothing_says_so(listes: MailHost) -> None:
    assert told(listes, {}) == {Subject.ROBOTS: Found(), Subject.ACCEPTED: Found()}


def test_one_of_the_two_tables_alone_is_not_whole(listes: MailHost, named: dict[str, Any]) -> None:
    for key, names in (
        ("mta_local_names", ("relayed.example",)),
        ("mta_relay_domains", ("jres.org", "lists.renater.fr")),
    ):
        found = told(listes, {k: v for k, v in named.items() if k != key})[Subject.ACCEPTED]
        assert found.names == names
        assert found.troubles == (f"The agent's file does not say {key}; [] is none.",)
    assert told(listes, named, mta_relay_domains=[])[Subject.ACCEPTED].is_whole


def test_without_sympa_conf_the_main_robot_is_not_known(
    listes: MailHost, named: dict[str, Any]
) -> None:
    del named["existing_sympa_conf"]
    found = told(listes, named)[Subject.ROBOTS]
    assert found.names == ("jres.org", "lists.renater.fr")
    assert "existing_sympa_conf" in found.trouble


def test_what_cannot_be_read_is_said_and_never_missing(
    listes: MailHost, named: dict[str, Any], place: Path
) -> None:
    sympa = place / "sympa"
    robot(sympa, "shut.example").chmod(0o000)
    (robot(sympa, "secret.example") / "robot.conf").chmod(0o000)
    outside = robot(place / "elsewhere", "linked.example")
    (sympa / "linked.example").symlink_to(outside)
    (sympa / "conf.example").mkdir()
    (sympa / "conf.example/robot.conf").symlink_to(outside / "robot.conf")
    robot(sympa, "-rf.example")
    os.mkfifo(place / "pipe")
    Path(named["mta_local_names"][0]).chmod(0o000)
    gone, pipe = str(place / "gone"), str(place / "pipe")
    found = told(listes, named, mta_relay_domains=[gone, pipe, *named["mta_relay_domains"]])

    robots = found[Subject.ROBOTS]
    assert robots.names == ("jres.org", "lists.renater.fr", "sympa.renater.fr")
    out = "and links out of a directory are not followed."
    assert {text.removeprefix(f"{sympa}/") for text in robots.troubles} == {
        "-rf.example is named as no domain can be.",
        f"conf.example is a link to {outside}/robot.conf, {out}",
        f"linked.example is a link, {out}",
        "secret.example cannot be read: Permission denied.",
        "shut.example cannot be read: Permission denied.",
    }
    accepted = found[Subject.ACCEPTED]
    assert accepted.names == ("relayed.example",)
    assert accepted.troubles == (
        f"{named['mta_local_names'][0]} cannot be read: Permission denied.",
        f"{gone} is not there.",
        f"{pipe} is no plain file.",
    )
    assert not robots.is_whole and not accepted.is_whole


@pytest.mark.parametrize("what", ["gone", "shut", "file"])
def test_a_place_that_cannot_be_looked_into_leaves_all_unknown(
    listes: MailHost, named: dict[str, Any], place: Path, what: str
) -> None:
    if what == "file":
        write(place / what, "")
    elif what == "shut":
        (place / what).mkdir(mode=0o000)
    found = told(listes, named, existing_robots=str(place / what))[Subject.ROBOTS]
    assert not found.is_whole
    assert str(place / what) in found.trouble


def test_a_file_without_an_end_is_not_read(listes: MailHost, named: dict[str, Any]) -> None:
    with Path(named["mta_local_names"][0]).open("wb") as file:
        file.truncate(MOST_BYTES + 1)
    found = told(listes, named)[Subject.ACCEPTED]
    assert "is larger than 8 MiB" in found.trouble
    assert not found.is_whole


def test_names_that_are_no_text_are_told_as_one(
    listes: MailHost, named: dict[str, Any], place: Path
) -> None:
    odd = Path(os.fsdecode(os.fsencode(place / "sympa") + b"/\xff\n.org"))
    robot(odd.parent, odd.name)
    found = told(listes, named)[Subject.ROBOTS]
    assert found.troubles == (f"{place}/sympa/\\xff\n.org is named as no domain can be.",)


# Making and removing ten thousand directories takes ten times as long as looking through them.
@pytest.mark.parametrize("count", [1000, pytest.param(10_000, marks=pytest.mark.long)])
def test_many_robots(listes: MailHost, named: dict[str, Any], place: Path, count: int) -> None:
    for number in range(count):
        (place / f"sympa/r{number}.example").mkdir()
        (place / f"sympa/r{number}.example/robot.conf").touch(0o644)
    began = time.monotonic()
    found = told(listes, named)[Subject.ROBOTS]
    assert len(found.names) == count + 3
    assert found.is_whole
    # Measured with 10,000: 0.7 s. Far above that something grows with the square of them.
    assert time.monotonic() - began < 20
