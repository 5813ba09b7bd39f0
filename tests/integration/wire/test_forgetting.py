"""Telemetry goes after its time; what belongs to a push stays."""

from datetime import timedelta

import pytest

from mailadmin.wire.core.messages import Role, Verb
from mailadmin.wire.models import Attempt, ReceivedReport
from mailadmin.wire.services import forget_old, forgetting, request
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


def test_much_goes_in_slices(
    control: Control, listes: AgentPlace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forgetting, "SLICE", 2)
    for _ in range(5):
        control.record("nonsense")
    later = control.now() + timedelta(days=8)

    assert [forget_old(now=later) for _ in range(4)] == [2, 2, 1, 0]
