"""What a list server has beside our tables: asked for every hour, and kept with its date."""

from __future__ import annotations

import json
import logging
import random
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from mailadmin.wire.core.messages import Role, Verb
from mailadmin.wire.models import Agent, Attempt
from mailadmin.wire.services import NoSuchAgent, request
from mailadmin.wire.services.waiting import ended_unheard
from routing.core.facts import HostKind
from routing.core.intent import ObjectKind
from routing.core.rcpt import BY_POLICY, Verdict
from routing.core.survey import (
    LATELY,
    Found,
    Subject,
    Unbelievable,
    covered,
    survey_from_json,
)
from routing.models import (
    MailHost,
    RcptCheck,
    RoutingObject,
    Source,
    Survey,
    SurveyedName,
    SurveyedServer,
)
from routing.services.attempt_errors import error_of
from routing.services.record import ASK_AGAIN

log = logging.getLogger(__name__)

BATCH = 500
LIFETIME_S = 180
"""A survey that is not answered by then is given up: a push must not wait behind it for long."""
FIRST_PAUSE = timedelta(minutes=1)
JITTER = 0.1
"""Of the period, earlier or later: not all servers are asked in the same second."""
TOO_OLD = "unknown_verb"


@transaction.atomic
def keep_survey(
    *,
    server: MailHost,
    subject: Subject,
    source: Source,
    names: Iterable[str],
    is_whole: bool,
    now: datetime,
    trouble: str = "",
) -> Survey:
    """Put what is told now in the place of what was told before.

    `names` are canonical (`normalise_name`, A-labels); `is_whole`: what is not among them is not
    there, else `trouble` says why not. Only names that came or went are written.
    """
    told = {*names}
    values = {
        "source": source.value,
        "is_whole": is_whole,
        "trouble": trouble,
        "told_at": now,
        "total": len(told),
    }
    survey, _ = Survey.objects.update_or_create(
        server=server, subject=subject.value, defaults=values
    )
    before = {*survey.names.values_list("name", flat=True)}
    gone = sorted(before - told)
    for at in range(0, len(gone), BATCH):
        survey.names.filter(name__in=gone[at : at + BATCH]).delete()
    new = (SurveyedName(survey=survey, name=name) for name in sorted(told - before))
    SurveyedName.objects.bulk_create(new, batch_size=BATCH, ignore_conflicts=True)
    return survey


def survey_now(*, server: MailHost, now: datetime) -> None:
    """Make a list server due, at once or a moment after it was asked last. An order that is open
    may have looked before what happened now, so another one follows it."""
    _enrol(now)
    row = SurveyedServer.objects.filter(host=server).first()
    if row is not None:
        soon = max(now, row.asked_at + LATELY) if row.asked_at else now
        SurveyedServer.objects.filter(pk=row.pk, due_at__gt=soon).update(due_at=soon)


def request_surveys(now: datetime) -> None:
    """One order for each list server that is due and has none open."""
    for ended in ended_unheard(SurveyedServer.objects.all()):
        record_survey(ended, now)
    _enrol(now)
    # A time to come of the last order is no reason to wait: our clock was set back.
    is_due = Q(due_at__lte=now) | Q(asked_at__gt=now)
    due = SurveyedServer.objects.filter(is_due, attempt=None, host__retired_at=None)
    for host in MailHost.in_service.filter(pk__in=due.values("host")):
        with transaction.atomic():
            # Of two sweeps at once the second finds the first one's order.
            if row := due.select_for_update(of=("self",)).filter(host=host).first():
                _request(row, now)


def may_survey(attempt: Attempt) -> str | None:
    """Why an order must not be signed now, None when it may; read from rows."""
    wanted = SurveyedServer.objects.filter(attempt=attempt, host__retired_at=None)
    return None if wanted.exists() else "nobody waits for this survey any more"


def record_survey(attempt: Attempt, now: datetime) -> None:
    """Keep what an order that ended brought, and when to ask again. Safe to call again."""
    at = attempt.reported_at or now
    with transaction.atomic():
        rows = SurveyedServer.objects.select_for_update(of=("self",)).select_related("host")
        row = rows.filter(attempt=attempt).first()
        if row is None:
            return
        row.attempt = None
        why = _apply(row, attempt, at) if attempt.done else _why(attempt)
        if why:
            row.tries, row.error, row.error_at = row.tries + 1, why, row.error_at or at
        else:
            row.tries, row.error, row.error_at, row.answered_at = 0, "", None, at
        row.due_at = min(row.due_at, now + _pause(row.tries))
        row.save()


