"""What list servers were told to have beside our tables, how old it is, and why not more."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from mailadmin.audit.models import AuditHead
from routing.core.intent import ObjectKind
from routing.core.matrix import Telling
from routing.core.survey import LATELY, Subject, silence_of
from routing.models import (
    HostState,
    MailHost,
    RoutingObject,
    Survey,
    SurveyedName,
    SurveyedServer,
)

STRAYS = 1000
"""So many robots without a virtual domain are counted; of more it is said that there are more."""
LATE = 3
"""What was told so many periods ago is old."""


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of one subject of a list server.

    `survey` is what was told last, `is_old` whether that is long since; `silence` says why its
    agent does not tell it, "" where it does; `places` are the paths that it reads.
    """

    survey: Survey | None
    is_old: bool
    silence: str
    places: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Surveys:
    """Of some list servers. `asked` are the names of those that are being asked now, or about to
    be."""

    known: Mapping[tuple[str, str], Known]
    asked: frozenset[str]

    @property
    def rows(self) -> tuple[Survey, ...]:
        """The surveys that there are."""
        return tuple(known.survey for known in self.known.values() if known.survey)

    def of(self, server: str, subject: Subject) -> Known:
        """Of one server by its name; nothing is known of one that was not asked for."""
        return self.known.get((server, subject), Known(None, False, "", ()))


def read_surveys(servers: Iterable[MailHost]) -> Surveys:
    """Two queries, however many servers there are."""
    hosts, now = list(servers), timezone.now()
    told = Survey.objects.filter(server__in=hosts).select_related("server")
    surveys = {(survey.server_id, survey.subject): survey for survey in told}
    rows = {row.host_id: row for row in SurveyedServer.objects.filter(host__in=hosts)}
    late = now - timedelta(seconds=settings.SURVEY_SECONDS * LATE)
    known = {}
    for host in hosts:
        for subject in Subject:
            row, survey = rows.get(host.pk), surveys.get((host.pk, subject))
            is_old = survey is not None and survey.told_at < late
            places = row.places_of(subject) if row else ()
            silence = _silence(host, subject, row)
            known[host.name, subject.value] = Known(survey, is_old, silence, places)
    asked = (host.name for host in hosts if _is_asked(rows.get(host.pk), now))
    return Surveys(known, frozenset(asked))


def tellings_of(keys: Sequence[str], surveys: Surveys) -> Mapping[tuple[str, str, str], Telling]:
    """(server, subject, name) → what its survey says of it."""
    names = SurveyedName.objects.filter(survey__in=surveys.rows, name__in=keys)
    there = {*names.values_list("survey_id", "name")}
    return {
        (survey.server.name, survey.subject, key): Telling(
            survey.told_at,
            survey.source,
            survey.is_whole,
            (survey.pk, key) in there,
            survey.trouble,
        )
        for survey in surveys.rows
        for key in keys
    }


def strays_of(surveys: Iterable[Survey]) -> QuerySet[SurveyedName]:
    """Robots that no virtual domain of their server has; the server's own name needs no line."""
    robots = [survey for survey in surveys if survey.subject == Subject.ROBOTS]
    domains = RoutingObject.objects.filter(
        server=OuterRef("survey__server"), kind=ObjectKind.VIRTUAL_DOMAIN, key=OuterRef("name")
    )
    found = SurveyedName.objects.filter(~Exists(domains), survey__in=robots)
    for state in HostState.objects.filter(host__in=[survey.server_id for survey in robots]):
        if facts := state.host_facts:
            found = found.exclude(survey__server=state.host_id, name=facts.fqdn)
    return found


_kept: dict[tuple[str, ...], tuple[object, int]] = {}
"""Of the servers that were asked for: the last count, and what it was counted of."""


def count_strays(
    strays: QuerySet[SurveyedName], surveys: Iterable[Survey], servers: Iterable[MailHost]
) -> int:
    """Counted again only after a write or another survey: it asks for each robot."""
    names = tuple(host.name for host in servers)
    written = AuditHead.objects.filter(pk=1).values_list("number", "hash").first()
    basis = (written, tuple((survey.pk, survey.told_at) for survey in surveys))
    before = _kept.get(names)
    if before is None or before[0] != basis:
        before = _kept[names] = (basis, strays[: STRAYS + 1].count())
    return before[1]


def _silence(host: MailHost, subject: Subject, row: SurveyedServer | None) -> str:
    return silence_of(
        subject,
        server=host.name,
        answered=row is not None and row.answered_at is not None,
        is_named=row is not None and bool(row.places_of(subject)),
        error=row.error if row else "",
    )


def _is_asked(row: SurveyedServer | None, now: datetime) -> bool:
    return row is not None and (row.attempt_id is not None or row.due_at <= now + LATELY)
