"""When the control worker last looked what is due."""

from __future__ import annotations

from datetime import datetime

from django.db import models


class Sweep(models.Model):
    """The end of the last whole tick: one row, machine telemetry, written without an event.

    It is the one sign of life of the control worker that any other process can read.
    """

    ended_at = models.DateTimeField()

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(pk=1), name="one_sweep")]

    def __str__(self) -> str:
        return f"{self.ended_at:%Y-%m-%d %H:%M:%S}"


def note_sweep(*, now: datetime) -> None:
    """A tick has ended, whatever it found to do."""
    if not Sweep.objects.filter(pk=1).update(ended_at=now):
        Sweep.objects.get_or_create(pk=1, defaults={"ended_at": now})


def last_sweep() -> datetime | None:
    """When a tick last ended, None before the first."""
    return Sweep.objects.filter(pk=1).values_list("ended_at", flat=True).first()
