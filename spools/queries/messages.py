"""The listed messages of a spool: what an address asks for, and a page of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from django.db.models import Count, Q, QuerySet
from django.db.models.functions import Coalesce

from mailadmin.paging import Order, Page, page_of
from spools.core.summary import AGE_EDGES_MIN, BUCKETS, State
from spools.models import Spool, SpooledMessage

PAGE_SIZE = 25
UNKNOWN_LAST = 2**53
ORDERS: Mapping[str, Order] = {
    "age": Order("made"),
    "-age": Order("made", down=True),
    "size": Order("size"),
    "-size": Order("size", down=True),
    "tries": Order("tried"),
    "-tries": Order("tried", down=True),
}
OLDEST_FIRST = "age"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the messages of a list must have; "" or None asks for nothing.

    `age` is the index of an age bucket; `reason` the folded answer, with `by_reason` for "" is one
    too. `domains` are those of a next hop: one of them is enough.
    """

    text: str = ""
    state: str = ""
    domain: str = ""
    age: int | None = None
    reason: str = ""
    by_reason: bool = False
    domains: Sequence[str] | None = None
    sort: str = OLDEST_FIRST
    cursor: str = ""


def messages_of(row: Spool, wanted: Wanted, now: datetime) -> Page[SpooledMessage]:
    """One page of them, the oldest first unless asked otherwise; those of unknown age come last."""
    rows = _keyed(wanted_rows(row, wanted, now))
    order = ORDERS.get(wanted.sort, ORDERS[OLDEST_FIRST])
    return page_of(rows, order=order, cursor=wanted.cursor, size=PAGE_SIZE)


def states_of(row: Spool, wanted: Wanted, now: datetime) -> Mapping[str, int]:
    """How many there are in each state that fit all else."""
    rows = row.messages.filter(_fits(row, wanted, now)).order_by()
    return dict(rows.values_list("state").annotate(Count("pk")))


def wanted_rows(row: Spool, wanted: Wanted, now: datetime) -> QuerySet[SpooledMessage]:
    """All that fit."""
    rows = row.messages.filter(_fits(row, wanted, now))
    return rows.filter(state=wanted.state) if wanted.state in set(State) else rows


def reason_token(folded: str) -> str:
    """What stands for a reason in an address: an answer may be as long as its sender likes."""
    return sha256(folded.encode()).hexdigest()[:12]


def reason_of(row: Spool, token: str) -> str | None:
    """The reason that a token stands for, None where nothing that is known of the spool has it."""
    figures = row.figures
    named = [reason.reason for reason in figures.reasons] if figures else []
    found = _named(named, token)
    if found is None:
        listed = row.messages.order_by().values_list("folded", flat=True).distinct()
        found = _named(listed, token)
    return found


def others_like(message: SpooledMessage) -> int:
    """How many more are listed with the same reason."""
    same = SpooledMessage.objects.filter(spool=message.spool_id, folded=message.folded)
    return same.exclude(pk=message.pk).count()


def _named(reasons: Iterable[str], token: str) -> str | None:
    return next((reason for reason in reasons if reason_token(reason) == token), None)


def _keyed(rows: QuerySet[SpooledMessage]) -> QuerySet[SpooledMessage]:
    """With what pages are turned by: no null, for nothing is before or after that."""
    return rows.annotate(
        made=Coalesce("created", UNKNOWN_LAST),
        size=Coalesce("bytes", 0),
        tried=Coalesce("tries", 0),
    )


def _fits(row: Spool, wanted: Wanted, now: datetime) -> Q:
    fits = Q()
    if wanted.text:
        fits &= (
            Q(queue_id__icontains=wanted.text)
            | Q(sender__icontains=wanted.text)
            | Q(recipients__icontains=wanted.text)
            | Q(reason__icontains=wanted.text)
        )
    if wanted.domain:
        fits &= _to(wanted.domain)
    if wanted.domains is not None:
        way = Q(pk__in=[])
        for domain in wanted.domains:
            way |= _to(domain)
        fits &= way
    if wanted.by_reason:
        fits &= Q(folded=wanted.reason)
    if wanted.age is not None:
        fits &= _aged(row, wanted.age, now)
    return fits


def _to(domain: str) -> Q:
    return Q(domains__contains=f" {domain.lower()} ")


def _aged(row: Spool, bucket: int, now: datetime) -> Q:
    """In an age bucket as it is at the moment, by the agent's clock as it was at the last scan."""
    if row.at is None or row.scan_at is None or not 0 <= bucket < BUCKETS:
        return Q(pk__in=[])
    clock = row.scan_at + round((now - row.at).total_seconds())
    fits = Q(created__isnull=False)
    if bucket:
        fits &= Q(created__lte=clock - AGE_EDGES_MIN[bucket - 1] * 60)
    if bucket < len(AGE_EDGES_MIN):
        fits &= Q(created__gt=clock - AGE_EDGES_MIN[bucket] * 60)
    return fits
