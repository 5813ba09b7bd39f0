"""Mail hosts, and what their agents said last."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.core.validators import RegexValidator
from django.db import models
from django.utils import timezone

from routing.core.facts import HostFacts, HostKind, facts_from_json
from routing.core.tags import LONGEST_TAG, MOST_TAGS

TAGS_LENGTH = MOST_TAGS * (LONGEST_TAG + 1)

HOST_NAME = RegexValidator(
    r"^[a-z][a-z0-9-]{0,30}\Z",
    "Use lower-case letters, digits and hyphens, as in listes.",
)


class InService(models.Manager["MailHost"]):
    """The mail hosts that were not retired."""

    def get_queryset(self) -> models.QuerySet[MailHost]:
        """Only those."""
        return super().get_queryset().filter(retired_at=None)


class MailHost(models.Model):
    """A machine with agents. `site_m4` goes verbatim into its `local.m4`.

    A retired one keeps its rows and its history; nothing is asked of it or proposed for it.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=31, unique=True, validators=[HOST_NAME])
    kind = models.CharField(max_length=20, choices=[(kind.value, kind.value) for kind in HostKind])
    position = models.PositiveIntegerField(
        default=0, help_text="order of activation, first is the canary"
    )
    site_m4 = models.TextField(blank=True)
    note = models.TextField(blank=True)
    tags = models.CharField(max_length=TAGS_LENGTH, blank=True, default="")
    retired_at = models.DateTimeField(null=True, blank=True)
    version = models.PositiveIntegerField(default=1)
    changed_at = models.DateTimeField(default=timezone.now)
    changed_by = models.CharField(max_length=120)

    objects: ClassVar[models.Manager[MailHost]] = models.Manager()
    in_service: ClassVar[InService] = InService()

    class Meta:
        ordering = ["position", "name"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(kind__in=[kind.value for kind in HostKind]),
                name="mail_host_kind_is_known",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_list_server(self) -> bool:
        """Whether config pushes go there."""
        return self.kind == HostKind.LIST_SERVER


class HostState(models.Model):
    """What the agents of a mail host observed last: machine telemetry, written without an event.

    `live` and `last_good` are release digests ("" is none, null is not known yet), `drift`,
    `otherwise` and `kept` are lists as the verb *observe* reports them, each item of `drift` with
    `since`, when it was first seen. `runner` is the last queue run as it reports it, {} where there
    was none, null where its agent does not say. `ground` is the digest of all that lies in the live
    release, "" where its agent does not say.
    """

    host = models.OneToOneField(MailHost, on_delete=models.CASCADE, related_name="state")
    facts = models.JSONField(null=True, blank=True)
    live = models.CharField(max_length=64, null=True, blank=True)  # noqa: DJ001  # null: unknown
    last_good = models.CharField(max_length=64, null=True, blank=True)  # noqa: DJ001  # null: unknown
    releases = models.JSONField(default=list)
    drift = models.JSONField(default=list)
    ground = models.CharField(max_length=64, blank=True, default="")
    otherwise = models.JSONField(default=list)
    kept = models.JSONField(default=list)
    kept_total = models.PositiveIntegerField(null=True, blank=True)
    runner = models.JSONField(null=True, blank=True)
    error = models.TextField(blank=True)
    deploy_at = models.DateTimeField(null=True, blank=True)
    spool_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.host}: {(self.live or 'nothing')[:8]} live"

    @property
    def host_facts(self) -> HostFacts | None:
        """The facts as values, None before the first observation."""
        return facts_from_json(self.facts) if self.facts else None
