"""Queue files: real ones of sendmail 8.17.1, damaged ones, and what nobody would write."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from spools.core.names import Standing
from spools.core.queue_file import QueuedMessage, read_queue_file, xtext

DATA = Path(__file__).parents[2] / "data" / "spool"
FILES = sorted(path for path in DATA.rglob("[qhQ]f*") if path.is_file())
MUTATIONS = 20_000
MANY_MUTATIONS = 1_000_000


def real(name: str) -> QueuedMessage:
    path = DATA / name
    return read_queue_file(path.name, path.read_bytes())


def test_the_values_of_a_message_with_delivery_notices() -> None:
    message = real("spool/qf6AMKCumo010384")

    assert (message.queue_id, message.standing) == ("6AMKCumo010384", Standing.WAITING)
    assert (message.version, message.created, message.last_try) == (8, 1795378376, 1795378379)
    assert (message.tries, message.priority, message.flags) == (1, 60065, "dns")
    assert message.status == "Deferred: [10.66.0.99]: No route to host"
    assert (message.sender, message.authenticated) == ("o@lists.example.org", "o@lists.example.org")
    assert message.envelope_id == "ENV+id11"
    assert message.macros == {"_": "sympa@localhost", "daemon_flags": "c u"}
    assert [(r.address, r.flags, r.original) for r in message.recipients] == [
        ("a@example.net", "PNSFD", "RFC822; a@example.net"),
        ("b@example.com", "PNSFD", "RFC822; b@example.com"),
    ]
    assert message.headers[0].value == b" <\x81g>"
    assert b"\n\tby listes.example.org" in message.headers[1].value
    assert (message.unknown, message.problems, message.complete) == ((), (), True)


def test_a_held_message_tells_its_reason() -> None:
    message = real("spool/hf6AMKDRGx012110")

    assert message.standing == Standing.HELD
    assert message.held_for == "held by postmaster: spam?"


def test_a_notice_of_sendmail_itself_has_controlling_users_and_the_place_of_its_data() -> None:
    message = real("spool/Qf6AMJo92O015375")

    assert message.standing == Standing.LOST
    assert (message.sender, message.data_file) == ("MAILER-DAEMON", "254/0/2637175")
    assert [(r.address, r.controlling) for r in message.recipients] == [
        ("postmaster", ":postmaster"),
        ("list-owner@lists.example.org", ""),
    ]


def test_all_of_500_recipients_are_read() -> None:
    assert len(real("spool/qf6AMKCV0Q008579").recipients) == 500


def test_the_null_sender_is_a_sender() -> None:
    assert real("spool/qf6AMKChTp009036").sender == "<>"


def test_a_status_after_the_sender_is_of_the_recipient_that_follows() -> None:
    raw = b"V8\nT1\nMwhole\nS<>\nMown\nrRFC822; a@x\nRPFD:a@x\nRPFD:b@x\n.\n"
    message = read_queue_file("qf1", raw)

    assert message.status == "whole"
    assert [r.status for r in message.recipients] == ["own", ""]


@pytest.mark.parametrize(
    ("line", "address", "flags"),
    [
        (b"RPFD:a@example.net", "a@example.net", "PFD"),
        (b"R:a@example.net", "a@example.net", ""),
        (b"Ra@example.net", "a@example.net", ""),
        (b'R"a:b"@example.net', '"a:b"@example.net', ""),
        (b"R<@relay.example:a@example.net>", "<@relay.example:a@example.net>", ""),
    ],
)
def test_flags_of_a_recipient_are_told_from_its_address(
    line: bytes, address: str, flags: str
) -> None:
    (recipient,) = read_queue_file("qf1", b"V8\nT1\nS<>\n" + line + b"\n.\n").recipients

    assert (recipient.address, recipient.flags) == (address, flags)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(DATA)))
def test_a_real_file_is_understood_whole_unless_it_is_a_broken_one(path: Path) -> None:
    message = read_queue_file(path.name, path.read_bytes())

    if path.parent.name == "broken":
        return
    assert (message.problems, message.unknown) == ((), ())
    assert message.recipients


def test_what_is_broken_is_named() -> None:
    assert real("broken/qf6AMKGA3b013954").problems == ("The file is empty.",)
    cut_off = "The file is cut off: its last line, a full stop, is missing."
    assert real("broken/qf6AMKGA4A013940").problems == (cut_off,)
    # One of them was lost for its mode alone: its lines are whole.
    assert real("broken/Qf6AMKGALS013933").problems == ()
    after_the_end = real("broken/Qf6AMKGAfk013947")
    assert after_the_end.complete
    assert [problem.partition(": ")[2] for problem in after_the_end.problems] == [
        "something stands after the end: 'Xgarbage line'."
    ]


def test_every_fault_of_a_file_is_named_at_once() -> None:
    message = read_queue_file("qf1", b"V99\nT1_0\n\nNmany\nYwhat\n")

    assert message.problems == (
        "Line 2: '1_0' is no number (created).",
        "Line 3: it is empty.",
        "Line 4: 'many' is no number (tries).",
        "The file is cut off: its last line, a full stop, is missing.",
        "Its version 99 is not known.",
        "The file lacks its time of creation, its sender.",
    )
    assert message.unknown == (("Y", "what"),)


def test_xtext_is_undone_where_it_is_one() -> None:
    assert xtext(b"ao+2Ba+3D+3Dexample.net@x +2b +") == b"ao+a==example.net@x +2b +"


def mutated(raw: bytes, dice: random.Random) -> bytes:
    """Bytes changed, cut, doubled, or lines put elsewhere."""
    changed = bytearray(raw)
    for _ in range(dice.randint(1, 4)):
        at = dice.randrange(len(changed) + 1)
        to = min(len(changed), at + dice.randint(0, 30))
        match dice.randrange(4):
            case 0:
                changed[at:to] = dice.randbytes(to - at)
            case 1:
                del changed[at:to]
            case 2:
                changed[at:at] = changed[at:to]
            case _:
                changed[at:at] = dice.choice([b"\n", b"\0", b"\n\t", b":", b"\nR", b"\nM", b"\xff"])
    return bytes(changed)


def assert_nothing_breaks_it(times: int, seed: int) -> None:
    dice = random.Random(seed)
    small = [(path.name, path.read_bytes()) for path in FILES if path.stat().st_size < 2_000]
    damaged = 0
    for _ in range(times):
        name, raw = dice.choice(small)
        message = read_queue_file(name, mutated(raw, dice))
        assert message.queue_id == name[2:]
        assert message.status.isprintable()
        assert all(recipient.address.isprintable() for recipient in message.recipients)
        damaged += bool(message.problems)
    # The mutations are of use only when they do harm, and not always.
    assert times * 0.1 < damaged < times


def test_no_damage_breaks_the_reading() -> None:
    assert_nothing_breaks_it(MUTATIONS, seed=1)


@pytest.mark.long
@pytest.mark.timeout(900)
def test_no_damage_breaks_the_reading_in_a_million_files() -> None:
    assert_nothing_breaks_it(MANY_MUTATIONS, seed=2)
