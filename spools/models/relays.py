"""Relays as list servers see them: what was probed, what follows, and what a person said."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime

from django.db import models
from django.db.models import Q

from mailadmin.wire.models import Attempt
from routing.models import MailHost, Revision
from spools.core.health import Health, RelayState
from spools.core.probe import HostProbe, Verdict

LONGEST_NAME = 31


class ProbedServer(models.Model):
    """Whether the spool agent of a list server is being asked about its relays.

    The row is the work queue: `attempt` is the order whose end nobody applied yet. `revision` is
    the one whose relays are in `RelayHealth`. `error` says why the last order brought nothing, ""
    after one that did; `error_at` is when that began. Machine telemetry, written without an event.
    """

    host = models.OneToOneField(
        MailHost, on_delete=models.CASCADE, primary_key=True, related_name="probed"
    )
    revision = models.ForeignKey(
        Revision, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    attempt = models.ForeignKey(
        Attempt, on_delete=models.SET_NULL, null=True, blank=True, related_name="probed"
    )
    asked_at = models.DateTimeField(null=True, blank=True)
    answered_at = models.DateTimeField(null=True, blank=True)
    error = models.TextField(blank=True)
    error_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"probes of {self.host_id}"


class RelayHealth(models.Model):
    """One relay target as one list server sees it, by its last probes: telemetry without an event.

    `relay` is the identity of the relay target, no foreign key: its row may be gone while the live
    table still names it. `name`, `hosts` and `port` are those of the live table; `named` tells
    whether it still has it, `is_default` whether everything without a route of its own goes there.
    The other fields are `spools.core.health.Health`; `reports` counts what was written, for polls.
    """

    server = models.ForeignKey(MailHost, on_delete=models.CASCADE, related_name="relay_health")
    relay = models.UUIDField()
    name = models.CharField(max_length=LONGEST_NAME)
    hosts = models.JSONField(default=list)
    port = models.PositiveIntegerField()
    named = models.BooleanField(default=True)
    is_default = models.BooleanField(default=False)
    state = models.CharField(
        max_length=12,
        choices=[(state.value, state.value) for state in RelayState],
        default=RelayState.UNKNOWN.value,
    )
    since = models.DateTimeField(null=True, blank=True)
    why = models.TextField(blank=True)
    marks = models.CharField(max_length=60, blank=True)
    run = models.PositiveBigIntegerField(default=0)
    failing_since = models.DateTimeField(null=True, blank=True)
    seen_at = models.DateTimeField(null=True, blank=True)
    well_at = models.DateTimeField(null=True, blank=True)
    relapses = models.PositiveIntegerField(default=0)
    reports = models.PositiveBigIntegerField(default=0)

    class Meta:
        ordering = ["server", "name"]
        constraints = [
            models.UniqueConstraint(fields=["server", "relay"], name="relay_once_per_server"),
            models.CheckConstraint(
                condition=Q(state__in=[state.value for state in RelayState]),
                name="relay_state_is_known",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} from {self.server_id}: {self.state}"

    @property
    def health(self) -> Health:
        """The fields as the value that the next probe is added to."""
        return Health(
            state=RelayState(self.state),
            since=_seconds(self.since),
            why=self.why,
            marks=self.marks,
            run=self.run,
            failing_since=_seconds(self.failing_since),
            seen_at=_seconds(self.seen_at),
            well_at=_seconds(self.well_at),
            relapses=self.relapses,
        )

    @health.setter
    def health(self, value: Health) -> None:
        self.state, self.why, self.marks = value.state.value, value.why, value.marks
        self.run, self.relapses = value.run, value.relapses
        self.since, self.failing_since = _moment(value.since), _moment(value.failing_since)
        self.seen_at, self.well_at = _moment(value.seen_at), _moment(value.well_at)


class RelayProbe(models.Model):
    """One probe of a relay target, kept for a day: all its hosts with every step.

    `at` is when the report came, `attempt` the order; `verdict`, `ms`, `why` and `tls` are of the
    host that spoke for the target.
    """

    relay = models.ForeignKey(RelayHealth, on_delete=models.CASCADE, related_name="probes")
    attempt = models.UUIDField(default=uuid.uuid4)
    at = models.DateTimeField()
    verdict = models.CharField(max_length=10, choices=[(v.value, v.value) for v in Verdict])
    ms = models.PositiveIntegerField()
    why = models.TextField(blank=True)
    tls = models.BooleanField(default=False)
    recipient = models.CharField(max_length=320)
    hosts = models.JSONField(default=list)

    class Meta:
        ordering = ["-at", "-pk"]
        constraints = [
            models.UniqueConstraint(fields=["relay", "attempt"], name="relay_probe_once"),
            models.CheckConstraint(
                condition=Q(verdict__in=[verdict.value for verdict in Verdict]),
                name="relay_probe_verdict_is_known",
            ),
        ]
        indexes = [models.Index(fields=["relay", "at"], name="relay_probe_by_time")]

    def __str__(self) -> str:
        return f"{self.relay_id} at {self.at:%Y-%m-%d %H:%M:%S}: {self.verdict}"

    @property
    def probed(self) -> tuple[HostProbe, ...]:
        """The hosts as values."""
        return tuple(HostProbe.from_json(raw) for raw in self.hosts)


class RelayTurn(models.Model):
    """A relay came into another state: the history of it, written without an event."""

    relay = models.ForeignKey(RelayHealth, on_delete=models.CASCADE, related_name="turns")
    at = models.DateTimeField()
    state = models.CharField(max_length=12, choices=[(s.value, s.value) for s in RelayState])
    why = models.TextField(blank=True)

    class Meta:
        ordering = ["at", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=[state.value for state in RelayState]),
                name="relay_turn_state_is_known",
            ),
        ]
        indexes = [models.Index(fields=["relay", "at"], name="relay_turn_by_time")]

    def __str__(self) -> str:
        return f"{self.relay_id} {self.state} at {self.at:%Y-%m-%d %H:%M:%S}"


class RelayMaintenance(models.Model):
    """A person says that a relay target is worked on: of it, from every list server, nothing is
    judged until a person ends it. `until` is when that is meant to be; it ends nothing by itself.
    """

    relay = models.UUIDField()
    name = models.CharField(max_length=LONGEST_NAME)
    reason = models.TextField()
    began_at = models.DateTimeField()
    began_by = models.CharField(max_length=120)
    until = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.CharField(max_length=120, blank=True)

    class Meta:
        ordering = ["-began_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["relay"], condition=Q(ended_at=None), name="one_maintenance_at_a_time"
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="maintenance_has_a_reason"),
        ]

    def __str__(self) -> str:
        return f"maintenance of {self.name}"


def _seconds(moment: datetime | None) -> int | None:
    return None if moment is None else int(moment.timestamp())


def _moment(seconds: int | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
