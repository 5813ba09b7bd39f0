"""Routing objects as rows: relay targets, and the keys of each list server's mailertable."""

from __future__ import annotations

import uuid
from typing import ClassVar, Self, TypeVar

from django.db import models
from django.db.models import Q

from routing.core.intent import ObjectKind
from routing.core.tags import LONGEST_TAG
from routing.models.hosts import TAGS_LENGTH, MailHost

KIND_CHOICES = [(kind.value, kind.value) for kind in ObjectKind]


class RelayTarget(models.Model):
    """The way out. Shared by all list servers; `hosts` is a list of names in order."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=31, unique=True)
    hosts = models.JSONField(default=list)
    port = models.PositiveIntegerField(default=25)
    note = models.TextField(blank=True)
    tags = models.CharField(max_length=TAGS_LENGTH, blank=True, default="")
    version = models.PositiveIntegerField(default=1)
    changed_at = models.DateTimeField()
    changed_by = models.CharField(max_length=120)

    class Meta:
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(
                condition=Q(port__gte=1, port__lte=65535), name="relay_port_is_a_port"
            ),
            models.CheckConstraint(condition=~Q(name=""), name="relay_has_a_name"),
            models.CheckConstraint(condition=~Q(hosts=[]), name="relay_has_a_host"),
        ]

    def __str__(self) -> str:
        return self.name


class RoutingObject(models.Model):
    """One key of one list server. All kinds share the table, so that a key is unique among them."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    server = models.ForeignKey(MailHost, on_delete=models.PROTECT, related_name="objects_of")
    kind = models.CharField(max_length=20, choices=KIND_CHOICES)
    key = models.CharField(max_length=255)
    enabled = models.BooleanField(default=True)
    relay_target = models.ForeignKey(
        RelayTarget, on_delete=models.PROTECT, null=True, blank=True, related_name="routes"
    )
    mailer = models.CharField(max_length=40, blank=True)
    next_hop = models.CharField(max_length=500, blank=True)
    note = models.TextField(blank=True)
    tags = models.CharField(max_length=TAGS_LENGTH, blank=True, default="")
    version = models.PositiveIntegerField(default=1)
    changed_at = models.DateTimeField()
    changed_by = models.CharField(max_length=120)

    class Meta:
        ordering = ["key"]
        constraints = [
            models.UniqueConstraint(fields=["server", "key"], name="one_key_once_per_server"),
            models.CheckConstraint(
                condition=Q(kind__in=[kind.value for kind in ObjectKind]),
                name="object_kind_is_known",
            ),
            models.CheckConstraint(condition=~Q(key=""), name="object_has_a_key"),
            models.CheckConstraint(
                condition=~Q(kind__in=["virtual_domain", "local_host"])
                | Q(relay_target=None, mailer="", next_hop=""),
                name="domain_and_local_host_name_no_way",
            ),
            models.CheckConstraint(
                condition=~Q(kind="route")
                | (Q(relay_target__isnull=False) & Q(mailer="", next_hop=""))
                | (Q(relay_target=None) & ~Q(mailer="")),
                name="route_names_relay_or_mailer",
            ),
            models.CheckConstraint(
                condition=~Q(kind="foreign_line") | (Q(relay_target=None) & ~Q(mailer="")),
                name="foreign_line_keeps_its_value",
            ),
        ]
        indexes = [
            models.Index(fields=["server", "kind", "key"], name="objects_by_kind"),
            # A page of a list begins anywhere in its order; `routing/queries/objects.py: ORDERS`.
            models.Index(fields=["kind", "key", "id"], name="objects_in_order"),
            models.Index(fields=["kind", "changed_at", "id"], name="objects_as_changed"),
            # The few that are disabled, anywhere in a long list.
            models.Index(
                fields=["kind", "key", "id"], condition=Q(enabled=False), name="objects_disabled"
            ),
        ]

    def __str__(self) -> str:
        return self.key


class TaggedObject(models.Model):
    """One word of the tags of an object, so that a list of a million rows finds those with a word
    along an index. `RoutingObject.tags` is what holds; whoever writes that writes these anew.
    """

    object = models.ForeignKey(RoutingObject, on_delete=models.DO_NOTHING, related_name="tagged")
    kind = models.CharField(max_length=20)
    word = models.CharField(max_length=LONGEST_TAG)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["object", "word"], name="word_once_per_object"),
        ]
        indexes = [models.Index(fields=["kind", "word", "object"], name="objects_by_tag")]

    def __str__(self) -> str:
        return self.word


Kind = TypeVar("Kind", bound=RoutingObject)


class OfKind(models.Manager[Kind]):
    """The rows of one kind."""

    def __init__(self, kind: ObjectKind) -> None:
        super().__init__()
        self.kind = kind

    def get_queryset(self) -> models.QuerySet[Kind]:
        """Only this kind."""
        return super().get_queryset().filter(kind=self.kind)


class VirtualDomain(RoutingObject):
    """Handed to the local MTA."""

    objects: ClassVar[OfKind[Self]] = OfKind(ObjectKind.VIRTUAL_DOMAIN)

    class Meta:
        proxy = True


class LocalHost(RoutingObject):
    """Served on this network, handed to the host of that name."""

    objects: ClassVar[OfKind[Self]] = OfKind(ObjectKind.LOCAL_HOST)

    class Meta:
        proxy = True


class Route(RoutingObject):
    """One destination by a relay target or a mailer of its own."""

    objects: ClassVar[OfKind[Self]] = OfKind(ObjectKind.ROUTE)

    class Meta:
        proxy = True


class ForeignLine(RoutingObject):
    """A line that an import kept as it was."""

    objects: ClassVar[OfKind[Self]] = OfKind(ObjectKind.FOREIGN_LINE)

    class Meta:
        proxy = True
