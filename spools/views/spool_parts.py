"""The parts of a spool's page as values: panels, the table by domain and age, reasons, hops."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from mailadmin.ui.badges import Badge, badge_of
from mailadmin.ui.overview import Panel
from mailadmin.ui.words import UNKNOWN, duration, number, rate, size
from spools.core.flush import DOMAIN
from spools.core.standing import Standing
from spools.core.summary import AGE_EDGES_MIN, DomainRow, Summary
from spools.forms.flush import BETWEEN
from spools.models import Spool
from spools.queries.hops import Hop, Ways
from spools.queries.messages import reason_token
from spools.queries.spools import SpoolLine, moment_of
from spools.views.wanted import NOT_TRIED, Ask, age_words

DOMAINS_SHOWN = 15
TINTS = (5, 12, 25, 50)
"""A cell's share of all recipients, in percent, from which on its tint is the next one."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One number of the table by domain and age. `tint` is 1 to 5, 0 for nothing."""

    count: int
    tint: int
    href: str
    label: str


@dataclass(frozen=True, slots=True)
class HeatRow:
    """One line of it. `name` is what it is called, `href` leads to its messages, `tick` is what
    names it to a run, "" where none can be begun."""

    name: str
    href: str
    total: int
    cells: tuple[Cell, ...]
    is_domain: bool = True
    tick: str = ""


@dataclass(frozen=True, slots=True)
class Heat:
    """The table; `more_href` shows `more` further domains, or fewer again where that is 0."""

    heads: tuple[tuple[str, str, str], ...]
    rows: tuple[HeatRow, ...]
    total: HeatRow
    domains: int
    more: int
    more_href: str


@dataclass(frozen=True, slots=True)
class Bar:
    """One reason. `share` is in percent of all that wait; `since` and `last_try` by our clock."""

    text: str
    href: str
    count: int
    share: int
    sample: str
    since: datetime | None
    last_try: datetime | None


@dataclass(frozen=True, slots=True)
class HopLine:
    """One next hop with what goes there."""

    live: str
    href: str
    recipients: int
    domains: int
    fallback: tuple[str, ...]
    same: bool


def panels_of(line: SpoolLine) -> Iterator[Panel]:
    """The six of the strip; a figure that is old stands in the colour of what is not known."""
    row, stale = line.row, line.is_stale
    yield _panel("Waiting", number(row.waiting), stale, spark=line.spark)
    old = line.is_old
    none = "nothing waits" if row.waiting == 0 else "no message says when it was made"
    yield _panel(
        "Oldest",
        "" if line.oldest_s is None else duration(line.oldest_s),
        stale,
        lines=("over the limit",) if old else (),
        badge=_badge("warn", duration(line.oldest_s)) if old and not stale else None,
        empty=none,
    )
    flow = "" if row.in_per_min is None else f"{rate(row.in_per_min)} / {rate(row.out_per_min)}"
    yield _panel(
        "In / out per minute",
        flow,
        stale,
        lines=("over the last 10 min",) if flow else (),
        empty="needs two scans",
    )
    yield _drains(line)
    yield _panel("Bytes", "" if row.bytes is None else size(row.bytes), stale)
    yield _held(line)


def _panel(
    label: str,
    value: str,
    stale: bool,
    *,
    lines: tuple[str, ...] = (),
    badge: Badge | None = None,
    empty: str = "",
    spark: tuple[float | None, ...] = (),
) -> Panel:
    known = "" if value == UNKNOWN else value
    if stale and known:
        badge = Badge("unk", known, badge_of("spool", Standing.SILENT).icon)
    return Panel(label, "", badge, known, lines, None, "", "" if known else empty, spark)


def _badge(kind: str, word: str) -> Badge:
    icons = {"warn": "alert-triangle", "bad": "alert-octagon"}
    return Badge(kind, word, icons[kind])


def _drains(line: SpoolLine) -> Panel:
    row, why = line.row, ""
    if row.waiting == 0:
        return _panel("Drains in", "", line.is_stale, empty="nothing waits")
    if row.in_per_min is None or row.out_per_min is None:
        why = "the rates are not known"
    elif row.out_per_min <= row.in_per_min:
        grows = row.in_per_min > row.out_per_min
        why = "it grows" if grows else "as much comes as goes"
    known = "" if line.drains_s is None else duration(line.drains_s)
    lines = ("if it goes on like this",) if known else ()
    return _panel("Drains in", known, line.is_stale, lines=lines, empty=why)


def _held(line: SpoolLine) -> Panel:
    row, count = line.row, line.held_or_lost
    lines = [f"{number(row.held)} held, {number(row.lost)} lost"] if count else []
    others = (row.broken or 0) - (row.lost or 0)
    if others:
        lines.append(f"{number(others)} broken otherwise")
    kind = "bad" if row.broken else "warn"
    badge = _badge(kind, number(count)) if (count or others) and not line.is_stale else None
    value = "" if count is None else number(count)
    return _panel("Held or lost", value, line.is_stale, lines=tuple(lines), badge=badge)


