"""Only the right agent's report of an open attempt is believed; the others are kept."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from mailadmin.wire.core.blobs import pack
from mailadmin.wire.core.canonical import digest_of
from mailadmin.wire.core.messages import VERSION, Outcome, Report, Role
from mailadmin.wire.core.states import AttemptState
from mailadmin.wire.models import Agent, Attempt, ReceivedReport
from mailadmin.wire.signatures import seal_report
from tests.fixtures.audited import unaudited
from tests.integration.wire.conftest import AgentPlace, Control, registered


@pytest.fixture
def attempt(control: Control, listes: AgentPlace) -> Attempt:
    """An open attempt of the deploy agent of listes; no agent runs."""
    asked = control.ask(listes, "first")
    control.sign()
    asked.refresh_from_db()
    return asked


def answer(to: Attempt, **changes: Any) -> Report:
    assert to.sequence is not None
    report = Report(
        version=VERSION,
        host="listes",
        role=Role.DEPLOY,
        attempt=str(to.pk),
        sequence=to.sequence,
        outcome=Outcome.DONE,
        body={"live": ""},
        blob=None,
        at=1_800_000_000,
    )
    return replace(report, **changes)


def assert_kept_and_ignored(attempt: Attempt, why: str) -> None:
    kept = ReceivedReport.objects.latest("pk")
    assert kept.accepted is False
    assert why in kept.why
    attempt.refresh_from_db()
    assert attempt.state == AttemptState.SENT
    assert Agent.objects.get(host_name="listes", role="deploy").last_seen_at is None


def test_a_good_report_ends_the_attempt(
    control: Control, listes: AgentPlace, attempt: Attempt
) -> None:
    ended = control.record(seal_report(answer(attempt), listes.key))

    assert ended is not None
    assert (ended.pk, ended.done, ended.body) == (attempt.pk, True, {"live": ""})
    agent = Agent.objects.get()
    assert agent.last_seen_at == ended.reported_at
    kept = ReceivedReport.objects.get()
    assert (kept.accepted, kept.attempt_id, kept.agent) == (True, str(attempt.pk), agent)


def test_a_report_that_comes_again_is_kept_and_ignored(
    control: Control, listes: AgentPlace, attempt: Attempt
) -> None:
    envelope = seal_report(answer(attempt), listes.key)
    control.record(envelope)

    assert control.record(envelope) is None
    assert [kept.accepted for kept in ReceivedReport.objects.order_by("pk")] == [True, False]


def test_a_report_signed_by_nobody_we_know_is_ignored(control: Control, attempt: Attempt) -> None:
    assert control.record(seal_report(answer(attempt), Ed25519PrivateKey.generate())) is None

    assert_kept_and_ignored(attempt, "signature")
    assert ReceivedReport.objects.get().agent is None


def test_a_report_signed_by_the_other_roles_key_is_ignored(
    control: Control, attempt: Attempt, agent: Callable[..., AgentPlace]
) -> None:
    spool = registered(agent("listes", Role.SPOOL))

    assert control.record(seal_report(answer(attempt), spool.key)) is None
    assert_kept_and_ignored(attempt, "signature")


def test_an_agent_cannot_answer_for_another(
    control: Control, attempt: Attempt, agent: Callable[..., AgentPlace]
) -> None:
    spool = registered(agent("listes", Role.SPOOL))
    other = registered(agent("other"))

    for place in (spool, other):
        report = answer(attempt, host=place.host, role=place.role)
        assert control.record(seal_report(report, place.key)) is None
        assert_kept_and_ignored(attempt, "no open attempt")


@pytest.mark.parametrize(
    "changes", [{"sequence": 2}, {"attempt": "0b2e4b0e-35b1-4b57-9c5d-6f3a5c8f0001"}]
)
def test_a_report_of_another_sequence_or_attempt_is_ignored(
    control: Control, listes: AgentPlace, attempt: Attempt, changes: dict[str, Any]
) -> None:
    assert control.record(seal_report(answer(attempt, **changes), listes.key)) is None
    assert_kept_and_ignored(attempt, "no open attempt")


def test_a_report_after_the_end_is_ignored(
    control: Control, listes: AgentPlace, attempt: Attempt
) -> None:
    Attempt.objects.update(state="expired")

    assert control.record(seal_report(answer(attempt), listes.key)) is None
    assert Attempt.objects.get().state == AttemptState.EXPIRED


def test_a_report_of_a_host_that_nobody_registered_is_ignored(
    control: Control, listes: AgentPlace, attempt: Attempt
) -> None:
    assert control.record(seal_report(answer(attempt, host="nowhere"), listes.key)) is None
    assert_kept_and_ignored(attempt, "no deploy agent of nowhere is registered")


def test_a_report_of_a_disabled_agent_is_ignored(
    control: Control, listes: AgentPlace, attempt: Attempt
) -> None:
    with unaudited():
        Agent.objects.update(disabled=True)

    assert control.record(seal_report(answer(attempt), listes.key)) is None
    assert_kept_and_ignored(attempt, "is disabled")


@pytest.mark.parametrize("nonsense", ["", "{}", "null", "\0", "x" * 2_000_000, None, 3, ["a"]])
def test_nonsense_is_kept_in_part_and_ignored(
    control: Control, attempt: Attempt, nonsense: Any
) -> None:
    assert control.record(nonsense) is None
    assert_kept_and_ignored(attempt, "envelope")
    assert len(ReceivedReport.objects.get().envelope) <= 4096


def test_a_report_whose_blob_is_gone_waits_for_the_receipt(
    control: Control, listes: AgentPlace, attempt: Attempt
) -> None:
    envelope = seal_report(answer(attempt, blob=digest_of(b"proof")), listes.key)
    assert control.record(envelope) is None
    assert_kept_and_ignored(attempt, "gone from Redis")

    digest = digest_of(b"proof")
    control.transport.put_blob("listes", Role.DEPLOY, digest, pack(b"something else"))
    assert control.record(envelope) is None
    assert_kept_and_ignored(attempt, "damaged")

    control.transport.put_blob("listes", Role.DEPLOY, digest, pack(b"proof"))
    ended = control.record(envelope)
    assert ended is not None
    assert ended.result_bytes() == b"proof"


def test_a_refusal_for_want_of_the_blob_leaves_the_attempt_open(
    control: Control, listes: AgentPlace, attempt: Attempt
) -> None:
    body = {"error": {"code": "blob_unusable", "text": "it is gone", "sequence": 0, "clock": 1}}
    report = answer(attempt, outcome=Outcome.REFUSED, body=body)

    assert control.record(seal_report(report, listes.key)) is None
    assert_kept_and_ignored(attempt, "to be sent again: it is gone")


@pytest.mark.parametrize("own", [-1, 2**53, "9", None, True, 1.5])
def test_an_agent_cannot_give_a_sequence_that_is_none(
    control: Control, listes: AgentPlace, attempt: Attempt, own: Any
) -> None:
    body = {"error": {"code": "lower_sequence", "text": "", "sequence": own}}
    report = answer(attempt, outcome=Outcome.REFUSED, body=body if own != 1.5 else {"error": 1})

    control.record(seal_report(report, listes.key))

    assert Agent.objects.get().last_sequence == 1


def test_a_nul_in_what_a_program_said_does_not_stop_the_report(
    control: Control, listes: AgentPlace, attempt: Attempt
) -> None:
    body = {"error": {"code": "m4_failed", "text": "m4 said \0", "lines": ["\0", 1, None]}}
    report = answer(attempt, outcome=Outcome.FAILED, body=body)

    ended = control.record(seal_report(report, listes.key))

    assert ended is not None
    assert ended.body == {
        "error": {"code": "m4_failed", "text": "m4 said \ufffd", "lines": ["\ufffd", 1, None]}
    }
