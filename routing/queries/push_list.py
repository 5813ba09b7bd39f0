"""The list of config pushes: views, search, pages, and what waits for whom."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from uuid import UUID

from django.db.models import Q, QuerySet

from mailadmin.paging import Order, Page, Turn, page_of
from mailadmin.people.models import Person
from mailadmin.people.roles import Permission
from routing.core.edits import Op
from routing.core.states import OPEN_PUSH, PushState, TargetState
from routing.models import (
    Approval,
    ConfigPush,
    PushTarget,
    TouchedObject,
)
from routing.queries.pushes import AFTER_APPROVAL, of_closed_accounts

NEWEST_FIRST = Order("pk", down=True)
DIGITS = 18
"""A number of more is no push's, and no database holds it."""


class View(StrEnum):
    """The ready-made selections of the list."""

    WAITING = "waiting"
    OPEN = "open"
    LIVE = "live"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class PushLine:
    """One push of the list."""

    number: int
    title: str
    state: PushState
    created: int
    updated: int
    deleted: int
    hosts: tuple[str, ...]
    author: str
    approver: str
    digest: str
    at: datetime
    waits_for_me: bool


@dataclass(frozen=True, slots=True)
class PushList:
    """A page of pushes; `counts` how many each view holds."""

    rows: tuple[PushLine, ...]
    turn: Turn
    counts: Mapping[View, int]


def list_pushes(
    *,
    view: View,
    person: Person,
    one_postmaster: bool,
    text: str = "",
    changing: UUID | None = None,
    cursor: str = "",
) -> PushList:
    """One page of a view, newest first; what waits for the reader stands above the rest.

    `text` is looked for in titles, notes, authors and host names; a number is that push. `changing`
    leaves those that change one object or relay target.
    """
    mine = waiting_for(person, one_postmaster=one_postmaster)
    live = live_pushes()
    page: Page[ConfigPush] = page_of(
        _of_view(view, mine, live).filter(_says(text) & _changing(changing)),
        order=NEWEST_FIRST,
        cursor=cursor,
    )
    counts = {name: _of_view(name, mine, live).count() for name in View}
    lines = _lines(page.rows, mine)
    ordered = (
        *(row for row in lines if row.waits_for_me),
        *(r for r in lines if not r.waits_for_me),
    )
    return PushList(ordered, page.turn, counts)


def waiting_for(person: Person, *, one_postmaster: bool) -> frozenset[int]:
    """Numbers of the pushes that cannot go on without this person or somebody like them."""
    mine = Q(state=PushState.STOPPED, proposed_by_person=person)
    if person.may(Permission.APPROVE):
        own = Q(editors__username=person.username) | Q(proposed_by_person=person)
        proved = Q(state=PushState.PROVED)
        mine |= proved if one_postmaster else proved & ~Q(pk__in=ConfigPush.objects.filter(own))
        mine |= Q(state=PushState.APPROVED, deploy_when_approved=False)
        mine |= Q(state=PushState.APPROVED, pk__in=of_closed_accounts().values("push"))
        mine |= Q(state=PushState.STOPPED)
    return frozenset(ConfigPush.objects.filter(mine).values_list("pk", flat=True))


def live_pushes() -> frozenset[int]:
    """Numbers of the pushes that some mail host runs now."""
    confirmed = PushTarget.objects.filter(state=TargetState.CONFIRMED)
    newest: dict[object, int] = {}
    for host, push in confirmed.order_by("state_at", "pk").values_list("host_id", "push_id"):
        newest[host] = push
    return frozenset(newest.values())


def _of_view(view: View, mine: frozenset[int], live: frozenset[int]) -> QuerySet[ConfigPush]:
    every = ConfigPush.objects.all()
    match view:
        case View.WAITING:
            return every.filter(pk__in=mine)
        case View.OPEN:
            return every.filter(state__in=OPEN_PUSH)
        case View.LIVE:
            return every.filter(pk__in=live)
        case View.ALL:
            return every


def _changing(object_id: UUID | None) -> Q:
    if object_id is None:
        return Q()
    found = TouchedObject.objects.filter(object_id=object_id)
    return Q(pk__in=found.values("target__push_id"))


def _says(text: str) -> Q:
    if not text:
        return Q()
    number = text.removeprefix("#")
    if number.isascii() and number.isdigit() and len(number) <= DIGITS:
        return Q(pk=int(number))
    on_host = PushTarget.objects.filter(host__name__icontains=text).values("push")
    said = Q(title__icontains=text) | Q(note__icontains=text) | Q(proposed_by__icontains=text)
    return said | Q(pk__in=on_host)


def _lines(pushes: Iterable[ConfigPush], mine: frozenset[int]) -> tuple[PushLine, ...]:
    numbers = [push.pk for push in pushes]
    targets = (
        PushTarget.objects.filter(push__in=numbers)
        .select_related("host")
        .only("push_id", "host__name", "position")
    )
    hosts: dict[int, list[PushTarget]] = {}
    for target in targets.order_by("position"):
        hosts.setdefault(target.push_id, []).append(target)
    given = Approval.objects.filter(push__in=numbers, voided_at=None).select_related("person")
    people = {approval.push_id: approval.person for approval in given}
    return tuple(
        _line(push, hosts.get(push.pk, []), people.get(push.pk), push.pk in mine) for push in pushes
    )


def _line(
    push: ConfigPush, targets: list[PushTarget], approver: Person | None, mine: bool
) -> PushLine:
    counts = [_counts(target.pk, push.proposed_at) for target in targets]
    created, updated, deleted = (
        (sum(column) for column in zip(*counts, strict=True))
        if counts
        else (
            0,
            0,
            0,
        )
    )
    return PushLine(
        number=push.pk,
        title=push.title,
        state=PushState(push.state),
        created=created,
        updated=updated,
        deleted=deleted,
        hosts=tuple(target.host.name for target in targets),
        author=push.proposed_by,
        approver=_approver(push, approver),
        digest=push.digest,
        at=push.proposed_at,
        waits_for_me=mine,
    )


def _approver(push: ConfigPush, person: Person | None) -> str:
    if person is None:
        return ""
    counts = person.is_active or push.state not in AFTER_APPROVAL
    return person.full_name if counts else f"{person.full_name} (closed, does not count)"


@lru_cache(maxsize=1024)
def _counts(target: int, proposed_at: datetime) -> tuple[int, int, int]:
    """How many keys a plan creates, changes, deletes. A plan is frozen, so this never ages; the
    moment tells apart rows of two databases with the same number."""
    del proposed_at
    stored = PushTarget.objects.filter(pk=target).values_list("plan", flat=True).get()
    ops = [change["op"] for change in stored["changes"]]
    return ops.count(Op.CREATE), ops.count(Op.UPDATE), ops.count(Op.DELETE)
