"""Runs of the fallback: what starts one, what each slice brings, each way in which one ends."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from mailadmin.people.models import Person
from mailadmin.wire.core.blobs import pack
from mailadmin.wire.core.canonical import digest_of
from mailadmin.wire.core.messages import Role, Verb
from mailadmin.wire.models import Agent, Attempt
from routing.models import HostState, MailHost
from spools.core.health import RelayState
from spools.core.run_kind import RunKind
from spools.core.run_states import RunState
from spools.core.scope import Scope
from spools.models import FlushDestination, FlushReceipt, FlushRun, RelayHealth
from spools.queries.runs import destinations_of, last_proven, receipts_of
from spools.services.errors import NotAllowed
from spools.services.flushes import (
    cancel_run,
    may_flush,
    record_flush,
    request_flushes,
    start_run,
)
from tests.fixtures.audited import unaudited
from tests.integration.control.conftest import Trail

pytestmark = pytest.mark.usefixtures("clock_at_now")
NOW = timezone.now()
RECEIPT = {"step": "end", "code": 250, "text": "250 ok", "host": "mx.orange.fr", "again": False}


def receipt(queue_id: str, recipient: str, fate: str = "sent", **more: object) -> dict[str, Any]:
    return {"queue_id": queue_id, "recipient": recipient, "fate": fate, **RECEIPT, **more}


@pytest.fixture
def run(live: MailHost, claire: Person) -> FlushRun:
    """A run whose first slice is due."""
    return start_run(server=live, scope=Scope(), by=claire, reason="smtp1 is down")


def order() -> Attempt:
    return Attempt.objects.get(verb=Verb.FLUSH, state__in=["due", "sent"])


def report(run: FlushRun, *receipts: dict[str, Any], more: bool = False, **body: Any) -> FlushRun:
    """What the wire does with an agent's report, then what we do."""
    large = {"ways": body.pop("ways", []), "receipts": list(receipts)}
    blob = json.dumps({**large, "left_over": body.pop("left_over", [])}).encode()
    told = {"more": more, "in_doubt": 0, "left": {}, **body}
    attempt = order()
    Attempt.objects.filter(pk=attempt.pk).update(
        state="reported",
        outcome="done",
        body=told,
        result=pack(blob),
        result_digest=digest_of(blob),
        reported_at=NOW,
    )
    record_flush(attempt, NOW)
    record_flush(attempt, NOW)
    run.refresh_from_db()
    return run


def ended(run: FlushRun, state: str, outcome: str = "", **error: str) -> FlushRun:
    """The order comes to nothing."""
    attempt = order()
    Attempt.objects.filter(pk=attempt.pk).update(
        state=state, outcome=outcome, body={"error": error} if error else {}
    )
    request_flushes(NOW)
    run.refresh_from_db()
    return run


def test_a_run_orders_its_first_slice_and_says_who_and_why(
    live: MailHost, claire: Person, trail: Trail
) -> None:
    trail.again()
    scope = Scope.of(domains=["Orange.FR "], excluded=["free.fr"])
    run = start_run(server=live, scope=scope, by=claire, reason=" smtp1 is down ")

    assert (run.number, run.state, run.started_by) == (1, "ordered", claire.full_name)
    attempt = order()
    assert (attempt.agent.role, attempt.arguments["slice"]) == (Role.SPOOL, 1)
    assert attempt.arguments["run"] == run.key.hex
    seen = HostState.objects.get(host=live)
    assert attempt.arguments["release"] == run.release == seen.live
    assert attempt.arguments["domains"] == ["orange.fr"]
    assert attempt.arguments["excluded"] == ["free.fr"]
    assert may_flush(attempt) is None
    event = trail.only()
    assert (event.action, event.actor, event.note) == ("flush.started", "claire", "smtp1 is down")


