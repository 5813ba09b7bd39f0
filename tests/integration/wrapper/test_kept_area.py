"""The kept area is read as it is found: coming, going, damaged, or somebody else's."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest

from mailadmin.wire.core.messages import Outcome
from spools.agent.kept import count_kept, list_kept
from spools.agent.observe import observe
from tests.integration.wrapper.list_server import ListServer

NAME = "1763868812.123456-4711"
LONG_AGO = 1_000_000_000


@pytest.fixture
def area(tmp_path: Path) -> Path:
    return tmp_path


def make_message(area: Path, name: str = NAME) -> Path:
    """A whole kept message, as the wrapper leaves it."""
    place = area / name
    place.mkdir()
    (place / "message").write_bytes(b"Message-ID: <1@lists.renater.fr>\n\nHello.\n")
    (place / "arguments").write_bytes(b"-f\0\0--\0a@example.net\0")
    (place / "outcome").write_bytes(b"exit 75\nrelease 0abc\nfinished 1763868813\n")
    return place


def age(place: Path) -> None:
    os.utime(place, (LONG_AGO, LONG_AGO), follow_symlinks=False)


def test_a_whole_message_is_read(area: Path) -> None:
    make_message(area)
    (message,) = list_kept(area)
    assert (message.id, message.at) == (NAME, 1763868812.123456)
    assert (message.ended, message.release) == ("exit 75", "0abc")
    assert (message.sender, message.recipients) == ("", ("a@example.net",))
    assert (message.running, message.problem) == (False, "")


def test_the_oldest_come_first_and_not_more_than_asked_for(area: Path) -> None:
    for number in (3, 1, 2):
        make_message(area, f"176386881{number}.000000-1")
    found = [message.id for message in list_kept(area, limit=2)]
    assert found == ["1763868811.000000-1", "1763868812.000000-1"]
    assert count_kept(area) == 3


def test_a_thousand_recipients_are_counted_and_two_hundred_named(area: Path) -> None:
    words = [b"--", *(b"r%d@example.net" % number for number in range(1000))]
    (make_message(area) / "arguments").write_bytes(b"".join(word + b"\0" for word in words))
    (message,) = list_kept(area)
    assert (len(message.recipients), message.recipients_total) == (200, 1000)


def test_an_area_that_cannot_be_read_is_no_empty_one(area: Path) -> None:
    with pytest.raises(FileNotFoundError):
        list_kept(area / "gone")


def without_message(place: Path) -> None:
    (place / "message").unlink()


def message_is_a_link(place: Path) -> None:
    without_message(place)
    (place / "message").symlink_to("/etc/passwd")


def message_is_a_pipe(place: Path) -> None:
    without_message(place)
    os.mkfifo(place / "message")


def without_arguments(place: Path) -> None:
    (place / "arguments").unlink()


def cut_off_arguments(place: Path) -> None:
    (place / "arguments").write_bytes(b"-f\0\0--\0a@exam")


def unfinished(place: Path) -> None:
    place.rename(place.with_name(f".{NAME}.partial"))


def foreign(place: Path) -> None:
    place.rename(place.with_name("notes from the night\n"))


@pytest.mark.parametrize(
    ("damage", "problem"),
    [
        (without_message, "the message is gone: sendmail had settled it"),
        (message_is_a_link, "it cannot be read: Too many levels of symbolic links"),
        (message_is_a_pipe, "the message is not a regular file"),
        (without_arguments, "its arguments are missing"),
        (cut_off_arguments, "the arguments are cut off"),
        (unfinished, "the wrapper was killed while it read this message"),
        (foreign, "this is no message of the wrapper"),
    ],
)
def test_a_damaged_entry_is_named_and_the_others_are_read(
    area: Path, damage: Callable[[Path], None], problem: str
) -> None:
    damage(make_message(area))
    make_message(area, "1763868999.000000-1")
    for place in area.iterdir():
        age(place)
    problems = sorted(message.problem for message in list_kept(area))
    assert count_kept(area) == 2
    assert problems[0] == ""
    assert problems[1].startswith(problem)


@pytest.mark.parametrize("damage", [without_message, unfinished])
def test_what_is_just_coming_or_going_is_left_out(
    area: Path, damage: Callable[[Path], None]
) -> None:
    damage(make_message(area))
    assert (list_kept(area), count_kept(area)) == ((), 0)


def test_a_message_in_work_is_listed_as_such_and_not_counted(area: Path) -> None:
    make_message(area)
    with (make_message(area, "1763868999.000000-1") / "message").open("rb") as message:
        fcntl.flock(message, fcntl.LOCK_EX)
        running = [message.running for message in list_kept(area)]
        counted = count_kept(area)
    assert (running, counted, count_kept(area)) == ([False, True], 1, 2)


def test_a_message_whose_wrapper_was_killed_has_no_outcome(area: Path) -> None:
    (make_message(area) / "outcome").unlink()
    (message,) = list_kept(area)
    assert (message.ended, message.running, message.problem) == ("", False, "")


def test_the_verb_observe_tells_of_kept_messages_and_not_of_those_in_work(
    server: ListServer,
) -> None:
    make_message(server.tree.kept)
    in_work = make_message(server.tree.kept, "1763868999.000000-1")
    with (in_work / "message").open("rb") as message:
        fcntl.flock(message, fcntl.LOCK_EX)
        body = observe(server.config(), {}, None).body
    kept = cast(list[dict[str, Any]], body["kept"])
    assert (body["kept_total"], [item["id"] for item in kept]) == (1, [NAME])


def test_the_verb_observe_fails_without_the_kept_area(server: ListServer) -> None:
    server.tree.kept.rmdir()
    result = observe(server.config(), {}, None)
    assert result.outcome is Outcome.FAILED
