"""One act on many mail hosts: note and tag. Anything else of a host is done on its page."""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from mailadmin.audit.services import Actor, Happened, record_all
from mailadmin.people.models import Person
from mailadmin.people.services import acting
from routing.models import MailHost
from routing.services.acts import (
    Act,
    ActPlan,
    LeftAlone,
    Rows,
    done_once,
    name_in_trail,
    noted,
    plan_each,
    tagged,
    touched_since,
    untagged,
)
from routing.services.hosts import happened, host_values
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
        return done_once(
            token=token,
            act=act,
            plan=lambda: plan_host_act(
                act=act, chosen=chosen, text=text, touched=touched_since(since)
            ),
            write=lambda plan, saved: _write(plan.writes, saved, acting(by)),
        )


def _write(writes: HostWrites, saved: Happened, by: Actor) -> None:
    now, events = timezone.now(), [saved]
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


ACTS: Mapping[Act, Callable[[MailHost, str], MailHost]] = {
    Act.NOTE: noted,
    Act.TAG: lambda row, text: tagged(row, text, row.name),
    Act.UNTAG: untagged,
}