def test_slices_follow_each_other_and_receipts_are_kept_once(run: FlushRun, trail: Trail) -> None:
    trail.again()
    first = [receipt("q1", "a@orange.fr"), receipt("q2", "b@free.fr", "deferred", code=451)]
    run = report(run, *first, more=True)
    assert (run.state, run.slices, run.messages) == ("running", 1, 2)
    assert order().arguments["slice"] == 2
    shut = {"domain": "free.fr", "way": "closed", "code": 550, "text": "550 5.7.1", "host": "mx"}
    second = [
        receipt("q3", "c@free.fr", "bounced", code=550),
        receipt("q4", "d@free.fr", "untouched"),
    ]
    run = report(run, *second, more=True, ways=[shut], left={"closed": 1})
    assert order().arguments["closed"] == ["free.fr"]
    run = report(run, more=False, left={"closed": 1})

    assert (run.state, run.attempt, run.left) == ("finished", None, {"closed": 1})
    assert (run.sent, run.deferred, run.bounced, run.untouched) == (1, 1, 1, 1)
    assert run.messages == 3
    rows, total = destinations_of(run)
    assert total == 2
    assert [(row.domain, row.shut and row.shut.value, row.bounced) for row in rows] == [
        ("free.fr", "closed", 1),
        ("orange.fr", None, 0),
    ]
    assert [row.recipient for row in receipts_of(run, fate="sent")[0]] == ["a@orange.fr"]
    assert [row.queue_id for row in receipts_of(run, domain="free.fr")[0]] == ["q2", "q3", "q4"]
    assert [row.queue_id for row in receipts_of(run, text="Q3")[0]] == ["q3"]
    assert trail.actions() == ["flush.ended"]


def test_a_recipient_that_is_told_again_has_one_receipt(run: FlushRun) -> None:
    report(run, receipt("q1", "a@orange.fr", "untouched"), more=True)
    run = report(run, receipt("q1", "a@orange.fr"), receipt("q1", "a@orange.fr"))
    assert [(row.fate, row.slice) for row in FlushReceipt.objects.all()] == [("sent", 2)]
    assert (run.sent, run.untouched) == (1, 0)


def test_what_an_earlier_run_had_not_told_is_added_to_it(
    run: FlushRun, live: MailHost, claire: Person
) -> None:
    cancel_run(run=run, by=claire)
    later = start_run(server=live, scope=Scope(), by=claire, reason="again")
    left = [{"run": run.key.hex, "receipts": [receipt("q1", "a@orange.fr")]}]
    report(later, left_over=left)
    assert FlushReceipt.objects.get().run == run


def test_one_run_at_a_time_whoever_asks(run: FlushRun, live: MailHost, claire: Person) -> None:
    with pytest.raises(NotAllowed, match="Run 1 is ordered: one at a time"):
        start_run(server=live, scope=Scope(), by=claire, reason="again")
    copy = FlushRun.objects.get(pk=run.pk)
    copy.pk, copy.number, copy.key = None, 2, digest_key()
    with unaudited(), pytest.raises(IntegrityError), transaction.atomic():
        copy.save(force_insert=True)


def digest_key() -> Any:
    return FlushRun._meta.get_field("key").get_default()


def test_what_speaks_against_a_run_is_told_at_once(listes: MailHost, claire: Person) -> None:
    with unaudited():
        Agent.objects.filter(role=Role.SPOOL).update(disabled=True)
    scope = Scope.of(domains=["a b", "x.fr"], excluded=["x.fr"])
    with pytest.raises(NotAllowed) as refused:
        start_run(server=listes, scope=scope, by=claire, reason=" ")
    assert refused.value.reasons == (
        "'a b' is not a domain.",
        "x.fr is both wanted and excluded.",
        "listes has no spool agent.",
        "listes has no release that was ever confirmed.",
        "Say why: whoever reads the receipts wants to know.",
    )


