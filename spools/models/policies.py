"""When a list server may send past its relay, as people decided, and what they are asked."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from mailadmin.people.models import Person
from routing.models import MailHost
from spools.core.health import RelayState
from spools.core.policy import Mode, Policy
from spools.models.runs import FlushRun


class FallbackPolicy(models.Model):
    """The policy of one list server; without a row it is the default one.

    `wanted` is a policy that starts runs by itself and waits for a second person: a program then
    sends mail past the relay with nobody asked.
    """

    server = models.OneToOneField(
        MailHost, on_delete=models.CASCADE, primary_key=True, related_name="fallback_policy"
    )
    mode = models.CharField(max_length=10, choices=[(mode.value, mode.value) for mode in Mode])
    fires = models.JSONField(default=list)
    age_s = models.PositiveIntegerField()
    depth = models.PositiveIntegerField()
    excluded = models.JSONField(default=list)
    pause_s = models.PositiveIntegerField()
    most_runs = models.PositiveIntegerField()
    wanted = models.JSONField(null=True, blank=True)
    wanted_by = models.ForeignKey(
        Person, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    wanted_at = models.DateTimeField(null=True, blank=True)
    version = models.PositiveIntegerField(default=1)
    changed_at = models.DateTimeField()
    changed_by = models.CharField(max_length=120)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(mode__in=[mode.value for mode in Mode]), name="fallback_mode_is_known"
            ),
            models.CheckConstraint(
                condition=Q(wanted__isnull=True, wanted_by=None, wanted_at=None)
                | Q(wanted__isnull=False, wanted_by__isnull=False, wanted_at__isnull=False),
                name="wanted_policy_has_a_person",
            ),
        ]

    def __str__(self) -> str:
        return f"fallback of {self.server_id}: {self.mode}"

    @property
    def policy(self) -> Policy:
        """The row as a value."""
        return Policy(
            mode=Mode(self.mode),
            fires=frozenset(RelayState(state) for state in self.fires),
            age_s=self.age_s,
            depth=self.depth,
            excluded=tuple(self.excluded),
            pause_s=self.pause_s,
            most_runs=self.most_runs,
        )


class FallbackQuestion(models.Model):
    """The policy asks whether the mail of a list server shall go past its relay.

    `answer` is "" while it is open: confirmed (`run` is what began), declined (not asked again for
    a while) or withdrawn (the conditions hold no more).
    """

    ANSWERS = ("confirmed", "declined", "withdrawn")

    server = models.ForeignKey(
        MailHost, on_delete=models.CASCADE, related_name="fallback_questions"
    )
    relay = models.CharField(max_length=31)
    state = models.CharField(max_length=12)
    messages = models.PositiveBigIntegerField()
    asked_at = models.DateTimeField()
    answer = models.CharField(
        max_length=10, blank=True, choices=[(answer, answer) for answer in ANSWERS]
    )
    answered_at = models.DateTimeField(null=True, blank=True)
    answered_by = models.CharField(max_length=120, blank=True)
    run = models.ForeignKey(
        FlushRun, on_delete=models.SET_NULL, null=True, blank=True, related_name="questions"
    )

    class Meta:
        ordering = ["-asked_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["server"], condition=Q(answer=""), name="one_open_question_per_server"
            ),
            models.CheckConstraint(
                condition=Q(answer="", answered_at=None) | (~Q(answer="") & ~Q(answered_at=None)),
                name="answered_question_has_a_time",
            ),
        ]

    def __str__(self) -> str:
        return f"fallback of {self.server_id}? {self.answer or 'open'}"
