"""What the DNS was asked, what it said, and what is wrong with it: telemetry, without events."""

from __future__ import annotations

from enum import StrEnum

from django.db import models
from django.db.models import Q

from routing.core.dns.answers import Outcome
from routing.core.dns.judge import Mark, Trouble


class Asked(StrEnum):
    """What a name is asked for: MX and SPF; addresses and MX; addresses; its own name (PTR)."""

    DOMAIN = "domain"
    LOCAL = "local"
    HOST = "host"
    ADDRESS = "address"


class DnsCheck(models.Model):
    """One name that is asked now and then; the row is the work queue, due at `due_at`.

    `answers` has the parts (mx, spf, host, ptr), each with `at`: a part that could not be asked
    again keeps what it said, and its age. `outcome` and `asked_at` are of the last try, whatever
    came of it; `failures` counts those in a row that nobody answered. The marks and the findings
    follow from the answers and from the site as `judged_by` knew it: its digest, "" where they were
    asked since, null where they never were.
    """

    kind = models.CharField(max_length=10, choices=[(k.value, k.value) for k in Asked])
    name = models.CharField(max_length=255)
    due_at = models.DateTimeField(db_index=True)
    asked_at = models.DateTimeField(null=True, blank=True)
    outcome = models.CharField(
        max_length=10, blank=True, choices=[(o.value, o.value) for o in Outcome]
    )
    failures = models.PositiveIntegerField(default=0)
    answers = models.JSONField(default=dict)
    mx_mark = models.CharField(max_length=10, default=Mark.UNKNOWN.value, db_index=True)
    spf_mark = models.CharField(max_length=10, default=Mark.UNKNOWN.value, db_index=True)
    judged_by = models.CharField(max_length=16, null=True, db_index=True)  # noqa: DJ001  # null: never asked

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["kind", "name"], name="dns_name_once_per_kind"),
            models.CheckConstraint(
                condition=Q(kind__in=[kind.value for kind in Asked]), name="dns_kind_is_known"
            ),
            models.CheckConstraint(
                condition=Q(outcome__in=["", *(outcome.value for outcome in Outcome)]),
                name="dns_outcome_is_known",
            ),
            models.CheckConstraint(
                condition=Q(mx_mark__in=[mark.value for mark in Mark])
                & Q(spf_mark__in=[mark.value for mark in Mark]),
                name="dns_marks_are_known",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


class DnsFinding(models.Model):
    """One thing that is wrong with a checked name. `place` sorts the worst first, then by name;
    the words are made from the answers when a page shows them."""

    check_of = models.ForeignKey(DnsCheck, on_delete=models.CASCADE, related_name="findings")
    kind = models.CharField(max_length=20, choices=[(t.value, t.value) for t in Trouble])
    place = models.CharField(max_length=260, db_index=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["check_of", "kind"], name="dns_finding_once"),
            models.CheckConstraint(
                condition=Q(kind__in=[trouble.value for trouble in Trouble]),
                name="dns_finding_kind_is_known",
            ),
        ]
        indexes = [models.Index(fields=["kind", "place"], name="dns_findings_by_kind")]

    def __str__(self) -> str:
        return f"{self.kind} {self.place}"
