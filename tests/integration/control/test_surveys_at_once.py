"""Two control workers at the same moment: one order, and one answer kept."""

from __future__ import annotations

import pytest
from django.utils import timezone

from mailadmin.wire.core.messages import Verb
from mailadmin.wire.models import Attempt
from routing.models import MailHost, SurveyedName, SurveyedServer
from routing.services.surveys import record_survey, request_surveys
from tests.fixtures.reported import reported
from tests.fixtures.surveyed import accepted, blob_of, robots, survey_order
from tests.integration.at_once import at_once
from tests.integration.pages import world

TRIES = 4
NOW = timezone.now()


@pytest.fixture
def host(transactional_db: None) -> MailHost:
    """A list server that other connections see."""
    del transactional_db
    return world.list_server()


@pytest.mark.parametrize("attempt", range(TRIES))
def test_two_sweeps_ask_once(host: MailHost, attempt: int) -> None:
    assert at_once(*[lambda: request_surveys(NOW)] * 2) == ["done", "done"]
    assert Attempt.objects.filter(verb=Verb.SURVEY).count() == 1


@pytest.mark.parametrize("attempt", range(TRIES))
def test_two_workers_keep_one_answer_once(host: MailHost, attempt: int) -> None:
    request_surveys(NOW)
    names = [f"r{number}.example" for number in range(50)]
    told = blob_of(robots(*names), accepted(*names))
    asked = reported(survey_order(host), {}, told, at=NOW)
    both = [lambda: record_survey(asked, NOW), lambda: request_surveys(NOW)]
    assert at_once(*both) == ["done", "done"]
    assert SurveyedName.objects.count() == 100
    assert SurveyedServer.objects.get().tries == 0
