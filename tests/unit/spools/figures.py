"""The figures of a spool, counted in one pass over all its messages: what `Totals` must come to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from spools.core.facts import Facts
from spools.core.reasons import fold
from spools.core.summary import (
    BUCKETS,
    MOST_DOMAINS,
    MOST_REASONS,
    QUEUED,
    DomainRow,
    ReasonRow,
    State,
    bucket_of,
)


@dataclass(frozen=True, slots=True)
class Counted:
    """One message of a spool; `place` and `queue_id` name it."""

    place: str
    queue_id: str
    state: State
    facts: Facts
    queue_bytes: int
    data_bytes: int


@dataclass(slots=True)
class _Group:
    """Messages or recipients of one domain or reason; times are those of creation."""

    created: list[int] = field(default_factory=list)
    last_try: int | None = None
    sample: tuple[int, str, str, str] | None = None

    def ages(self, at: int) -> tuple[int, ...]:
        counts = Counter(bucket_of(at - time) for time in self.created)
        return tuple(counts[bucket] for bucket in range(BUCKETS))


def figures(messages: Iterable[Counted], *, at: int) -> Mapping[str, object]:
    """The fields of a Summary that its messages give."""
    everything, everyone = _Group(), _Group()
    domains: dict[str, _Group] = {}
    reasons: dict[str, _Group] = {}
    states: Counter[State] = Counter()
    queue_bytes = data_bytes = 0
    for message in messages:
        states[message.state] += 1
        queue_bytes += message.queue_bytes
        data_bytes += message.data_bytes
        facts = message.facts
        if message.state not in QUEUED or facts.created is None:
            continue
        reason = reasons.setdefault(fold(facts.answer), _Group())
        for group in (everything, reason):
            group.created.append(facts.created)
            group.last_try = max(group.last_try or 0, facts.last_try or 0) or None
        sample = (facts.created, message.place, message.queue_id, facts.answer)
        reason.sample = min(reason.sample or sample, sample)
        for domain, count in facts.domains.items():
            for group in (everyone, domains.setdefault(domain, _Group())):
                group.created.extend([facts.created] * count)
    shown = sorted(domains, key=lambda name: (-len(domains[name].created), name))
    named = sorted(reasons, key=lambda name: (-len(reasons[name].created), name))
    return {
        "at": at,
        "states": dict(states),
        "queue_bytes": queue_bytes,
        "data_bytes": data_bytes,
        "recipients": len(everyone.created),
        "ages": everything.ages(at),
        "oldest": _first(everything.created, at),
        "last_try": _last(everything, at),
        "domains": tuple(_domain(name, domains[name], at) for name in shown[:MOST_DOMAINS]),
        "other_domains": _others([domains[name] for name in shown[MOST_DOMAINS:]], at),
        "domains_total": len(domains),
        "reasons": tuple(_reason(name, reasons[name], at) for name in named[:MOST_REASONS]),
        "other_reasons": _other_reasons([reasons[name] for name in named[MOST_REASONS:]], at),
    }


def _first(created: Sequence[int], at: int) -> int | None:
    """The oldest of them; the clock may have been set back since."""
    return min(at, *created) if created else None


def _domain(name: str, group: _Group, at: int) -> DomainRow:
    return DomainRow(name, len(group.created), group.ages(at), _first(group.created, at))


def _others(groups: Sequence[_Group], at: int) -> DomainRow | None:
    rest = _Group([time for group in groups for time in group.created])
    return _domain("", rest, at) if groups else None


def _reason(name: str, group: _Group, at: int) -> ReasonRow:
    _, _, queue_id, sample = group.sample or (0, "", "", "")
    since = _first(group.created, at)
    return ReasonRow(name, len(group.created), since, _last(group, at), sample, queue_id)


def _other_reasons(groups: Sequence[_Group], at: int) -> ReasonRow | None:
    rest = _Group([time for group in groups for time in group.created])
    rest.last_try = max((group.last_try or 0 for group in groups), default=0) or None
    return _reason("", rest, at) if groups else None


def _last(group: _Group, at: int) -> int | None:
    """No try is after now."""
    return None if group.last_try is None else min(group.last_try, at)
