"""Spools as their agents reported them last: machine telemetry, written without an event."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from mailadmin.wire.models import Attempt
from routing.models import MailHost
from spools.core.summary import State, Summary

LONGEST_NAME = 100
LONGEST_PLACE = 255


class SpoolScan(models.Model):
    """Whether the spool agent of a host is being asked, and what came of the last question.

    The row is the work queue: `attempt` is the order whose end nobody applied yet. `error` says why
    the last one brought nothing, "" after one that did; `error_at` is when that began.
    """

    host = models.OneToOneField(
        MailHost, on_delete=models.CASCADE, primary_key=True, related_name="spool_scan"
    )
    attempt = models.ForeignKey(
        Attempt, on_delete=models.SET_NULL, null=True, blank=True, related_name="spool_scans"
    )
    asked_at = models.DateTimeField(null=True, blank=True)
    answered_at = models.DateTimeField(null=True, blank=True)
    error = models.TextField(blank=True)
    error_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"scan of {self.host_id}"


class Spool(models.Model):
    """One spool of a mail host.

    `at` is when its last summary came, by our clock, and `scan_at` when that scan began by the
    agent's, in seconds since the epoch: what the summary and the messages say of time is by the
    agent's clock. `seen_at` is when a report last named the spool, with a summary or with the
    `problem` that it has since `problem_at`. `listed`: the last report named it. `reports` counts
    them, for pages that poll.

    `waiting` to `out_per_min` are those of the summary that lists sort by, None while unknown.
    `oldest` is by the agent's clock, None too where nothing waits.
    """

    host = models.ForeignKey(MailHost, on_delete=models.CASCADE, related_name="spools")
    name = models.CharField(max_length=LONGEST_NAME)
    path = models.TextField(blank=True)
    listed = models.BooleanField(default=True)
    problem = models.TextField(blank=True)
    problem_at = models.DateTimeField(null=True, blank=True)
    token = models.CharField(max_length=LONGEST_NAME, blank=True)
    reports = models.PositiveBigIntegerField(default=0)
    seen_at = models.DateTimeField()
    at = models.DateTimeField(null=True, blank=True)
    scan_at = models.BigIntegerField(null=True, blank=True)
    summary = models.JSONField(null=True, blank=True)
    waiting = models.PositiveBigIntegerField(null=True, blank=True)
    held = models.PositiveBigIntegerField(null=True, blank=True)
    lost = models.PositiveBigIntegerField(null=True, blank=True)
    broken = models.PositiveBigIntegerField(null=True, blank=True)
    bytes = models.PositiveBigIntegerField(null=True, blank=True)
    oldest = models.BigIntegerField(null=True, blank=True)
    in_per_min = models.FloatField(null=True, blank=True)
    out_per_min = models.FloatField(null=True, blank=True)
    pruned_at = models.DateTimeField(null=True, blank=True, db_index=True)

    class Meta:
        ordering = ["host", "name"]
        constraints = [
            models.UniqueConstraint(fields=["host", "name"], name="spool_name_once"),
            models.CheckConstraint(
                condition=Q(at=None, scan_at=None) | Q(at__isnull=False, scan_at__isnull=False),
                name="spool_has_both_clocks",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.host_id} / {self.name}"

    @property
    def figures(self) -> Summary | None:
        """The last summary as values, None before the first one."""
        return None if self.summary is None else Summary.from_json(self.summary)


class SpooledMessage(models.Model):
    """One of the messages that the agent lists of a spool, the oldest: `MessageRow` as a row.

    Times are by the agent's clock in seconds since the epoch. `recipients` are the first few, one
    a line; `domains` has the domains of those between spaces, one before and one after each, so
    that one of them is found as " orange.fr ". `folded` is the reason without what is individual
    in it: that of `ReasonRow`.
    """

    spool = models.ForeignKey(Spool, on_delete=models.CASCADE, related_name="messages")
    queue_id = models.CharField(max_length=LONGEST_PLACE)
    place = models.CharField(max_length=LONGEST_PLACE, blank=True)
    state = models.CharField(max_length=10, choices=[(s.value, s.value) for s in State])
    created = models.BigIntegerField(null=True, blank=True)
    last_try = models.BigIntegerField(null=True, blank=True)
    tries = models.PositiveBigIntegerField(null=True, blank=True)
    bytes = models.PositiveBigIntegerField(null=True, blank=True)
    sender = models.TextField(null=True, blank=True)  # noqa: DJ001  # null: nobody knows
    recipients = models.TextField(blank=True)
    recipients_total = models.PositiveBigIntegerField(default=0)
    domains = models.TextField(blank=True)
    reason = models.TextField(blank=True)
    folded = models.TextField(blank=True)

    class Meta:
        ordering = ["created", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["spool", "place", "queue_id"], name="spooled_message_once"
            ),
            models.CheckConstraint(
                condition=Q(state__in=[state.value for state in State]),
                name="spooled_message_state_is_known",
            ),
        ]
        indexes = [models.Index(fields=["spool", "queue_id"], name="spooled_message_by_id")]

    def __str__(self) -> str:
        return self.queue_id

    @property
    def addresses(self) -> tuple[str, ...]:
        """The first recipients."""
        return tuple(self.recipients.split("\n")) if self.recipients else ()