def _enrol(now: datetime) -> None:
    """A row, due at once, for each list server with a spool agent that has none."""
    agents = Agent.objects.filter(role=Role.SPOOL, disabled=False).values("host_name")
    servers = MailHost.in_service.filter(kind=HostKind.LIST_SERVER, surveyed=None, name__in=agents)
    rows = [SurveyedServer(host=host, due_at=now) for host in servers]
    SurveyedServer.objects.bulk_create(rows, ignore_conflicts=True)


def _request(row: SurveyedServer, now: datetime) -> None:
    # What is earlier when the answer comes, somebody wanted since.
    row.asked_at, row.due_at = now, now + 2 * timedelta(seconds=settings.SURVEY_SECONDS)
    try:
        row.attempt = request(
            host=row.host.name,
            role=Role.SPOOL,
            verb=Verb.SURVEY,
            arguments={},
            lifetime_s=LIFETIME_S,
        )
    except NoSuchAgent:
        row.tries, row.error_at = row.tries + 1, row.error_at or now
        row.error = f"No spool agent of {row.host.name} is let in."
        row.due_at = now + _pause(row.tries)
    row.save()


def _pause(tries: int) -> timedelta:
    """After an answer the period; after a failure sooner at first."""
    period = timedelta(seconds=settings.SURVEY_SECONDS)
    if tries:
        later: timedelta = FIRST_PAUSE * 2 ** min(tries - 1, 10)
        return min(later, period)
    return period * random.uniform(1 - JITTER, 1 + JITTER)


def _why(attempt: Attempt) -> str:
    """Why an order brought nothing."""
    error, host = error_of(attempt), attempt.agent.host_name
    if error.get("code") == TOO_OLD:
        return f"The spool agent of {host} is too old to tell: bring it up to this version."
    if error.get("code") in ASK_AGAIN:
        return f"The spool agent of {host} was ahead of our record, and is asked again."
    return str(error.get("text", ""))


def _apply(row: SurveyedServer, attempt: Attempt, at: datetime) -> str:
    """Keep what it told of each subject that its file names; returns why it cannot be believed."""
    try:
        told = survey_from_json(json.loads(attempt.result_bytes() or b"null"))
    except (ValueError, Unbelievable) as error:
        log.warning("the survey of %s cannot be believed: %s", row.host, error)
        return f"What {row.host} sent cannot be read: {error}."
    robots = told[Subject.ROBOTS].names
    for subject, found in told.items():
        if found.places:
            keep_survey(
                server=row.host,
                subject=subject,
                source=Source.AGENT,
                names={*found.names, *_below(row.host, found, robots)},
                is_whole=found.is_whole,
                now=at,
                trouble=found.trouble,
            )
    _ask_mta_again(row.host, now=at)
    row.places = {subject.value: list(found.places) for subject, found in told.items()}
    return ""


def _ask_mta_again(server: MailHost, *, now: datetime) -> None:
    """Of which the MTA once said otherwise than its files do now: its word goes before theirs, so
    it is asked for it again."""
    survey = Survey.objects.filter(server=server, subject=Subject.ACCEPTED).first()
    if survey is None or survey.source != Source.AGENT:
        return
    named = Exists(SurveyedName.objects.filter(survey=survey, name=OuterRef("domain")))
    by_policy = Q(stranger_text__contains=BY_POLICY)
    odd = by_policy & Q(named)
    if survey.is_whole:
        odd |= ~by_policy & ~Q(named)
    checks = RcptCheck.objects.filter(server=server, stranger=Verdict.REFUSED, attempt=None)
    checks.filter(odd, Q(due_at=None) | Q(due_at__gt=now)).filter(
        answered_at__lt=survey.told_at
    ).update(due_at=now, tries=0)


def _below(server: MailHost, found: Found, robots: Iterable[str]) -> Iterable[str]:
    """Names of ours, and robots, that the MTA takes because it relays for a domain above them."""
    if not found.below:
        return ()
    rows = RoutingObject.objects.filter(server=server, kind=ObjectKind.VIRTUAL_DOMAIN)
    keys = rows.values_list("key", flat=True).iterator(chunk_size=2000)
    return (*covered(keys, found.below), *covered(robots, found.below))
