"""What the MTA of a list server says of a virtual domain's addresses: telemetry, without events."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from mailadmin.wire.models import Attempt
from routing.core.rcpt import Verdict
from routing.models.hosts import MailHost

VERDICTS = ["", *(verdict.value for verdict in Verdict)]


class RcptCheck(models.Model):
    """One domain whose MTA is asked; the row is the work queue, due at `due_at`, null for never.

    `verdict`, `code` and `text` are of `address`; `stranger`, `stranger_code` and `stranger_text`
    of one that cannot be there. They and `answered_at` stay when a later try gets no answer: what
    came of that is `error`, {"code", "text"}. `tries` counts them since somebody asked by hand.
    """

    server = models.ForeignKey(MailHost, on_delete=models.CASCADE, related_name="rcpt_checks")
    domain = models.CharField(max_length=255)
    address = models.CharField(max_length=320)
    began_at = models.DateTimeField()
    due_at = models.DateTimeField(null=True, blank=True, db_index=True)
    asked_at = models.DateTimeField(null=True, blank=True)
    answered_at = models.DateTimeField(null=True, blank=True)
    tries = models.PositiveIntegerField(default=0)
    verdict = models.CharField(max_length=10, blank=True)
    code = models.PositiveIntegerField(default=0)
    text = models.TextField(blank=True)
    stranger = models.CharField(max_length=10, blank=True)
    stranger_code = models.PositiveIntegerField(default=0)
    stranger_text = models.TextField(blank=True)
    error = models.JSONField(null=True, blank=True)
    attempt = models.ForeignKey(
        Attempt, on_delete=models.SET_NULL, null=True, blank=True, related_name="rcpt_checks"
    )

    class Meta:
        ordering = ["-began_at", "domain"]
        constraints = [
            models.UniqueConstraint(fields=["server", "domain"], name="rcpt_domain_once"),
            models.CheckConstraint(
                condition=Q(verdict__in=VERDICTS) & Q(stranger__in=VERDICTS),
                name="rcpt_verdicts_are_known",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.domain} on {self.server}"
