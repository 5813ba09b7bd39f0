"""Audit events: who did what, in one total order. No foreign keys: events outlive subjects."""

from __future__ import annotations

from django.db import models


class AuditHead(models.Model):
    """The one row whose increment orders all events; taken first in each writing transaction."""

    number = models.BigIntegerField(default=0)
    hash = models.CharField(max_length=64, default="")

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(pk=1), name="one_audit_head"),
        ]

    def __str__(self) -> str:
        return f"#{self.number}"


class AuditEvent(models.Model):
    """One write. `number` has no gaps; `hash` covers this event and the hash before it."""

    number = models.BigIntegerField(primary_key=True)
    at = models.DateTimeField()
    actor = models.CharField(max_length=60, help_text="username, or a program's name")
    actor_name = models.CharField(max_length=120)
    action = models.CharField(max_length=60, help_text="for example virtual_domain.created")
    subject = models.CharField(max_length=255, help_text="what it was done to, as people name it")
    object_id = models.UUIDField(null=True, blank=True)
    host = models.CharField(max_length=60, blank=True)
    push = models.BigIntegerField(null=True, blank=True)
    old = models.JSONField(null=True, blank=True)
    new = models.JSONField(null=True, blank=True)
    digest = models.CharField(max_length=64, blank=True)
    note = models.TextField(blank=True)
    hash = models.CharField(max_length=64)

    class Meta:
        ordering = ["-number"]
        indexes = [
            models.Index(fields=["object_id", "number"], name="audit_by_object"),
            models.Index(fields=["push", "number"], name="audit_by_push"),
            # What had a key before the object that has it now.
            models.Index(fields=["subject", "number"], name="audit_by_subject"),
        ]

    def __str__(self) -> str:
        return f"#{self.number} {self.actor} {self.action} {self.subject}"


class AuditPass(models.Model):
    """How far the running reading of the whole trail has come, and what the last one found: one
    row. `broken_at` is the first wrong event of the last one, null if there was none."""

    number = models.BigIntegerField(default=0)
    hash = models.CharField(max_length=64, default="")
    is_running = models.BooleanField(default=False)
    ended_at = models.DateTimeField(null=True)
    broken_at = models.BigIntegerField(null=True)

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(pk=1), name="one_audit_pass")]

    def __str__(self) -> str:
        return f"read to #{self.number}"
