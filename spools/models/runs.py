"""Runs through a spool, the destinations of each, and a receipt for every recipient."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.db import models
from django.db.models import Q

from mailadmin.wire.models import Attempt
from routing.models import MailHost
from spools.core.flush import Way
from spools.core.receipts import Fate, Step
from spools.core.run_kind import WORDS, RunKind
from spools.core.run_states import OPEN_RUN, RunState
from spools.core.scope import Scope

_IS_OPEN = Q(state__in=sorted(state.value for state in OPEN_RUN))

LONGEST = 320


class FlushRun(models.Model):
    """One run, by the fallback or once more by the table. `number` counts those of its list server,
    `key` names it to the agent.

    The row is the work queue: `attempt` is the slice that was ordered and not applied, `slices` how
    many were, `tries` how many orders in a row came to nothing. `sent` to `unknown` count
    recipients, `messages` those that were tried, `left` {reason: messages} those that were not.
    `waiting` is the depth of the spool as the run began, None where nobody knew. `version` grows
    with each change, for pages that poll.
    """

    server = models.ForeignKey(MailHost, on_delete=models.PROTECT, related_name="runs")
    number = models.PositiveIntegerField()
    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    kind = models.CharField(
        max_length=10,
        choices=[(kind.value, kind.value) for kind in RunKind],
        default=RunKind.FALLBACK.value,
    )
    state = models.CharField(
        max_length=12,
        choices=[(state.value, state.value) for state in RunState],
        default=RunState.ORDERED.value,
    )
    release = models.CharField(max_length=64)
    scope = models.JSONField(default=dict)
    runners = models.PositiveIntegerField()
    per_destination = models.PositiveIntegerField()
    seconds = models.PositiveIntegerField()
    stop_when_well = models.BooleanField(default=True)
    reason = models.TextField()
    started_at = models.DateTimeField()
    started_by = models.CharField(max_length=120)
    ended_at = models.DateTimeField(null=True, blank=True)
    heard_at = models.DateTimeField(null=True, blank=True)
    why = models.TextField(blank=True)
    attempt = models.ForeignKey(
        Attempt, on_delete=models.SET_NULL, null=True, blank=True, related_name="flush_runs"
    )
    slices = models.PositiveIntegerField(default=0)
    tries = models.PositiveIntegerField(default=0)
    messages = models.PositiveIntegerField(default=0)
    sent = models.PositiveIntegerField(default=0)
    deferred = models.PositiveIntegerField(default=0)
    bounced = models.PositiveIntegerField(default=0)
    untouched = models.PositiveIntegerField(default=0)
    unknown = models.PositiveIntegerField(default=0)
    in_doubt = models.PositiveIntegerField(default=0)
    left = models.JSONField(default=dict)
    waiting = models.PositiveBigIntegerField(null=True, blank=True)
    version = models.PositiveIntegerField(default=1)

    class Meta:
        ordering = ["-started_at", "-pk"]
        constraints = [
            models.UniqueConstraint(fields=["server", "number"], name="flush_number_once"),
            models.UniqueConstraint(
                fields=["server"],
                condition=_IS_OPEN,
                name="flush_one_open_run",
            ),
            models.CheckConstraint(
                condition=Q(state__in=[state.value for state in RunState]),
                name="flush_state_is_known",
            ),
            models.CheckConstraint(
                condition=Q(kind__in=[kind.value for kind in RunKind]), name="flush_kind_is_known"
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="flush_has_a_reason"),
            models.CheckConstraint(
                condition=(_IS_OPEN & Q(ended_at=None)) | (~_IS_OPEN & Q(ended_at__isnull=False)),
                name="flush_ends_once",
            ),
        ]

    def __str__(self) -> str:
        return f"run {self.number} of {self.server_id}"

    @property
    def is_open(self) -> bool:
        return RunState(self.state) in OPEN_RUN

    @property
    def how(self) -> str:
        """Its kind in words."""
        return WORDS[RunKind(self.kind)]

    @property
    def what(self) -> Scope:
        """The scope as a value."""
        return Scope.from_json(self.scope)


class FlushDestination(models.Model):
    """How it is with one destination in a run; `code`, `text` and `host` of the answer that shut
    it."""

    run = models.ForeignKey(FlushRun, on_delete=models.CASCADE, related_name="destinations")
    domain = models.CharField(max_length=LONGEST)
    way = models.CharField(max_length=12, choices=[(way.value, way.value) for way in Way])
    code = models.PositiveIntegerField(default=0)
    text = models.TextField(blank=True)
    host = models.CharField(max_length=LONGEST, blank=True)

    class Meta:
        ordering = ["run", "domain"]
        constraints = [
            models.UniqueConstraint(fields=["run", "domain"], name="flush_destination_once"),
            models.CheckConstraint(
                condition=Q(way__in=[way.value for way in Way]), name="flush_way_is_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.domain} in {self.run_id}: {self.way}"


class FlushReceipt(models.Model):
    """What became of one recipient of one message in a run; `spools.core.receipts.Receipt`."""

    run = models.ForeignKey(FlushRun, on_delete=models.CASCADE, related_name="receipts")
    slice = models.PositiveIntegerField()
    queue_id = models.CharField(max_length=64)
    recipient = models.CharField(max_length=LONGEST)
    domain = models.CharField(max_length=LONGEST, blank=True)
    fate = models.CharField(max_length=10, choices=[(fate.value, fate.value) for fate in Fate])
    step = models.CharField(max_length=10, choices=[(step.value, step.value) for step in Step])
    code = models.PositiveIntegerField(default=0)
    text = models.TextField(blank=True)
    host = models.CharField(max_length=LONGEST, blank=True)
    again = models.BooleanField(default=False)
    at = models.DateTimeField()

    objects: ClassVar[models.Manager[FlushReceipt]] = models.Manager()

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["run", "queue_id", "recipient"], name="flush_receipt_once"
            ),
            models.CheckConstraint(
                condition=Q(fate__in=[fate.value for fate in Fate]), name="flush_fate_is_known"
            ),
        ]
        indexes = [
            models.Index(fields=["run", "fate", "id"], name="flush_receipt_fate"),
            models.Index(fields=["run", "domain", "id"], name="flush_receipt_domain"),
        ]

    def __str__(self) -> str:
        return f"{self.recipient} of {self.queue_id}: {self.fate}"
