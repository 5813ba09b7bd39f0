"""What a list server has beside our tables, as somebody or something told it, and when."""

from __future__ import annotations

from enum import StrEnum

from django.db import models
from django.db.models import Q

from routing.models.hosts import MailHost


class Subject(StrEnum):
    """What is told: the robots of its Sympa; the names that its MTA takes mail for."""

    ROBOTS = "robots"
    ACCEPTED = "accepted"


class Source(StrEnum):
    """Who told it: the texts that an import was given, or the agent on the host."""

    IMPORT = "import"
    AGENT = "agent"


class Survey(models.Model):
    """What a list server was last told to have of one subject: telemetry, without an event.

    `is_whole`: a name that is not among them is not there. An import reads class w and not
    relay-domains, so that what it does not name may be accepted all the same.
    """

    server = models.ForeignKey(MailHost, on_delete=models.CASCADE, related_name="surveys")
    subject = models.CharField(max_length=10, choices=[(s.value, s.value) for s in Subject])
    source = models.CharField(max_length=10, choices=[(s.value, s.value) for s in Source])
    is_whole = models.BooleanField(default=True)
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
