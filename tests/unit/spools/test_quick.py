"""The quick way to the facts of a control file says what `read_queue_file` says, or nothing."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from spools.core.facts import facts_of
from spools.core.queue_file import read_queue_file
from spools.core.quick import quick_facts
from tests.fixtures.queue_files import messages
from tests.unit.spools.test_queue_file import FILES, mutated

WRITTEN = [(f"qf{identity}", raw) for identity, raw in messages(200)]
CASES = [(path.name, path.read_bytes()) for path in FILES]


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_the_corpus_has_the_same_facts_both_ways(path: Path) -> None:
    raw = path.read_bytes()
    assert quick_facts(raw) in (None, facts_of(read_queue_file("qf1", raw)))


def test_what_sendmail_writes_mostly_goes_the_quick_way() -> None:
    waiting = [raw for name, raw in [*CASES, *WRITTEN] if name.startswith("qf")]
    assert sum(quick_facts(raw) is not None for raw in waiting) > 0.95 * len(waiting)


@pytest.mark.parametrize(
    "lines",
    [
        b"RPFD:a@x.example",
        b"RPFD:A@X.Example.",
        b'RPFD:"a@b"@x.example',
        b"RPFD:<@relay.example:a@x.example>",
        b"RPFD:postmaster",
        b"RPFD:a\xff@x\xfe.example",
        b"RPFD:a@" + b"x" * 400,
        b"Ra@x.example",
        b"RPFD:a@x.example\nMown answer\nRPFD:b@x.example",
        b"RPFD:a@x.example\n\tcontinued",
        b"RPFD:a@x.example\nT5",
        b"RPFD:a@x.example\nrRFC822; b@y.example",
        b"Ca:b\nrRFC822; a@x.example\nRPFD:a@x.example",
    ],
)
@pytest.mark.parametrize("end", [b".\n", b"", b".\nT7\n", b"\n.\n", b"Xodd\n.\n"])
def test_recipients_of_any_kind_have_the_same_facts_both_ways(lines: bytes, end: bytes) -> None:
    begin = b"V8\nT17\nK18\nN1\nP9\nMlast answer\nFs\n$_x\nSo@x.example\n"
    raw = begin + lines + b"\nH??Subject: a\n\tb\n" + end
    assert quick_facts(raw) in (None, facts_of(read_queue_file("qf1", raw)))


def assert_they_agree(times: int, seed: int) -> None:
    dice = random.Random(seed)
    small = [case for case in [*CASES, *WRITTEN] if len(case[1]) < 2_000]
    quick = 0
    for _ in range(times):
        raw = mutated(dice.choice(small)[1], dice)
        facts = quick_facts(raw)
        quick += facts is not None
        assert facts is None or facts == facts_of(read_queue_file("qf1", raw)), raw
    # Of use only when some go the quick way in spite of the damage, and some do not.
    assert times * 0.05 < quick < times * 0.95


def test_damaged_files_have_the_same_facts_both_ways() -> None:
    assert_they_agree(10_000, seed=3)


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_a_million_damaged_files_have_the_same_facts_both_ways() -> None:
    assert_they_agree(1_000_000, seed=4)
