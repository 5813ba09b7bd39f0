"""Telemetry goes after its time; what belongs to a push stays."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from mailadmin.audit.services import SETUP
from mailadmin.wire.core.messages import Role, Verb
from mailadmin.wire.keys import public_text
from mailadmin.wire.models import Attempt, ReceivedReport
from mailadmin.wire.services import forget_old, forgetting, register_agent, request
from tests.integration.wire.conftest import AgentPlace, Control


def test_old_observations_and_reports_go(control: Control, listes: AgentPlace) -> None:
    old, young = control.ask(listes, "old"), control.ask(listes, "young")
    stage = request(host="listes", role=Role.DEPLOY, verb=Verb.STAGE, arguments={}, lifetime_s=600)
    now = control.now()
    Attempt.objects.update(state="expired", ended_at=now - timedelta(days=30))
    Attempt.objects.filter(pk=young.pk).update(ended_at=now - timedelta(hours=1))
    due = control.ask(listes, "due")
    control.record("nonsense")
    ReceivedReport.objects.update(received_at=now - timedelta(days=8))
    control.record("nonsense of today")

    assert forget_old(now=now) == 2

    left = set(Attempt.objects.values_list("pk", flat=True))
    assert left == {young.pk, stage.pk, due.pk}
    assert old.pk not in left
    assert ReceivedReport.objects.get().envelope == "nonsense of today"


def test_scans_and_their_reports_go_after_an_hour_and_others_stay(
    control: Control, listes: AgentPlace, agent: Callable[..., AgentPlace]
) -> None:
    spool = agent("listes", Role.SPOOL)
    register_agent(
        host="listes", role=Role.SPOOL, public_key=public_text(spool.key.public_key()), by=SETUP
    )
    now, told = control.now(), {"accepted": True, "envelope": "x"}
    scan = request(host="listes", role=Role.SPOOL, verb=Verb.SCAN, arguments={}, lifetime_s=60)
    look = control.ask(listes, "look")
    Attempt.objects.update(state="reported", ended_at=now - timedelta(minutes=61))
    for verb in ("scan", "observe"):
        ReceivedReport.objects.create(verb=verb, received_at=now - timedelta(minutes=61), **told)

    assert forget_old(now=now - timedelta(minutes=2)) == 0
    assert forget_old(now=now) == 2

    assert list(Attempt.objects.values_list("pk", flat=True)) == [look.pk] != [scan.pk]
    assert ReceivedReport.objects.get().verb == "observe"


def test_a_report_is_kept_with_the_verb_that_it_answers(
    control: Control, listes: AgentPlace
) -> None:
    listes.start()
    control.ask(listes, "one")
    control.sign()
    for envelope in control.wait_for_reports(1):
        control.record(envelope)
    assert ReceivedReport.objects.get().verb == "observe"


def test_much_goes_in_slices(
    control: Control, listes: AgentPlace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forgetting, "SLICE", 2)
    for _ in range(5):
        control.record("nonsense")
    later = control.now() + timedelta(days=8)

    assert [forget_old(now=later) for _ in range(4)] == [2, 2, 1, 0]
