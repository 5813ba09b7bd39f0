"""What waits in the spools of a list server for the domains that one key of its table decides."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Count, Min

from routing.core.intent import DEFAULT_KEY
from spools.core.summary import QUEUED, DomainRow, Summary
from spools.models import Spool
from spools.queries.hops import keys_for


@dataclass(frozen=True, slots=True)
class ForKey:
    """What one spool says; nothing where `missing` says why.

    `recipients` are those at `domains`, which the scan counts one by one, the largest first;
    `is_all`: there are no others. Where the key is one domain and the scan does not count it by
    itself, `recipients` is None and `listed` are the messages to it among those that are listed;
    `most` is how many recipients there can be at most. `oldest` is by the agent's clock.
    """

    row: Spool
    missing: str = ""
    domains: tuple[str, ...] = ()
    recipients: int | None = None
    is_all: bool = False
    listed: int = 0
    most: int = 0
    oldest: int | None = None


def waiting_for(server: str, key: str) -> tuple[ForKey, ...]:
    """Each spool that the agent of this list server tells of, by name."""
    spools = Spool.objects.filter(host__name=server, listed=True).select_related("host")
    return tuple(_of(row, key.lower()) for row in spools.order_by("name"))


def _of(row: Spool, key: str) -> ForKey:
    figures = row.figures
    if figures is None:
        return ForKey(row, missing=row.problem or "It was not scanned yet.")
    if key == DEFAULT_KEY or key.startswith("."):
        return _of_several(row, figures, key)
    return _of_one(row, figures, key)


def _of_several(row: Spool, figures: Summary, key: str) -> ForKey:
    """Of the domains that the scan counts, those for which the live table takes this key."""
    missing, keys = keys_for(row.host, [domain.domain for domain in figures.domains])
    if missing:
        return ForKey(row, missing=missing)
    return _counted(row, figures, [item for item in figures.domains if keys[item.domain] == key])


def _of_one(row: Spool, figures: Summary, key: str) -> ForKey:
    own = [domain for domain in figures.domains if domain.domain == key]
    rest = figures.other_domains
    if own or rest is None:
        return _counted(row, figures, own, is_all=True)
    listed = row.messages.filter(state__in=QUEUED, domains__contains=f" {key} ")
    told = listed.aggregate(messages=Count("pk"), oldest=Min("created"))
    return ForKey(
        row,
        domains=(key,) if told["messages"] else (),
        listed=told["messages"],
        most=min([rest.recipients, *(domain.recipients for domain in figures.domains)]),
        oldest=told["oldest"],
    )


def _counted(
    row: Spool, figures: Summary, found: list[DomainRow], *, is_all: bool = False
) -> ForKey:
    return ForKey(
        row,
        domains=tuple(item.domain for item in found),
        recipients=sum(item.recipients for item in found),
        is_all=is_all or figures.other_domains is None,
        oldest=min((item.oldest for item in found if item.oldest is not None), default=None),
    )
