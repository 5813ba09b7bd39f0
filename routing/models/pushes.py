"""Config pushes: frozen revisions, targets, editors, approvals."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from mailadmin.people.models import Person
from mailadmin.wire.models import Attempt
from routing.core.states import PushState, TargetState
from routing.models.hosts import MailHost


class ConfigPush(models.Model):
    """The reviewed unit. Its primary key is the number that people see."""

    title = models.CharField(max_length=120)
    note = models.TextField(blank=True)
    state = models.CharField(max_length=20, choices=[(s.value, s.value) for s in PushState])
    state_at = models.DateTimeField()
    proposed_by = models.CharField(max_length=120)
    proposed_by_person = models.ForeignKey(
        Person, on_delete=models.PROTECT, null=True, blank=True, related_name="proposed_pushes"
    )
    proposed_at = models.DateTimeField()
    restores = models.ForeignKey(
        "Revision", on_delete=models.PROTECT, null=True, blank=True, related_name="restored_by"
    )
    superseded_by = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True)
    guard_reason = models.TextField(blank=True)
    digest = models.CharField(
        max_length=64, blank=True, help_text="what an approval binds, once proved"
    )
    version = models.PositiveIntegerField(default=1, help_text="bumped by every write, for polling")
    deploy_when_approved = models.BooleanField(default=True)
    form_token = models.UUIDField(
        null=True,
        blank=True,
        unique=True,
        help_text="of the form that proposed it: sent twice is one push",
    )

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=[state.value for state in PushState]),
                name="push_state_is_known",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["proved", "approved", "deploying", "active"])
                | ~Q(digest=""),
                name="proved_push_has_a_digest",
            ),
        ]

    def __str__(self) -> str:
        return f"push #{self.pk}"


class Revision(models.Model):
    """An immutable bundle with its intent. `first_event` and `last_event` bound what it covers."""

    host = models.ForeignKey(MailHost, on_delete=models.PROTECT, related_name="revisions")
    number = models.PositiveIntegerField()
    digest = models.CharField(max_length=64)
    bundle = models.BinaryField(help_text="the canonical form, packed")
    intent = models.BinaryField(help_text="canonical JSON of the intent, packed")
    author = models.CharField(max_length=120)
    note = models.TextField(blank=True)
    made_at = models.DateTimeField()
    first_event = models.BigIntegerField()
    last_event = models.BigIntegerField()

    class Meta:
        ordering = ["-number"]
        constraints = [
            models.UniqueConstraint(
                fields=["host", "number"], name="revision_number_once_per_host"
            ),
            models.CheckConstraint(
                condition=Q(first_event__lte=models.F("last_event") + 1),
                name="revision_events_in_order",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.host} revision {self.number}"


class PushTarget(models.Model):
    """The part of a push for one mail host."""

    push = models.ForeignKey(ConfigPush, on_delete=models.PROTECT, related_name="targets")
    host = models.ForeignKey(MailHost, on_delete=models.PROTECT, related_name="push_targets")
    position = models.PositiveIntegerField()
    state = models.CharField(max_length=20, choices=[(s.value, s.value) for s in TargetState])
    state_at = models.DateTimeField()
    holds_host = models.BooleanField(default=True, help_text="the visible lock: the push is open")
    base = models.CharField(
        max_length=64, blank=True, help_text="live digest when proposed, empty is none"
    )
    base_revision = models.ForeignKey(
        Revision, on_delete=models.PROTECT, null=True, blank=True, related_name="based_targets"
    )
    ground = models.CharField(
        max_length=64,
        blank=True,
        default="",
        help_text="digest of what lay in the base when proposed, empty is not known",
    )
    damage = models.JSONField(default=list, help_text="what differed in the base when proposed")
    revision = models.ForeignKey(Revision, on_delete=models.PROTECT, related_name="targets")
    plan = models.JSONField()
    told = models.JSONField(
        null=True, blank=True, help_text="of an import: what its report explains of the old ways"
    )
    manifest = models.JSONField(null=True, blank=True)
    manifest_digest = models.CharField(max_length=64, blank=True)
    proof = models.JSONField(null=True, blank=True)
    answers = models.BinaryField(null=True, help_text="what sendmail answered, packed")
    answers_digest = models.CharField(max_length=64, blank=True)
    proved_at = models.DateTimeField(null=True, blank=True)
    attempt = models.ForeignKey(
        Attempt, on_delete=models.SET_NULL, null=True, blank=True, related_name="push_targets"
    )
    error = models.JSONField(
        null=True, blank=True, help_text="code, text and output of what failed"
    )

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["push", "host"], name="host_once_per_push"),
            models.UniqueConstraint(
                fields=["host"], condition=Q(holds_host=True), name="one_open_push_per_host"
            ),
            models.CheckConstraint(
                condition=Q(state__in=[state.value for state in TargetState]),
                name="target_state_is_known",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.push} on {self.host}"


class TouchedObject(models.Model):
    """An object that a push changes on the host of `target`: the way back from it to its pushes.

    Frozen with the push. `object_id` is no foreign key: the row may be gone, the push stays.
    """

    target = models.ForeignKey(PushTarget, on_delete=models.CASCADE, related_name="touched")
    object_id = models.UUIDField()

    class Meta:
        constraints = [
            # The object first: its pushes are asked for, of a million objects in one step.
            models.UniqueConstraint(fields=["object_id", "target"], name="object_once_per_target"),
        ]

    def __str__(self) -> str:
        return f"{self.object_id} in {self.target}"


class PushEditor(models.Model):
    """Somebody who wrote an object of the push since the host's live revision; frozen."""

    push = models.ForeignKey(ConfigPush, on_delete=models.PROTECT, related_name="editors")
    username = models.CharField(max_length=60)
    name = models.CharField(max_length=120)
    object_id = models.UUIDField()
    subject = models.CharField(max_length=255)
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["push", "username", "object_id"], name="editor_once_per_object"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} edited {self.subject}"


class Approval(models.Model):
    """One person's verdict on exactly `digest`. Voided when the content is superseded."""

    push = models.ForeignKey(ConfigPush, on_delete=models.PROTECT, related_name="approvals")
    person = models.ForeignKey(Person, on_delete=models.PROTECT)
    verdict = models.CharField(
        max_length=10, choices=[("approved", "approved"), ("refused", "refused")]
    )
    digest = models.CharField(max_length=64)
    reason = models.TextField(blank=True)
    at = models.DateTimeField()
    voided_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["push", "person"],
                condition=Q(voided_at=None),
                name="one_verdict_per_person",
            ),
            models.CheckConstraint(
                condition=Q(verdict="approved") | ~Q(reason=""), name="refusal_has_a_reason"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person} {self.verdict} {self.push}"
