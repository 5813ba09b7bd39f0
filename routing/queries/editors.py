"""Who wrote the edits of a list server: what the rule of the second person is judged by."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

from mailadmin.audit.models import AuditEvent
from routing.core.intent import RelayTarget, RoutingObject
from routing.models import MailHost, PushEditor, PushTarget, Revision
from routing.queries.among import among
from routing.queries.revisions import intent_of

PROGRAMS = frozenset({"import", "control", "setup"})
WORDS = frozenset({"note", "tags"})
"""Fields of an object or relay target that no rendering reads."""

Values = Mapping[UUID, RoutingObject | RelayTarget]


@dataclass(frozen=True, slots=True)
class Editor:
    """Somebody's last write of one object."""

    username: str
    name: str
    object_id: UUID
    subject: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Step:
    """One revision on the way to what is live, and the one that its values came from."""

    revision: int
    push: int
    parent: int | None


def editors_of(object_ids: Iterable[UUID], base: Revision | None) -> tuple[Editor, ...]:
    """Everybody, programs left out, who wrote one of these objects after the value of it that is
    live with `base`. None is a host without a release: everybody who ever wrote it.

    Who changed no more than its note or its tags wrote none of what a host gets.

    A push takes up only the edits that were picked. A write may so be older than the live revision
    and not be live: it counts, or its author could approve it later.
    """
    since = live_events(frozenset(object_ids), base)
    if not since:
        return ()
    events = AuditEvent.objects.filter(object_id__in=among(since)).exclude(actor__in=PROGRAMS)
    columns = ("number", "actor", "actor_name", "object_id", "subject", "at", "old", "new")
    rows = events.order_by("number").values_list(*columns)
    last = {
        (username, identity): Editor(username, name, identity, subject, at)
        for number, username, name, identity, subject, at, old, new in rows.iterator()
        if identity is not None and number > since[identity] and _reaches_a_host(old, new)
    }
    return tuple(last.values())


def _reaches_a_host(old: Mapping[str, Any] | None, new: Mapping[str, Any] | None) -> bool:
    """Whether a write changed anything but words that only people read. When in doubt, it did."""
    if old is None or new is None:
        return True
    said = [{k: v for k, v in values.items() if k not in WORDS} for values in (old, new)]
    return said[0] != said[1]


def site_m4_editors(host: MailHost, base: Revision | None) -> tuple[Editor, ...]:
    """Everybody who changed the site's m4 of a host since its live revision.

    It is no edit that somebody picks: it rides whole in the next push, whoever proposes that.
    """
    since = base.last_event if base else 0
    events = AuditEvent.objects.filter(object_id=host.pk, number__gt=since)
    last = {
        event.actor: event
        for event in events.exclude(actor__in=PROGRAMS).order_by("number")
        if (event.old or {}).get("site_m4", "") != (event.new or {}).get("site_m4", "")
    }
    return tuple(
        Editor(username, event.actor_name, host.pk, f"the m4 of {host.name}", event.at)
        for username, event in last.items()
    )


def live_events(object_ids: frozenset[UUID], base: Revision | None) -> dict[UUID, int]:
    """For each object the number up to which its events are live; 0 when none of a person is."""
    since = dict.fromkeys(object_ids, 0)
    steps = list(_steps(base)) if base else []
    held, values = _held(object_ids, steps), cache(_values)
    for step in steps:
        for identity in held.get(step.push, frozenset()):
            if not since[identity] and _takes_up(step, identity, values):
                since[identity] = Revision.objects.get(pk=step.revision).last_event
    return since


def _steps(base: Revision) -> Iterator[Step]:
    """From the live revision back to the first. A restored one stands in for what came between."""
    targets = PushTarget.objects.filter(host=base.host_id)
    made = {
        revision: Step(revision, push, restored or before)
        for revision, push, before, restored in targets.values_list(
            "revision", "push", "base_revision", "push__restores"
        )
    }
    here: int | None = base.pk
    while here is not None and here in made:
        yield made[here]
        here = made[here].parent


def _held(object_ids: frozenset[UUID], steps: Iterable[Step]) -> dict[int, set[UUID]]:
    """Which of the objects each push held, on whatever host."""
    rows = PushEditor.objects.filter(
        push__in=[step.push for step in steps], object_id__in=among(object_ids)
    )
    held: dict[int, set[UUID]] = {}
    for push, identity in rows.values_list("push", "object_id"):
        held.setdefault(push, set()).add(identity)
    return held


def _takes_up(step: Step, identity: UUID, values: Callable[[int], Values]) -> bool:
    """Whether the object's edit went to this host too: a relay target's may go to some only."""
    before = values(step.parent).get(identity) if step.parent else None
    return values(step.revision).get(identity) != before


def _values(revision: int) -> Values:
    intent = intent_of(Revision.objects.get(pk=revision))
    objects: Values = {item.id: item for item in intent.objects}
    return {**objects, **{relay.id: relay for relay in intent.relay_targets}}
