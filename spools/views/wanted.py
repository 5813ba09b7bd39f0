"""What the address of a spool's page asks of its messages, and how each part of it is said."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.http import HttpRequest

from mailadmin.asked import Asked, asked_of
from mailadmin.listing import FilterChip
from spools.core.summary import AGE_EDGES_MIN, BUCKETS
from spools.models import Spool
from spools.queries.hops import Hop
from spools.queries.messages import OLDEST_FIRST, Wanted, reason_of
from spools.views.watching import spool_href

ALSO = ("domain", "reason", "age", "hop", "span", "all")
NOT_TRIED = "Not tried yet"


@dataclass(frozen=True, slots=True)
class Ask:
    """The address as read: `wanted` of the messages, `chips` of what holds, and the address."""

    asked: Asked
    wanted: Wanted
    chips: tuple[FilterChip, ...]

    def href(self, **changed: str) -> str:
        """The same with some of it changed, down at the messages."""
        return f"{self.asked.href(**changed)}#messages"


def ask_of(request: HttpRequest, row: Spool) -> Asked:
    """The address alone."""
    return asked_of(request, spool_href(row), plain=OLDEST_FIRST, also=ALSO)


def read_ask(asked: Asked, row: Spool, hops: Iterable[Hop]) -> Ask:
    """What the address says means for this spool. What it names and nobody has fits nothing."""
    bucket = _bucket(asked.also["age"])
    token = asked.also["reason"]
    reason = reason_of(row, token) if token else None
    hop = asked.also["hop"]
    wanted = Wanted(
        text=asked.text,
        state=asked.state,
        domain=asked.also["domain"],
        age=bucket,
        reason=reason if reason is not None else token,
        by_reason=bool(token),
        domains=_domains(hop, hops) if hop else None,
        sort=asked.sort,
        cursor=asked.cursor,
    )
    return Ask(asked, wanted, tuple(_chips(asked, wanted, reason)))


def age_words(bucket: int) -> str:
    """An age bucket in words: "under 5 min", "40 to 80 min", "over 21 h"."""
    if bucket == 0:
        return f"under {AGE_EDGES_MIN[0]} min"
    if bucket == BUCKETS - 1:
        return f"over {AGE_EDGES_MIN[-1]} min"
    return f"{AGE_EDGES_MIN[bucket - 1]} to {AGE_EDGES_MIN[bucket]} min"


def _bucket(text: str) -> int | None:
    """None for no bucket; one that is none fits nothing."""
    if not text:
        return None
    return int(text) if text.isascii() and text.isdigit() and len(text) < 4 else BUCKETS


def _domains(hop: str, hops: Iterable[Hop]) -> Sequence[str]:
    return next((found.domains for found in hops if found.live == hop), ())


def _chips(asked: Asked, wanted: Wanted, reason: str | None) -> Iterable[FilterChip]:
    if wanted.domain:
        yield FilterChip(f"To {wanted.domain}", asked.href(domain=""))
    if wanted.age is not None:
        known = wanted.age < BUCKETS
        words = age_words(wanted.age) if known else asked.also["age"]
        yield FilterChip(f"Age {words}", asked.href(age=""))
    if wanted.by_reason:
        words = NOT_TRIED if reason == "" else reason or "a reason that is gone"
        short = words if len(words) <= 60 else f"{words[:59]}…"
        yield FilterChip(f"Because: {short}", asked.href(reason=""))
    if asked.also["hop"]:
        yield FilterChip(f"By {asked.also['hop']}", asked.href(hop=""))
