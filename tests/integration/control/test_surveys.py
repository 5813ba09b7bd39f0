"""Surveys of list servers: who is asked when, what is believed, and what it makes of the rows."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from mailadmin.people.models import Person
from mailadmin.tick import HANDLERS, may_sign, settle
from mailadmin.wire.core.messages import Role, Verb
from mailadmin.wire.models import Agent, Attempt
from mailadmin.wire.services import cancel
from routing.core.survey import Subject
from routing.models import MailHost, RcptCheck, Source, Survey, SurveyedName, SurveyedServer
from routing.queries.surveys import read_surveys
from routing.services.rcpt import ask_now, request_rcpt, watch_domains
from routing.services.surveys import keep_survey, record_survey, request_surveys, survey_now
from tests.fixtures.audited import unaudited
from tests.fixtures.reported import reported
from tests.fixtures.surveyed import (
    UNNAMED,
    accepted,
    blob_of,
    robots,
    survey_order,
    surveyed,
)
from tests.integration.pages import world

pytestmark = pytest.mark.usefixtures("clock_at_now")
NOW = timezone.now().replace(microsecond=0)
HOUR = timedelta(hours=1)


def names(subject: Subject) -> set[str]:
    rows = SurveyedName.objects.filter(survey__subject=subject)
    return set(rows.values_list("name", flat=True))


def row() -> SurveyedServer:
    return SurveyedServer.objects.get()


def failed(code: str, text: str = "It broke.", *, at: datetime = NOW) -> SurveyedServer:
    """The agent answers what is due with an error."""
    body: dict[str, Any] = {"error": {"code": code, "text": text}}
    attempt = reported(
        Attempt.objects.get(verb=Verb.SURVEY, state="due"), body, at=at, outcome="failed"
    )
    record_survey(attempt, at)
    return row()


def test_one_order_an_hour_to_the_spool_agent(listes: MailHost) -> None:
    request_surveys(NOW)
    request_surveys(NOW)
    asked = survey_order(listes)
    assert (asked.agent.role, asked.arguments, asked.payload) == (Role.SPOOL, {}, None)
    assert may_sign(asked) is None
    assert Verb.SURVEY in HANDLERS

    reported(asked, {}, blob_of(robots("jres.org"), accepted("jres.org")), at=NOW)
    settle(asked)
    assert (row().attempt, row().tries, row().error, row().answered_at) == (None, 0, "", NOW)
    assert abs(row().due_at - timezone.now() - HOUR) <= HOUR / 10 + timedelta(seconds=5)
    request_surveys(NOW + HOUR * 0.8)
    assert not Attempt.objects.filter(verb=Verb.SURVEY, state="due").exists()
    request_surveys(NOW + HOUR * 1.2)
    assert survey_order(listes).pk != asked.pk


def test_servers_are_not_asked_in_the_same_second(listes: MailHost) -> None:
    due = {surveyed(listes, robots(), accepted(), at=NOW).due_at for _ in range(5)}
    assert len(due) > 1


def test_a_clock_that_was_set_back_stops_nothing(listes: MailHost) -> None:
    surveyed(listes, robots(), accepted(), at=NOW)
    request_surveys(NOW - 3 * HOUR)
    assert survey_order(listes).agent.host_name == "listes"


@pytest.mark.parametrize("gone", ["retired", "disabled", "no agent"])
def test_nobody_asks_a_host_that_is_out_of_service(listes: MailHost, gone: str) -> None:
    with unaudited():
        if gone == "retired":
            MailHost.objects.update(retired_at=NOW)
        elif gone == "disabled":
            Agent.objects.update(disabled=True)
        else:
            Agent.objects.all().delete()
    request_surveys(NOW)
    assert not Attempt.objects.exists()


def test_an_order_that_nobody_waits_for_is_not_signed(listes: MailHost) -> None:
    request_surveys(NOW)
    asked = survey_order(listes)
    with unaudited():
        MailHost.objects.update(retired_at=NOW)
    assert may_sign(asked) == "nobody waits for this survey any more"
    with unaudited():
        MailHost.objects.update(retired_at=None)
    SurveyedServer.objects.update(attempt=None)
    assert may_sign(asked) == "nobody waits for this survey any more"


def test_what_the_agent_tells_takes_the_place_of_what_an_import_told(listes: MailHost) -> None:
    for subject in Subject:
        keep_survey(
            server=listes,
            subject=subject,
            source=Source.IMPORT,
            names=["old.example", "jres.org"],
            is_whole=False,
            now=NOW - HOUR,
        )
    surveyed(listes, robots("jres.org", "conf.org"), accepted("jres.org"), at=NOW)
    assert names(Subject.ROBOTS) == {"jres.org", "conf.org"}
    assert names(Subject.ACCEPTED) == {"jres.org"}
    for survey in Survey.objects.all():
        assert (survey.source, survey.is_whole, survey.told_at) == (Source.AGENT, True, NOW)
    assert row().places == {
        "robots": ["/etc/sympa"],
        "accepted": ["/etc/mail/local-host-names"],
    }


def test_the_same_again_writes_no_name(listes: MailHost) -> None:
    told = robots("jres.org", "conf.org"), accepted("jres.org")
    surveyed(listes, *told, at=NOW)
    before = set(SurveyedName.objects.values_list("pk", flat=True))
    with CaptureQueriesContext(connection) as seen:
        surveyed(listes, *told, at=NOW + HOUR)
    assert set(SurveyedName.objects.values_list("pk", flat=True)) == before
    about = [q["sql"] for q in seen if '"routing_surveyedname"' in q["sql"]]
    assert about
    assert not [sql for sql in about if sql.startswith(("INSERT", "DELETE"))]
    assert {survey.told_at for survey in Survey.objects.all()} == {NOW + HOUR}


def test_what_was_not_read_as_a_whole_is_kept_with_the_reason(listes: MailHost) -> None:
    found = robots("jres.org", troubles=("/etc/sympa/x.org cannot be read: Permission denied.",))
    surveyed(listes, found, accepted("jres.org"), at=NOW)
    survey = Survey.objects.get(subject=Subject.ROBOTS)
    assert not survey.is_whole
    assert survey.trouble == "/etc/sympa/x.org cannot be read: Permission denied."


def test_a_host_whose_file_names_nothing_keeps_what_the_import_told(listes: MailHost) -> None:
    keep_survey(
        server=listes,
        subject=Subject.ROBOTS,
        source=Source.IMPORT,
        names=["jres.org"],
        is_whole=True,
        now=NOW - HOUR,
    )
    surveyed(listes, UNNAMED, UNNAMED, at=NOW)
    assert Survey.objects.get().source == Source.IMPORT
    known = read_surveys([listes]).of("listes", Subject.ROBOTS)
    assert 'write existing_robots = "/etc/sympa" there' in known.silence
    assert known.places == ()
    silence = read_surveys([listes]).of("listes", Subject.ACCEPTED).silence
    assert 'write mta_local_names = ["/etc/mail/local-host-names"] there' in silence


def test_what_is_below_a_relayed_domain_is_taken(live: MailHost, claire: Person) -> None:
    world.add_domain(live, "conf.renater.fr", claire)
    told = accepted("jres.org", below=("renater.fr",))
    surveyed(live, robots("lists.renater.fr", "other.example"), told, at=NOW)
    assert names(Subject.ACCEPTED) == {"jres.org", "conf.renater.fr", "lists.renater.fr"}
    world.add_domain(live, "new.renater.fr", claire)
    surveyed(live, robots("lists.renater.fr"), told, at=NOW + HOUR)
    assert "new.renater.fr" in names(Subject.ACCEPTED)


def test_what_cannot_be_believed_changes_nothing(listes: MailHost) -> None:
    surveyed(listes, robots("jres.org"), accepted("jres.org"), at=NOW)
    for blob in (None, b"", b"{", b"[]", b'{"robots": {}, "accepted": {}}'):
        SurveyedServer.objects.update(due_at=NOW, asked_at=None)
        request_surveys(NOW)
        record_survey(reported(survey_order(listes), {}, blob, at=NOW), NOW)
        assert row().error.startswith("What listes sent cannot be read: ")
        assert row().attempt is None
    assert names(Subject.ROBOTS) == {"jres.org"}
    assert row().tries == 5
    assert read_surveys([listes]).of("listes", Subject.ROBOTS).silence == row().error


def test_a_failure_is_tried_again_sooner_at_first_and_never_more_than_hourly(
    listes: MailHost,
) -> None:
    at, pauses = NOW, []
    for _ in range(9):
        request_surveys(at)
        found = failed("crashed", at=at)
        assert (found.error, found.error_at) == ("It broke.", NOW)
        pauses.append(found.due_at - at)
        at = found.due_at
    assert pauses[:3] == [timedelta(minutes=1), timedelta(minutes=2), timedelta(minutes=4)]
    assert pauses[-1] == HOUR
    found = surveyed(listes, robots(), accepted(), at=at)
    assert (found.error, found.error_at, found.tries) == ("", None, 0)


def test_an_agent_of_before_says_that_it_is_too_old(listes: MailHost) -> None:
    request_surveys(NOW)
    said = "The spool agent of listes is too old to tell: bring it up to this version."
    assert failed("unknown_verb").error == said


def test_an_order_that_died_unheard_is_applied_by_the_next_sweep(listes: MailHost) -> None:
    request_surveys(NOW)
    cancel(attempt=survey_order(listes), why="the agent is disabled", now=NOW)
    request_surveys(NOW)
    assert row().attempt is None
    assert "the agent is disabled" in row().error
    assert row().due_at == NOW + timedelta(minutes=1)


def test_looked_at_by_hand_it_is_due_at_once_but_not_all_the_time(listes: MailHost) -> None:
    at = NOW - timedelta(minutes=1)
    surveyed(listes, robots(), accepted(), at=at)
    assert not read_surveys([listes]).asked
    for second in (5, 6, 9):
        survey_now(server=listes, now=at + timedelta(seconds=second))
        assert row().due_at == at + timedelta(seconds=10)
    assert read_surveys([listes]).asked == {"listes"}
    request_surveys(at + timedelta(seconds=9))
    assert not Attempt.objects.filter(verb=Verb.SURVEY, state="due").exists()
    request_surveys(at + timedelta(seconds=10))
    assert survey_order(listes).agent.host_name == "listes"


def test_who_looks_while_an_order_is_out_gets_another_one(listes: MailHost) -> None:
    request_surveys(NOW)
    first = survey_order(listes)
    survey_now(server=listes, now=NOW + timedelta(seconds=20))
    record_survey(
        reported(first, {}, blob_of(robots(), accepted()), at=NOW), NOW + timedelta(seconds=30)
    )
    assert row().due_at == NOW + timedelta(seconds=20)
    request_surveys(NOW + timedelta(seconds=30))
    assert survey_order(listes).pk != first.pk


def test_whoever_looks_at_a_domain_has_its_server_surveyed(live: MailHost, claire: Person) -> None:
    surveyed(live, robots(), accepted(), at=NOW - HOUR / 2)
    world.add_domain(live, "conf.renater.fr", claire)
    ask_now(server=live, domain="conf.renater.fr", now=NOW)
    assert row().due_at == NOW


def test_a_new_domain_without_a_robot_is_looked_for_as_often_as_its_mta_is_asked(
    live: MailHost, claire: Person
) -> None:
    world.add_domain(live, "conf.renater.fr", claire)
    surveyed(live, robots("jres.org"), accepted(), at=NOW - HOUR / 2)
    watch_domains(server=live, domains=["conf.renater.fr"], now=NOW)
    request_rcpt(now=NOW)
    assert row().due_at == NOW

    surveyed(live, robots("conf.renater.fr"), accepted(), at=NOW)
    RcptCheck.objects.update(attempt=None, due_at=NOW)
    Attempt.objects.filter(verb=Verb.ASK_RCPT).delete()
    request_rcpt(now=NOW)
    assert row().due_at > NOW


@pytest.mark.parametrize(
    ("stranger_text", "told", "is_whole", "is_asked"),
    [
        ("5.1.1 User unknown", ["other.example"], True, True),
        ("5.1.1 User unknown", ["other.example"], False, False),
        ("5.1.1 User unknown", ["jres.org"], True, False),
        ("5.7.1 Relaying denied", ["jres.org"], True, True),
        ("5.7.1 Relaying denied", ["jres.org"], False, True),
        ("5.7.1 Relaying denied", ["other.example"], True, False),
    ],
)
def test_an_mta_that_said_otherwise_than_its_files_do_now_is_asked_again(
    live: MailHost, stranger_text: str, told: list[str], is_whole: bool, is_asked: bool
) -> None:
    watch_domains(server=live, domains=["jres.org"], now=NOW - 2 * HOUR)
    RcptCheck.objects.update(
        due_at=None,
        answered_at=NOW - HOUR,
        stranger="refused",
        stranger_code=550,
        stranger_text=stranger_text,
    )
    troubles = () if is_whole else ("x",)
    surveyed(live, robots(), accepted(*told, troubles=troubles), at=NOW)
    assert RcptCheck.objects.get().due_at == (NOW if is_asked else None)