def heat_of(figures: Summary, ask: Ask, *, ticks: bool = False) -> Heat | None:
    """Recipients by domain and age, None where nobody waits; `ticks`: domains can be ticked."""
    every = [row for row in (*figures.domains, figures.other_domains) if row is not None]
    total = sum(row.recipients for row in every)
    if not total:
        return None
    shown, rest = list(figures.domains), list[DomainRow]()
    whole = bool(ask.asked.also["all"])
    if not whole:
        shown, rest = shown[:DOMAINS_SHOWN], shown[DOMAINS_SHOWN:]
    more = len(rest)
    if figures.other_domains is not None:
        rest.append(figures.other_domains)
    rows = [_heat_row(row.domain, row, total, ask, ticks) for row in shown]
    if rest:
        rows.append(_others(rest, figures.domains_total - len(shown), total))
    return Heat(
        heads=tuple(_head(bucket, ask) for bucket in range(len(figures.ages))),
        rows=tuple(rows),
        total=_all(every, total, ask),
        domains=figures.domains_total,
        more=more,
        more_href=ask.asked.href(all="" if whole else "yes") if more or whole else "",
    )


def _head(bucket: int, ask: Ask) -> tuple[str, str, str]:
    last = bucket == len(AGE_EDGES_MIN)
    short = "older" if last else f"{AGE_EDGES_MIN[bucket]}{' min' if not bucket else ''}"
    return short, age_words(bucket), ask.href(age=str(bucket))


def _heat_row(domain: str, row: DomainRow, total: int, ask: Ask, ticks: bool) -> HeatRow:
    cells = tuple(
        Cell(
            count,
            tint(count, total),
            ask.href(domain=domain, age=str(bucket)) if domain and count else "",
            f"{number(count)} to {domain or 'no domain'}, {age_words(bucket)}",
        )
        for bucket, count in enumerate(row.ages)
    )
    href = ask.href(domain=domain) if domain else ""
    tick = domain if ticks and DOMAIN.fullmatch(domain) and not BETWEEN.search(domain) else ""
    return HeatRow(domain or "no domain", href, row.recipients, cells, tick=tick)


def _others(rows: Iterable[DomainRow], domains: int, total: int) -> HeatRow:
    ages = _sums(rows)
    name = f"{number(domains)} {'other' if domains == 1 else 'others'}"
    cells = tuple(Cell(count, tint(count, total), "", "") for count in ages)
    return HeatRow(name, "", sum(ages), cells, is_domain=False)


def _all(rows: Iterable[DomainRow], total: int, ask: Ask) -> HeatRow:
    cells = tuple(
        Cell(count, 0, ask.href(domain="", age=str(bucket)) if count else "", age_words(bucket))
        for bucket, count in enumerate(_sums(rows))
    )
    return HeatRow("All", "", total, cells, is_domain=False)


def _sums(rows: Iterable[DomainRow]) -> Sequence[int]:
    return [sum(counts) for counts in zip(*(row.ages for row in rows), strict=True)]


def tint(count: int, total: int) -> int:
    """1 to 5 by the share of all, 0 for nothing."""
    if not count:
        return 0
    share = count * 100 / total
    return 1 + sum(share >= edge for edge in TINTS)


def bars_of(row: Spool, figures: Summary, ask: Ask) -> tuple[Bar, ...]:
    """Why it waits, the most messages first; the rest as one."""
    total = sum(reason.messages for reason in figures.reasons)
    rest = figures.other_reasons
    total += rest.messages if rest else 0
    bars = [
        Bar(
            reason.reason or NOT_TRIED,
            ask.href(reason=reason_token(reason.reason)),
            reason.messages,
            _share(reason.messages, total),
            reason.sample if reason.sample != reason.reason else "",
            moment_of(row, reason.since),
            moment_of(row, reason.last_try),
        )
        for reason in figures.reasons
    ]
    if rest:
        moments = moment_of(row, rest.since), moment_of(row, rest.last_try)
        share = _share(rest.messages, total)
        bars.append(Bar("Other reasons", "", rest.messages, share, "", *moments))
    return tuple(bars)


def _share(count: int, total: int) -> int:
    """In percent; what is there at all is at least one."""
    return max(1, round(count * 100 / total)) if count and total else 0


def hop_lines(hops: Iterable[Hop], ask: Ask) -> tuple[HopLine, ...]:
    """The next hops, each with the messages that go there."""
    return tuple(
        HopLine(
            hop.live,
            ask.href(hop=hop.live),
            hop.recipients,
            len(hop.domains),
            hop.fallback,
            hop.fallback == (hop.live,),
        )
        for hop in hops
    )


def hops_note(ways: Ways, figures: Summary) -> str:
    """Why no next hop is known, or of how many domains it is told."""
    if ways.missing:
        return ways.missing
    shown, every = len(figures.domains), figures.domains_total
    return f"of the {number(shown)} largest of {number(every)} domains" if every > shown else ""
