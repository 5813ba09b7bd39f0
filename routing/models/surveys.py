"""What a list server has beside our tables, as somebody or something told it, and when."""

from __future__ import annotations

from enum import StrEnum

from django.db import models
from django.db.models import Q

from mailadmin.wire.models import Attempt
from routing.core.survey import Subject
from routing.models.hosts import MailHost


class Source(StrEnum):
    """Who told it: the texts that an import was given, or the agent on the host."""

    IMPORT = "import"
    AGENT = "agent"


class Survey(models.Model):
    """What a list server was last told to have of one subject: telemetry, without an event.

    `is_whole`: a name that is not among them is not there. An import reads class w and not
    relay-domains, so that what it does not name may be accepted all the same. `trouble` is what its
    agent could not read, "" where nobody said.
    """

    server = models.ForeignKey(MailHost, on_delete=models.CASCADE, related_name="surveys")
    subject = models.CharField(max_length=10, choices=[(s.value, s.value) for s in Subject])
    source = models.CharField(max_length=10, choices=[(s.value, s.value) for s in Source])
    is_whole = models.BooleanField(default=True)
    trouble = models.TextField(blank=True, default="")
    told_at = models.DateTimeField()
    total = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["server", "subject"], name="one_survey_of_a_subject"),
            models.CheckConstraint(
                condition=Q(subject__in=[subject.value for subject in Subject]),
                name="survey_subject_is_known",
            ),
            models.CheckConstraint(
                condition=Q(source__in=[source.value for source in Source]),
                name="survey_source_is_known",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.subject} of {self.server}"


class SurveyedName(models.Model):
    """One name that a survey told."""

    survey = models.ForeignKey(Survey, on_delete=models.CASCADE, related_name="names")
    name = models.CharField(max_length=255)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["survey", "name"], name="surveyed_name_once"),
        ]

    def __str__(self) -> str:
        return self.name


class SurveyedServer(models.Model):
    """One list server whose spool agent is asked for a survey: the row is the work queue, and
    telemetry without an event.

    It is due at `due_at`. `places` are the paths that the agent's file names, by subject, null
    before it answered. `error` says why the last order brought nothing, `error_at` since when that
    is so; `tries` counts such orders since an answer.
    """

    host = models.OneToOneField(MailHost, on_delete=models.CASCADE, related_name="surveyed")
    due_at = models.DateTimeField(db_index=True)
    asked_at = models.DateTimeField(null=True, blank=True)
    answered_at = models.DateTimeField(null=True, blank=True)
    tries = models.PositiveIntegerField(default=0)
    places = models.JSONField(null=True, blank=True)
    error = models.TextField(blank=True, default="")
    error_at = models.DateTimeField(null=True, blank=True)
    attempt = models.ForeignKey(
        Attempt, on_delete=models.SET_NULL, null=True, blank=True, related_name="surveyed"
    )

    def __str__(self) -> str:
        return f"survey of {self.host}"

    def places_of(self, subject: Subject) -> tuple[str, ...]:
        """The paths that its agent's file names; () where it names none or has not answered."""
        return tuple((self.places or {}).get(subject.value, ()))
