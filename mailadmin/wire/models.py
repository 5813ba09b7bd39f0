"""Rows behind the wire: agents, attempts and whatever arrived. They are machine telemetry; the
services that ask for orders write the audit events.
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Q

from mailadmin.wire.core.blobs import unpack
from mailadmin.wire.core.messages import Outcome, Role, Verb
from mailadmin.wire.core.states import OPEN_STATES, AttemptState

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mailadmin.wire.core.canonical import Json


def _choices(kind: type[Role | Verb | Outcome | AttemptState]) -> list[tuple[str, str]]:
    return [(member.value, member.value) for member in kind]


class Agent(models.Model):
    """One agent of one mail host, known by its public key (32 bytes in base64)."""

    host_name = models.CharField(max_length=63)
    role = models.CharField(max_length=10, choices=_choices(Role))
    public_key = models.CharField(max_length=44)
    last_sequence = models.BigIntegerField(default=0)
    last_seen_at = models.DateTimeField(null=True)
    # Agent's clock minus ours when its last report arrived, so it holds the time of travel too.
    clock_skew_ms = models.BigIntegerField(null=True)
    disabled = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["host_name", "role"], name="wire_agent_once"),
            models.CheckConstraint(
                condition=Q(last_sequence__gte=0), name="wire_agent_sequence_not_negative"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.host_name} {self.role}"


class Attempt(models.Model):
    """One order. `payload` and `result` are packed blobs; `envelope` holds the signed bytes,
    which are re-sent unchanged."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    agent = models.ForeignKey(Agent, on_delete=models.PROTECT, related_name="attempts")
    verb = models.CharField(max_length=20, choices=_choices(Verb))
    arguments = models.JSONField(default=dict)
    payload = models.BinaryField(null=True)
    payload_digest = models.CharField(max_length=64, blank=True)
    lifetime_s = models.PositiveIntegerField()
    state = models.CharField(
        max_length=10, choices=_choices(AttemptState), default=AttemptState.DUE.value
    )
    created_at = models.DateTimeField()
    sequence = models.BigIntegerField(null=True)
    envelope = models.TextField(blank=True)
    not_after = models.DateTimeField(null=True)
    sends = models.PositiveIntegerField(default=0)
    next_send_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    reported_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=10, choices=_choices(Outcome), blank=True)
    body = models.JSONField(default=dict)
    result = models.BinaryField(null=True)
    result_digest = models.CharField(max_length=64, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["agent", "sequence"], name="wire_sequence_once"),
            # One open order per task queue: an agent that was away gets one, not thousands.
            models.UniqueConstraint(
                fields=["agent"],
                condition=Q(state=AttemptState.SENT.value),
                name="wire_one_open_order",
            ),
            models.CheckConstraint(
                condition=Q(state__in=[s.value for s in AttemptState]), name="wire_attempt_state"
            ),
        ]
        indexes = [
            # sign_and_send_due and resend_open walk the open rows only.
            models.Index(
                fields=["agent", "created_at"],
                condition=Q(state__in=["due", "sent"]),
                name="wire_attempt_open",
            ),
            # forget_old asks for the oldest.
            models.Index(fields=["verb", "ended_at"], name="wire_attempt_ended"),
        ]

    def __str__(self) -> str:
        return f"{self.verb} {self.id} ({self.state})"

    @property
    def is_open(self) -> bool:
        return AttemptState(self.state) in OPEN_STATES

    @property
    def done(self) -> bool:
        return (self.state, self.outcome) == (AttemptState.REPORTED, Outcome.DONE)

    @property
    def error(self) -> Mapping[str, Json] | None:
        """{"code", "text", …} of an attempt that ended in anything but done."""
        found = self.body.get("error")
        return found if isinstance(found, dict) else None

    def result_bytes(self) -> bytes | None:
        """The unpacked blob of the report; it was checked when it came in."""
        return None if self.result is None else unpack(bytes(self.result), self.result_digest)


class ReceivedReport(models.Model):
    """Everything that arrived in the reports queue, believed or not. `agent` is set only where
    the signature was good; `attempt_id` is what the report said, `verb` that of the open attempt
    which it answered, "" where there was none."""

    agent = models.ForeignKey(Agent, on_delete=models.PROTECT, null=True, related_name="reports")
    received_at = models.DateTimeField()
    envelope = models.TextField()
    attempt_id = models.CharField(max_length=36, blank=True)
    verb = models.CharField(max_length=20, blank=True, default="")
    accepted = models.BooleanField()
    why = models.TextField(blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["received_at"], name="wire_report_time"),
            # forget_old asks for the oldest of what comes often.
            models.Index(fields=["verb", "received_at"], name="wire_report_verb"),
        ]

    def __str__(self) -> str:
        return f"{self.received_at:%Y-%m-%d %H:%M:%S} {'accepted' if self.accepted else self.why}"
