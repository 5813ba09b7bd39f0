"""One act on many mail hosts: note and tag. Anything else of a host is done on its page."""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping
from copy import copy
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from mailadmin.audit.services import Actor, Happened, record_all
from mailadmin.people.models import Person
from mailadmin.people.services import acting
from routing.core.tags import check_tags, with_tags, without_tags
from routing.models import MailHost
from routing.services.acts import (
    NOTE_LIMIT,
    Act,
    ActPlan,
    LeftAlone,
    Rows,
    name_in_trail,
    plan_each,
    touched_since,
)
from routing.services.hosts import happened, host_values
from routing.services.list_plan import happened_at_once, rows_saved
from routing.services.writing import WritesOf

HostActPlan = ActPlan[MailHost]
HostWrites = WritesOf[MailHost]


def plan_host_act(
    *,
    act: Act,
    chosen: Mapping[UUID, int],
    text: str = "",
    touched: Container[UUID] = (),
) -> HostActPlan:
    """What would be done to the chosen mail hosts: ids with the versions that a page showed; `text`
    is the note, or the tags. What is `touched` is left alone.

    Call it in a transaction: the rows are locked.
    """
    found = MailHost.objects.select_for_update().filter(pk__in=list(chosen))

    def after(identity: UUID, row: MailHost | None) -> MailHost | None:
        del identity
        if row is None:
            raise LeftAlone("It is deleted already.")
        return ACTS[act](row, text)

    rows = Rows({row.pk: row for row in found}, str, host_values, name_in_trail)
    return plan_each(chosen, rows, after, touched=touched)


def do_host_act(
    *,
    act: Act,
    chosen: Mapping[UUID, int],
    token: UUID,
    text: str = "",
    since: int | None = None,
    by: Person | Actor,
) -> HostActPlan:
    """Do it, one event for each. What somebody else changed meanwhile is left alone and said so;
    `since` as in `touched_since`. Sent twice with one token it is done once."""
    with transaction.atomic():
        if (done := rows_saved(token)) is not None:
            return ActPlan(HostWrites(), done, ())
        plan = plan_host_act(act=act, chosen=chosen, text=text, touched=touched_since(since))
        if plan.writes.total:
            _write(plan.writes, token, act, acting(by))
        return plan


def _write(writes: HostWrites, token: UUID, act: Act, by: Actor) -> None:
    now = timezone.now()
    events: list[Happened] = [happened_at_once(token, writes.total, act=act.value)]
    for before, row in writes.changed:
        MailHost.objects.filter(pk=row.pk, version=before.version).update(
            note=row.note,
            tags=row.tags,
            version=before.version + 1,
            changed_at=now,
            changed_by=by.name,
        )
        events.append(happened(row, "changed", old=host_values(before), new=host_values(row)))
    record_all(by=by, happened=events)


def _noted(row: MailHost, text: str) -> MailHost:
    after = copy(row)
    after.note = text[:NOTE_LIMIT]
    return after


def _tagged(row: MailHost, text: str) -> MailHost:
    after = copy(row)
    after.tags = with_tags(row.tags, text)
    if found := check_tags(after.tags, row.name):
        raise LeftAlone(" ".join(str(finding) for finding in found))
    return after


def _untagged(row: MailHost, text: str) -> MailHost:
    after = copy(row)
    after.tags = without_tags(row.tags, text)
    return after


ACTS: Mapping[Act, Callable[[MailHost, str], MailHost]] = {
    Act.NOTE: _noted,
    Act.TAG: _tagged,
    Act.UNTAG: _untagged,
}
