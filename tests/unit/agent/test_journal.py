"""The journal remembers the last order, through restarts, and lets one order run at a time."""

import threading
from pathlib import Path

import pytest

from mailadmin.agent.journal import Journal, JournalError, Receipt
from mailadmin.wire.core.sequence import Known
from tests.unit.wire.messages import NOW, order

DIGEST = "d" * 64


def known(journal: Journal) -> Known:
    with journal.held() as held:
        return held.known()


def test_a_new_journal_knows_nothing(tmp_path: Path) -> None:
    assert known(Journal(tmp_path)) == Known(0, None, False)


def test_a_begun_order_is_remembered_without_a_receipt(tmp_path: Path) -> None:
    with Journal(tmp_path).held() as held:
        held.begin(order(sequence=7), DIGEST, NOW)
        assert held.receipt() is None

    assert known(Journal(tmp_path)) == Known(7, DIGEST, has_receipt=False)


def test_a_receipt_comes_back_with_its_blob(tmp_path: Path) -> None:
    receipt = Receipt("envelope", "b" * 64, b"packed")
    with Journal(tmp_path).held() as held:
        held.begin(order(sequence=7), DIGEST, NOW)
        held.finish(order(sequence=7), receipt)

    with Journal(tmp_path).held() as held:
        assert held.known() == Known(7, DIGEST, has_receipt=True)
        assert held.receipt() == receipt


def test_the_next_order_replaces_the_last(tmp_path: Path) -> None:
    with Journal(tmp_path).held() as held:
        held.begin(order(sequence=7), DIGEST, NOW)
        held.finish(order(sequence=7), Receipt("envelope"))
        held.begin(order(sequence=8), "e" * 64, NOW)

        assert held.known() == Known(8, "e" * 64, has_receipt=False)
        assert held.receipt() is None


def test_who_comes_second_waits(tmp_path: Path) -> None:
    journal, happened = Journal(tmp_path), list[str]()
    entered, leave = threading.Event(), threading.Event()

    def first() -> None:
        with journal.held():
            happened.append("first in")
            entered.set()
            leave.wait(10)
            happened.append("first out")

    def second() -> None:
        entered.wait(10)
        with journal.held():
            happened.append("second in")

    threads = [threading.Thread(target=first), threading.Thread(target=second)]
    for thread in threads:
        thread.start()
    entered.wait(10)
    threads[1].join(0.2)
    leave.set()
    for thread in threads:
        thread.join(10)

    assert happened == ["first in", "first out", "second in"]


def test_the_lock_is_given_back_after_an_error(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    with pytest.raises(RuntimeError), journal.held():
        raise RuntimeError

    assert known(journal) == Known()


def test_nobody_else_may_read_it(tmp_path: Path) -> None:
    known(Journal(tmp_path))

    assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {0o600}


def test_a_broken_journal_is_an_error_with_its_place(tmp_path: Path) -> None:
    (tmp_path / "journal.sqlite3").write_bytes(b"not a database" * 100)

    with pytest.raises(JournalError, match=r"journal\.sqlite3.*see that the disk has room"):
        known(Journal(tmp_path))


def test_a_missing_directory_is_an_error_with_its_place(tmp_path: Path) -> None:
    with pytest.raises(JournalError, match="lock"):
        known(Journal(tmp_path / "missing"))
