"""The agent's decision, for every combination of sequence, content, receipt and clock."""

import itertools

import pytest

from mailadmin.wire.core.messages import Role
from mailadmin.wire.core.sequence import Act, Known, Refusal, Refuse, decide
from tests.unit.wire.messages import NOW, order

SAME, OTHER = "s" * 64, "o" * 64
LAST = 7

BOTH = (True, False)
Case = tuple[int, bool, bool, bool]

# (sequence, same content, receipt, expired) → what the agent does
EXPECTED: dict[Case, Act | Refusal] = {
    **{(6, s, r, e): Refusal.LOWER_SEQUENCE for s in BOTH for r in BOTH for e in BOTH},
    **{(7, False, r, e): Refusal.OTHER_CONTENT for r in BOTH for e in BOTH},
    (7, True, True, False): Act.RETURN_RECEIPT,
    (7, True, True, True): Act.RETURN_RECEIPT,
    (7, True, False, False): Act.RUN_AGAIN,
    (7, True, False, True): Refusal.EXPIRED,
    **{(8, s, r, False): Act.RUN for s in BOTH for r in BOTH},
    **{(8, s, r, True): Refusal.EXPIRED for s in BOTH for r in BOTH},
}


def test_the_table_is_complete() -> None:
    assert set(EXPECTED) == set(itertools.product([6, 7, 8], BOTH, BOTH, BOTH))


@pytest.mark.parametrize("case", EXPECTED)
def test_every_case_is_decided_as_the_table_says(case: Case) -> None:
    sequence, same, receipt, expired = case

    decision = decide(
        order(sequence=sequence, not_after=NOW - 1 if expired else NOW),
        SAME if same else OTHER,
        host="listes",
        role=Role.DEPLOY,
        known=Known(LAST, SAME, receipt),
        clock=NOW,
    )

    found = decision.code if isinstance(decision, Refuse) else decision
    assert found == EXPECTED[case]


@pytest.mark.parametrize(
    ("host", "role"), [("other", Role.DEPLOY), ("listes", Role.SPOOL), ("other", Role.SPOOL)]
)
@pytest.mark.parametrize("sequence", [6, 7, 8])
def test_an_order_for_somebody_else_is_refused_first(host: str, role: Role, sequence: int) -> None:
    decision = decide(
        order(sequence=sequence),
        SAME,
        host=host,
        role=role,
        known=Known(LAST, SAME, has_receipt=True),
        clock=NOW,
    )

    assert isinstance(decision, Refuse)
    assert decision.code == Refusal.OTHER_HOST


def test_a_new_agent_takes_any_first_order() -> None:
    assert (
        decide(order(sequence=1), SAME, host="listes", role=Role.DEPLOY, known=Known(), clock=NOW)
        == Act.RUN
    )


def test_a_refusal_tells_the_agents_own_sequence_and_clock() -> None:
    decision = decide(
        order(sequence=3),
        SAME,
        host="listes",
        role=Role.DEPLOY,
        known=Known(9, OTHER, True),
        clock=NOW,
    )

    assert isinstance(decision, Refuse)
    error = decision.body()["error"]
    assert error == {
        "code": "lower_sequence",
        "text": "sequence 3 is below the last one, 9",
        "sequence": 9,
        "clock": NOW,
    }
