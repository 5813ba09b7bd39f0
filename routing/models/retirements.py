"""The retirement of a domain: who began it, since when it stands where it stands, what is planned.

Which step it stands at is read from its object (`routing.core.retirement.step_of`).
"""

from __future__ import annotations

import uuid

from django.db import models

from routing.models.hosts import MailHost


class Retirement(models.Model):
    """`object_id` is no foreign key: at the last step the object is gone, and may come back.

    `id` is what its events name, so that planning a step makes nobody an editor of the object.
    `next_on` is a reminder and starts nothing.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    object_id = models.UUIDField(unique=True)
    server = models.ForeignKey(MailHost, on_delete=models.PROTECT, related_name="retirements")
    key = models.CharField(max_length=255)
    began_at = models.DateTimeField()
    began_by = models.CharField(max_length=120)
    step_at = models.DateTimeField()
    next_on = models.DateField(null=True, blank=True)
    note = models.TextField(blank=True)
    version = models.PositiveIntegerField(default=1)
    changed_at = models.DateTimeField()
    changed_by = models.CharField(max_length=120)

    class Meta:
        ordering = ["key"]
        indexes = [models.Index(fields=["next_on"], name="retirement_due")]

    def __str__(self) -> str:
        return f"retirement of {self.key}"