@pytest.mark.parametrize(
    ("seen", "why"),
    [
        ({"live": "c" * 64}, "runs cccccccc, and the run was to use"),
        ({"live": None}, "It is not known what listes runs"),
        ({"last_good": ""}, "was not confirmed on listes"),
        ({"drift": [{"file": "x", "text": "y"}]}, "not as it was built"),
        ({"deploy_at": NOW - timedelta(hours=1)}, "too long ago"),
    ],
)
def test_only_the_active_and_verified_release_is_used(
    run: FlushRun, live: MailHost, claire: Person, seen: dict[str, Any], why: str
) -> None:
    """Neither started with another nor, at the last moment, signed."""
    HostState.objects.filter(host=live).update(**seen)
    assert why in (may_flush(order()) or "")
    cancel_run(run=run, by=claire)
    with pytest.raises(NotAllowed, match=why):
        start_run(server=live, scope=Scope(), by=claire, reason="x")


def test_what_the_policy_stops_ends_the_run(run: FlushRun, trail: Trail) -> None:
    trail.again()
    run = ended(run, "cancelled", code="not_signed", text="the relay is well again")
    assert (run.state, run.why) == ("stopped", "the relay is well again")
    assert run.ended_at is not None
    assert trail.actions() == ["flush.ended"]


def test_a_relay_that_is_well_again_stops_it_where_that_is_the_rule(
    run: FlushRun, live: MailHost, claire: Person
) -> None:
    health = RelayHealth.objects.create(
        server=live, relay=run.key, name="smtp1", port=25, is_default=True
    )
    for state in RelayState:
        RelayHealth.objects.filter(pk=health.pk).update(state=state)
        assert (may_flush(order()) == "the relay is well again") is (state == RelayState.HEALTHY)
    RelayHealth.objects.update(state=RelayState.HEALTHY, is_default=False)
    assert may_flush(order()) is None
    RelayHealth.objects.update(is_default=True)
    cancel_run(run=run, by=claire)
    start_run(server=live, scope=Scope(), by=claire, reason="x", stop_when_well=False)
    assert may_flush(order()) is None


@pytest.mark.parametrize(
    ("code", "state"),
    [
        ("not_live", "stopped"),
        ("drift", "stopped"),
        ("disk", "failed"),
        ("crashed", "failed"),
        ("unknown_verb", "failed"),
    ],
)
def test_what_the_agent_cannot_do_ends_the_run(run: FlushRun, code: str, state: str) -> None:
    run = ended(run, "reported", "failed", code=code, text="It is so.")
    assert (run.state, run.why) == (state, "It is so.")


def test_an_agent_that_is_away_is_asked_three_times(run: FlushRun) -> None:
    for tries in (1, 2):
        run = ended(run, "expired")
        assert (run.state, run.tries) == ("ordered", tries)
        assert order().arguments["slice"] == 1
    run = ended(run, "expired")
    assert (run.state, "does not answer" in run.why) == ("stopped", True)


def test_an_answer_sets_the_count_of_tries_back(run: FlushRun) -> None:
    ended(run, "expired")
    run = report(run, more=True)
    assert (run.state, run.tries) == ("running", 0)


def test_cancelled_before_it_is_signed_nothing_is_sent(
    run: FlushRun, claire: Person, trail: Trail
) -> None:
    trail.again()
    cancel_run(run=run, by=claire, reason="a mistake")
    run.refresh_from_db()
    assert (run.state, run.attempt) == ("cancelled", None)
    assert not Attempt.objects.filter(verb=Verb.FLUSH, state="due").exists()
    cancel_run(run=run, by=claire)
    request_flushes(NOW)
    assert trail.actions() == ["flush.cancelled", "flush.ended"]


def test_cancelled_while_a_slice_is_out_its_receipts_are_kept(
    run: FlushRun, claire: Person
) -> None:
    attempt = order()
    with unaudited():
        Attempt.objects.filter(pk=attempt.pk).update(state="sent", sequence=99)
    cancel_run(run=run, by=claire)
    run.refresh_from_db()
    assert (run.state, run.attempt) == ("cancelling", attempt)
    assert may_flush(attempt) == "nobody waits for this slice any more"
    request_flushes(NOW)
    run = report(run, receipt("q1", "a@orange.fr"), more=True)
    assert (run.state, run.sent) == ("cancelled", 1)


