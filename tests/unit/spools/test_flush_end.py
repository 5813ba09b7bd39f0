"""What is read of a sendmail that was killed: an answer of before it began is no answer to it."""

from __future__ import annotations

import random
import re
import time
from pathlib import Path

import pytest

from spools.agent.flush_book import Begun, Book
from spools.agent.flush_slice import end_one
from spools.agent.waiting import candidates, find_queue_files
from spools.core.receipts import Fate
from tests.fixtures.queue_files import queue_file

ID = "6ASIckDa020207"
ANSWER = "Deferred: Connection refused by smtp1.example.org."


@pytest.fixture
def spool(tmp_path: Path) -> Path:
    """One message, tried once, in this second."""
    place = tmp_path / "spool"
    place.mkdir()
    (place / f"df{ID}").write_text("Hello.\n")
    write(place, tries=1)
    return place


def write(spool: Path, *, tries: int) -> None:
    """As a try that came to nothing leaves it."""
    raw = queue_file(ID, random.Random(1), answer=ANSWER)
    raw = re.sub(rb"(?m)^K\d+$", b"K%d" % (time.time() + 60), raw)
    (spool / f"qf{ID}").write_bytes(re.sub(rb"(?m)^N\d+$", b"N%d" % tries, raw))


def begun(spool: Path, state: Path) -> tuple[Book, Begun]:
    """What an agent that was killed wrote down: its sendmail had connected, and printed no more."""
    (waiting,) = candidates(find_queue_files(spool), ())
    assert waiting.tries == 1
    number = Book.open(state).begin([waiting])
    book = Book.open(state)
    book.output(number).write_text(f"\nRunning {spool}/{ID} (sequence 1 of 1)\n")
    return book, book.begun[number]


def test_what_was_answered_before_is_tried_again(spool: Path, tmp_path: Path) -> None:
    book, killed = begun(spool, tmp_path / "run")

    assert end_one(book, killed, find_queue_files(spool), cut=True) == []

    assert (book.over, book.back) == (set(), {ID})


def test_what_was_answered_since_is_a_receipt(spool: Path, tmp_path: Path) -> None:
    book, killed = begun(spool, tmp_path / "run")
    write(spool, tries=2)

    receipts = end_one(book, killed, find_queue_files(spool), cut=True)

    assert {(receipt.fate, receipt.text) for receipt in receipts} == {(Fate.DEFERRED, ANSWER)}
    assert (book.over, book.back) == ({ID}, set())


def test_where_no_tries_were_written_down_the_time_decides(spool: Path, tmp_path: Path) -> None:
    """By an agent of before."""
    book, killed = begun(spool, tmp_path / "run")
    killed.tries.clear()

    assert end_one(book, killed, find_queue_files(spool), cut=True) != []
