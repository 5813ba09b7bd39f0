"""What a reading of all lines of a list server found: kept, as a large table takes a while."""

from __future__ import annotations

import uuid

from django.db import models

from routing.models.hosts import MailHost


class FindingsPass(models.Model):
    """The last reading of one list server. Written by machines alone, without an event.

    It rests on the rows after event `number`, whose hash is `hash`, and on the host's facts, of
    which `facts` is a digest. `counts` has how many findings there are by kind. `begun_at`: another
    reading is under way.
    """

    server = models.OneToOneField(
        MailHost, on_delete=models.CASCADE, primary_key=True, related_name="findings_pass"
    )
    number = models.BigIntegerField(default=0)
    hash = models.CharField(max_length=64, blank=True)
    facts = models.CharField(max_length=64, blank=True)
    lines = models.PositiveIntegerField(default=0)
    counts = models.JSONField(default=dict)
    at = models.DateTimeField(null=True, blank=True, help_text="when the rows were read")
    seconds = models.FloatField(default=0, help_text="how long it took")
    begun_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"findings of {self.server}"


class LineFinding(models.Model):
    """One thing that is odd about a line: `routing.core.oddities.Odd`, as a row.

    `place` sorts the worst first. `object_id` is no foreign key: the object may be gone by now.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    server = models.ForeignKey(MailHost, on_delete=models.CASCADE, related_name="line_findings")
    place = models.CharField(max_length=300)
    kind = models.CharField(max_length=20)
    object_id = models.UUIDField()
    object_kind = models.CharField(max_length=20)
    key = models.CharField(max_length=255)
    text = models.TextField()
    advice = models.TextField()
    mend = models.CharField(max_length=20, blank=True)

    class Meta:
        ordering = ["place"]
        constraints = [
            models.UniqueConstraint(fields=["object_id", "kind"], name="finding_once_per_line"),
        ]
        indexes = [
            models.Index(fields=["place", "id"], name="findings_in_order"),
            models.Index(fields=["kind", "place", "id"], name="findings_by_kind"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} of {self.key}"