def test_cancelled_and_never_heard_of_it_says_so(run: FlushRun, claire: Person) -> None:
    with unaudited():
        Attempt.objects.filter(pk=order().pk).update(state="sent", sequence=99)
    cancel_run(run=run, by=claire)
    run = ended(run, "expired")
    assert (run.state, "was not heard of" in run.why) == ("cancelled", True)


@pytest.mark.parametrize(
    "spoiled",
    [
        {"receipts": [{}]},
        {"receipts": [receipt("q", "r", "eaten")]},
        {"receipts": [receipt("q", "r", code=-1)]},
        {"ways": [{"domain": 3, "way": "open"}]},
        {"left_over": [{"run": "x", "receipts": []}]},
        {"left": {"closed": "1"}},
        {"left": []},
    ],
)
def test_a_report_of_another_shape_fails_the_run_and_keeps_nothing(
    run: FlushRun, spoiled: dict[str, Any]
) -> None:
    receipts = spoiled.pop("receipts", [])
    run = report(run, *receipts, **spoiled)
    assert (run.state, "cannot be read" in run.why) == ("failed", True)
    assert not FlushReceipt.objects.exists()
    assert not FlushDestination.objects.exists()


def test_text_of_receivers_is_bounded_and_has_no_nul(run: FlushRun) -> None:
    report(run, receipt("q1", "a\0b@orange.fr", text="x\0" + "y" * 9999))
    row = FlushReceipt.objects.get()
    assert (row.recipient, len(row.text)) == ("ab@orange.fr", 400)


def test_two_sweeps_at_once_order_one_slice(run: FlushRun) -> None:
    report(run, more=True)
    attempt = order()
    FlushRun.objects.update(attempt=None)
    Attempt.objects.filter(pk=attempt.pk).delete()
    request_flushes(NOW)
    request_flushes(NOW)
    assert Attempt.objects.filter(verb=Verb.FLUSH, state="due").count() == 1


def test_a_server_that_was_retired_gets_no_slice(run: FlushRun) -> None:
    with unaudited():
        MailHost.objects.filter(pk=run.server_id).update(retired_at=NOW)
    assert may_flush(order()) == "listes was retired"


def test_every_open_state_is_one_that_ends() -> None:
    assert {state.value for state in RunState} >= {"finished", "cancelled", "stopped", "failed"}


def test_a_retry_is_a_run_by_the_table_and_no_word_about_the_fallback(
    live: MailHost, claire: Person, trail: Trail
) -> None:
    trail.again()
    retried = start_run(
        server=live, scope=Scope(), by=claire, reason="smtp1 is back", kind=RunKind.RETRY
    )
    assert not retried.stop_when_well
    (attempt,) = Attempt.objects.filter(state="due")
    assert (attempt.verb, attempt.arguments["run"]) == (Verb.RETRY, retried.key.hex)
    assert trail.only().action == "retry.started"
    with unaudited():
        FlushRun.objects.update(sent=3)
        FlushReceipt.objects.create(
            run=retried, slice=1, queue_id="q1", recipient="a@b.example", fate="sent", at=NOW
        )
    assert last_proven(live) is None
    with pytest.raises(NotAllowed, match="one at a time"):
        start_run(server=live, scope=Scope(), by=claire, reason="smtp1 is down")


def test_a_relay_that_is_well_is_no_reason_to_end_a_retry(live: MailHost, claire: Person) -> None:
    start_run(server=live, scope=Scope(), by=claire, reason="x", kind=RunKind.RETRY)
    RelayHealth.objects.create(
        server=live, relay=live.pk, name="smtp1", port=25, is_default=True, state="healthy"
    )
    (attempt,) = Attempt.objects.filter(verb=Verb.RETRY)
    assert may_flush(attempt) is None
