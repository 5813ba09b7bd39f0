"""The page of one spool: what waits, since when, for whom, why, and where it would go."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from mailadmin.answers import polled, shown
from mailadmin.listing import Column, Pager, SortHead, ViewChip, heads_of, pager_of, views_of
from mailadmin.paging import Page
from mailadmin.people.access import requires
from mailadmin.people.roles import Permission
from mailadmin.ui.words import number
from mailadmin.wire.core.canonical import canonical, digest_of
from spools.core.summary import State
from spools.models import Spool, SpooledMessage
from spools.queries.hops import hops_of, ways_for
from spools.queries.messages import messages_of, states_of
from spools.queries.spools import SpoolLine, Watch, age_s, spool_line
from spools.views.chart import chart_context
from spools.views.spool_parts import bars_of, heat_of, hop_lines, hops_note, panels_of
from spools.views.spool_run import runs_context, tick_of
from spools.views.wanted import Ask, ask_of, read_ask
from spools.views.watching import spool_href, spool_or_404, watch_at

PAGE, LIVE = "spools/spool.html", "live"
STATES = {
    "": "All",
    State.WAITING.value: "Waiting",
    State.HELD.value: "Held",
    State.LOST.value: "Lost",
    State.NEW.value: "Being written",
    State.DAMAGED.value: "Damaged",
    State.UNREADABLE.value: "Unreadable",
    State.NO_DATA.value: "No body",
    State.ORPHANED.value: "Orphaned",
}
EXPECTED = ("", State.WAITING.value)


@dataclass(frozen=True, slots=True)
class MessageLine:
    """One message of the list; ages in seconds as of now, `tick` as in `tick_of`."""

    row: SpooledMessage
    href: str
    age_s: int | None
    to: str
    more: int
    tick: str


@require_safe
@requires(Permission.READ)
def page(request: HttpRequest, host: str, name: str) -> HttpResponse:
    """One spool."""
    row = spool_or_404(host, name)
    return shown(request, PAGE, _context(request, row), part=LIVE)


@require_safe
@requires(Permission.READ)
def live(request: HttpRequest, host: str, name: str) -> HttpResponse:
    """The page's poll: nothing while its agent said nothing."""
    row = spool_or_404(host, name)
    line = spool_line(row, watch_at(timezone.now()))
    return polled(
        request, PAGE, LIVE, version=version_of(line), context=lambda: _context(request, row)
    )


def version_of(line: SpoolLine) -> str:
    """Moves whenever anything on the page would, but ages."""
    said = [line.row.reports, line.standing.value, line.host_error, line.row.listed]
    return digest_of(canonical(said))[:16]


def _context(request: HttpRequest, row: Spool) -> dict[str, Any]:
    watch = watch_at(timezone.now())
    line, figures = spool_line(row, watch), row.figures
    asked = ask_of(request, row)
    ways = ways_for(row.host, [domain.domain for domain in figures.domains] if figures else [])
    hops = hops_of(figures.domains, ways) if figures else ()
    ask = read_ask(asked, row, hops)
    runs = runs_context(request, row)
    return {
        "line": line,
        "row": row,
        "figures": figures,
        "panels": tuple(panels_of(line)),
        "heat": heat_of(figures, ask, ticks=runs.get("may_tick", False)) if figures else None,
        "bars": bars_of(row, figures, ask) if figures else (),
        "hops": hop_lines(hops, ask),
        "hops_note": hops_note(ways, figures) if figures else "",
        "hops_missing": ways.missing,
        "version": version_of(line),
        "poll_href": asked.at(spool_href(row, "spool-live")),
        "stale_s": watch.stale_s,
        **_listed(row, ask, watch),
        **runs,
        **chart_context(row, ask.asked.also["span"], ask),
    }


def _listed(row: Spool, ask: Ask, watch: Watch) -> dict[str, Any]:
    found = messages_of(row, ask.wanted, watch.now)
    counts = states_of(row, ask.wanted, watch.now)
    total = row.messages.count()
    return {
        "listing": tuple(_line(row, message, watch.now) for message in found.rows),
        "pager": _pager(ask, found),
        "listed": total,
        "listed_note": _note(row, total),
        "matched": found.turn.total,
        "filter_action": ask.asked.place,
        "filter_query": ask.asked.text,
        "filter_chips": ask.chips,
        "filter_hidden": ask.asked.hidden,
        "filter_views": _views(ask, counts),
        "filter_count": f"{number(found.turn.total)} of {number(total)}"
        if ask.asked.is_filtered and found.turn.total != total
        else "",
        "clear_href": f"{ask.asked.place}#messages",
        "heads": _heads(ask),
    }


def _heads(ask: Ask) -> tuple[SortHead, ...]:
    """The columns that sort; the one that does now turns its order round."""
    columns = (
        Column("Age", "age", numeric=True),
        Column("Tries", "tries", numeric=True, latest=True),
        Column("Size", "size", numeric=True, latest=True),
    )
    heads = heads_of(ask.asked, columns)
    return tuple(replace(head, href=f"{head.href}#messages") for head in heads)


def _views(ask: Ask, counts: Mapping[str, int]) -> tuple[ViewChip, ...]:
    """States that nothing is in are not offered, but the two that everybody looks for."""
    there = {
        state: label
        for state, label in STATES.items()
        if state in EXPECTED or counts.get(state) or state == ask.asked.state
    }
    chips = views_of(ask.asked, there, counts)
    return tuple(replace(chip, href=f"{chip.href}#messages") for chip in chips)


def _pager(ask: Ask, found: Page[SpooledMessage]) -> Pager | None:
    pager = pager_of(ask.asked, found.turn, by_time=())
    if pager is None:
        return None
    older = f"{pager.older_href}#messages" if pager.older_href else ""
    newer = f"{pager.newer_href}#messages" if pager.newer_href else ""
    return replace(pager, older_href=older, newer_href=newer)


def _line(row: Spool, message: SpooledMessage, now: datetime) -> MessageLine:
    addresses = message.addresses
    return MessageLine(
        row=message,
        href=message_href(row, message),
        age_s=age_s(row, message.created, now),
        to=addresses[0] if addresses else "",
        more=max(0, message.recipients_total - 1),
        tick=tick_of(message),
    )


def message_href(row: Spool, message: SpooledMessage) -> str:
    """The page of one message."""
    href = reverse("spool-message", args=[row.host.name, row.name, message.queue_id])
    return f"{href}?{urlencode({'place': message.place})}" if message.place else href


def _note(row: Spool, listed: int) -> str:
    """What the list leaves out, "" for nothing."""
    if row.at is not None and not row.token and row.listed:
        return "The list is from an earlier scan; the next one brings it whole."
    figures = row.figures
    every = sum(figures.states.values()) if figures else 0
    if every > listed:
        return f"The {number(listed)} oldest of {number(every)} are listed."
    return ""
