"""Adopt an existing list server: its table, and what of its configuration is to stay."""

from __future__ import annotations

from dataclasses import dataclass, replace
from uuid import uuid4

from django.db import transaction
from django.utils import timezone

from mailadmin.audit.services import Actor
from mailadmin.people.models import Person
from routing.core.adopt.before_told import told_of
from routing.core.adopt.reading import FilesRead, Kind, reading_findings, sources_of_reading
from routing.core.adopt.report import Report, Sources, report
from routing.core.adopt.told import Told, told
from routing.core.facts import HostKind
from routing.core.intent import SMTP_PORT
from routing.models import ConfigPush, MailHost, Source, Subject
from routing.services.draft import facts_of
from routing.services.hosts import save_mail_host
from routing.services.importing import ImportPlan, import_mailertable, reasons_against
from routing.services.surveys import keep_survey, survey_now


@dataclass(frozen=True, slots=True)
class Adoption:
    """What was read of a server, and why it cannot be adopted now. Nothing is written."""

    host: MailHost
    source: str
    report: Report
    told: Told
    against: tuple[str, ...]
    mc_name: str
    read_by: Source = Source.IMPORT
    has_all_robots: bool = True


def read_server(
    *, sources: Sources, host: MailHost, source: str, relay_port: int = SMTP_PORT
) -> Adoption:
    """Read everything of a server. Raises NotAllowed before the host's facts are known."""
    found = report(sources, facts_of(host), new_id=uuid4, relay_port=relay_port)
    against = tuple(reasons_against(host, found.intent))
    return Adoption(host, source, found, told(sources, found), against, sources.mc_name)


def judge_reading(
    *, files_read: FilesRead, host: MailHost, source: str, relay_port: int = SMTP_PORT
) -> Adoption:
    """The same of what the agent read, with what it could not read among the findings."""
    found = read_server(
        sources=sources_of_reading(files_read), host=host, source=source, relay_port=relay_port
    )
    findings = (*reading_findings(files_read), *found.report.findings)
    return replace(
        found,
        report=replace(found.report, findings=findings),
        read_by=Source.AGENT,
        has_all_robots=all(item.kind is not Kind.ROBOT for item in files_read.troubles),
    )


def adopt(
    *, adoption: Adoption, keeps_options: bool, by: Actor, person: Person | None = None
) -> ConfigPush:
    """Write the rows, the host's local.m4 where `keeps_options`, and push 1, in one transaction.

    `person` is who did it, None for the command line: nobody approves a push of their own. Raises
    InvalidIntent with every error, NotAllowed when the host has rows or a release already,
    ConflictingEdit when the host was edited meanwhile.
    """
    host, found = adoption.host, adoption.report
    with transaction.atomic():
        if keeps_options and found.local_m4:
            host = save_mail_host(
                identity=host.pk,
                version=host.version,
                name=host.name,
                kind=HostKind(host.kind),
                position=host.position,
                site_m4=_added(host.site_m4, found.local_m4),
                note=host.note,
                by=by,
            )
        plan = plan_of(replace(adoption, host=host))
        push = import_mailertable(plan=plan, by=by, person=person)
        _keep(host, adoption)
        return push


def _keep(host: MailHost, adoption: Adoption) -> None:
    """After the rows: a survey says nothing of what was written later than it."""
    for subject, names, is_whole in (
        (Subject.ROBOTS, adoption.told.robots, adoption.has_all_robots),
        (Subject.ACCEPTED, adoption.told.accepted, False),
    ):
        if names is not None:
            keep_survey(
                server=host,
                subject=subject,
                source=adoption.read_by,
                names=names,
                is_whole=is_whole,
                now=timezone.now(),
            )
    survey_now(server=host, now=timezone.now())


def plan_of(adoption: Adoption) -> ImportPlan:
    """The rows that it would make, and what its report tells of the ways before."""
    found = adoption.report
    before = told_of(found, adoption.mc_name)
    return ImportPlan(
        adoption.host, adoption.source, found.intent, found.findings, before, found.lines
    )


def _added(before: str, kept: str) -> str:
    """What stands there already stays first."""
    return f"{before.rstrip()}\n{kept}" if before.strip() else kept
