"""Keep the words that lists look along in step with the tags of the rows."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from mailadmin.audit.services import BATCH
from routing.models import RoutingObject, TaggedObject
from routing.queries.among import among


def index_tags(pairs: Iterable[tuple[RoutingObject | None, RoutingObject]]) -> None:
    """After rows were written, in their transaction: each as it was (None: new) and as it is."""
    moved = [
        (before, row) for before, row in pairs if before is None or _said(before) != _said(row)
    ]
    forget_tags(row.pk for before, row in moved if before is not None and before.tags)
    words = (
        TaggedObject(object_id=row.pk, kind=row.kind, word=word)
        for _, row in moved
        for word in row.tags.split()
    )
    TaggedObject.objects.bulk_create(words, batch_size=BATCH)


def forget_tags(identities: Iterable[UUID]) -> None:
    """Before rows are deleted, in their transaction."""
    gone = list(identities)
    if gone:
        TaggedObject.objects.filter(object__in=among(gone)).delete()


def _said(row: RoutingObject) -> tuple[str, str]:
    return row.kind, row.tags
