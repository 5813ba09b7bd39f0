"""What spools say on the first page: two panels, and rows where one needs a person."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from mailadmin.ui.badges import ICONS, Badge
from mailadmin.ui.overview import Need, Panel, Part
from mailadmin.ui.words import counted, duration, number
from mailadmin.wire.core.messages import Role
from mailadmin.wire.models import Agent
from spools.core.standing import Standing
from spools.core.summary import QUEUED, State
from spools.models import Spool
from spools.queries.spools import SpoolLine, Watch, list_spools, moment_of
from spools.views.spool_list import checked_at
from spools.views.watching import spool_href, watch_at

UNREADABLE, SILENT, BROKEN, OLD = 2, 3, 4, 4
"""Ranks among the rows of routing: after what runs wrongly, beside what is silent or kept."""
HEARD_PERIODS = 4
STATE_WORDS = {
    State.LOST: "lost",
    State.DAMAGED: "damaged",
    State.UNREADABLE: "unreadable",
    State.NO_DATA: "without a body",
    State.ORPHANED: "orphaned",
}


def overview(request: HttpRequest) -> Part:
    """For a person who may read; nothing before the first spool is known."""
    watch = watch_at(timezone.now())
    lines = [line for line in list_spools(watch) if line.row.listed]
    if not lines:
        return Part()
    needs = tuple(need for line in lines for need in _needs(line, watch))
    return Part(needs=needs, panels=tuple(_panels(lines)), checked=checked_at(lines))


def _needs(line: SpoolLine, watch: Watch) -> Iterator[Need]:
    if line.standing is Standing.UNREADABLE:
        yield _need(
            line,
            "unreadable",
            "bad",
            f"{_name(line)} cannot be read",
            line.row.problem,
            rank=UNREADABLE,
            at=line.row.problem_at,
        )
    elif line.standing is Standing.SILENT:
        if _is_heard(line, watch):
            why = line.host_error or "Its agent speaks, and no scan of it comes."
            fact = f"No news of {_name(line)}"
            yield _need(line, "silent", "warn", fact, why, rank=SILENT, at=line.row.at)
    elif line.standing is not Standing.UNSCANNED:
        yield from _mail(line)


def _mail(line: SpoolLine) -> Iterator[Need]:
    broken = line.row.broken or 0
    if broken:
        files = counted(broken, "message is", "messages are")
        yield _need(
            line,
            "broken",
            "bad",
            f"{files} broken in {_name(line)}",
            f"{_broken(line.row)}. sendmail will not deliver them as they are.",
            rank=BROKEN,
            weight=broken,
        )
    if line.is_old:
        yield _need(
            line,
            "old",
            "warn",
            f"Mail waits in {_name(line)}",
            _why(line),
            rank=OLD,
            weight=line.row.waiting or 0,
            at=moment_of(line.row, line.row.oldest),
            lead="the oldest came",
        )


def _need(line: SpoolLine, what: str, kind: str, fact: str, text: str, **more: object) -> Need:
    return Need(
        id=f"spool-{what}-{line.row.pk}",
        kind=kind,
        fact=fact,
        text=text,
        label=f"Open {_name(line)}",
        href=spool_href(line.row),
        **more,  # type: ignore[arg-type]  # fields of Need, named by the callers above
    )


def _name(line: SpoolLine) -> str:
    return f"{line.host} / {line.row.name}"


def _is_heard(line: SpoolLine, watch: Watch) -> bool:
    """Whether its agent spoke lately: else a row about the agent tells the cause of this."""
    period = timedelta(seconds=settings.OBSERVE_SECONDS * HEARD_PERIODS)
    agents = Agent.objects.filter(host_name=line.host, role=Role.SPOOL)
    return agents.filter(last_seen_at__gt=watch.now - period).exists()


def _broken(row: Spool) -> str:
    figures = Spool.objects.get(pk=row.pk).figures
    states = figures.states if figures else {}
    told = [
        f"{number(states[state])} {word}"
        for state, word in STATE_WORDS.items()
        if states.get(state)
    ]
    return ", ".join(told).capitalize() or "See which"


def _why(line: SpoolLine) -> str:
    """How many, and what most of them were answered."""
    figures = Spool.objects.get(pk=line.row.pk).figures
    waits = f"{number(line.row.waiting)} wait"
    if figures is None or not figures.reasons:
        return f"{waits}."
    first = figures.reasons[0]
    queued = sum(figures.states.get(state, 0) for state in QUEUED)
    if not first.reason:
        return f"{waits}, {number(first.messages)} were not tried yet."
    of = "all" if first.messages == queued else f"{number(first.messages)} of them"
    return f"{waits}, {of}: {first.reason[:120]}"


def _panels(lines: Sequence[SpoolLine]) -> Iterator[Panel]:
    known = [line for line in lines if line.row.waiting is not None]
    fresh = [line for line in known if not line.is_stale]
    yield _waiting(lines, known, fresh)
    yield _oldest(lines, fresh)


def _waiting(
    lines: Sequence[SpoolLine], known: Sequence[SpoolLine], fresh: Sequence[SpoolLine]
) -> Panel:
    """All that is known of now; of old figures the sum is grey, for it is none of now."""
    told = fresh or known
    missing = len(lines) - len(fresh)
    total = sum(line.row.waiting or 0 for line in told)
    words = [f"in {counted(len(told), 'spool', 'spools')}"]
    if missing and fresh:
        words.append(f"no news of {number(missing)}")
    grey = bool(missing and told)
    return Panel(
        "Waiting",
        _list_href(lines),
        Badge("unk", number(total), ICONS["unk"]) if grey else None,
        number(total) if told else "",
        tuple(words) if told else (),
        checked_at(told),
        "as of" if fresh else "last word",
        "not scanned yet",
        _sum([line.spark for line in told]),
    )


def _oldest(lines: Sequence[SpoolLine], fresh: Sequence[SpoolLine]) -> Panel:
    ages = [line for line in fresh if line.oldest_s is not None]
    if not ages:
        none = "nothing waits" if fresh and len(fresh) == len(lines) else "not known"
        return Panel("Oldest", _list_href(lines), empty=none)
    worst = max(ages, key=lambda line: line.oldest_s or 0)
    text = duration(worst.oldest_s)
    return Panel(
        "Oldest",
        spool_href(worst.row),
        Badge("warn", text, ICONS["warn"]) if worst.is_old else None,
        text,
        (_name(worst),),
        checked_at(ages),
    )


def _list_href(lines: Sequence[SpoolLine]) -> str:
    return spool_href(lines[0].row) if len(lines) == 1 else reverse("spool-list")


def _sum(sparks: Sequence[tuple[float | None, ...]]) -> tuple[float | None, ...]:
    """All spools together; an hour in which one of them was not looked at is not known."""
    drawn = [spark for spark in sparks if spark]
    columns = zip(*drawn, strict=True) if drawn else ()
    return tuple(
        None if any(depth is None for depth in column) else sum(depth or 0 for depth in column)
        for column in columns
    )
