"""What the agents read of list servers as they were before: one row for each time it was asked."""

from __future__ import annotations

import json

from django.db import models
from django.db.models import Q

from mailadmin.people.models import Person
from mailadmin.wire.models import Attempt
from routing.core.adopt.reading import FilesRead, ReadingState, reading_from_json
from routing.models.hosts import MailHost


class Reading(models.Model):
    """The texts are the result of its attempt; they go when a newer reading of the host has come.

    `asked_by` is the person's or the program's name, `person` who asked, None for a program.
    """

    host = models.ForeignKey(MailHost, on_delete=models.PROTECT, related_name="readings")
    attempt = models.OneToOneField(Attempt, on_delete=models.PROTECT, related_name="reading")
    person = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, blank=True)
    asked_by = models.CharField(max_length=200)
    asked_at = models.DateTimeField()
    state = models.CharField(
        max_length=10,
        choices=[(state.value, state.value) for state in ReadingState],
        default=ReadingState.ASKED.value,
    )
    ended_at = models.DateTimeField(null=True, blank=True)
    why = models.TextField(blank=True, help_text="of a failed one")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["host"],
                condition=Q(state=ReadingState.ASKED.value),
                name="one_open_reading_per_host",
            ),
            models.CheckConstraint(
                condition=Q(state__in=[state.value for state in ReadingState]), name="reading_state"
            ),
        ]

    def __str__(self) -> str:
        return f"reading {self.pk} of {self.host_id} ({self.state})"

    def read(self) -> FilesRead | None:
        """What was found; None when there is no answer, or a newer one took its place."""
        result = self.attempt.result_bytes() if self.state == ReadingState.ANSWERED else None
        return reading_from_json(json.loads(result)) if result is not None else None
