"""All spools on one page: what needs a look first."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from mailadmin.answers import polled
from mailadmin.asked import Asked, asked_of
from mailadmin.listing import Column, ListPage, ListWords, heads_of, pager_of, views_of
from mailadmin.paging import page_among
from mailadmin.people.access import requires
from mailadmin.people.roles import Permission
from mailadmin.wire.core.canonical import canonical, digest_of
from routing.models import MailHost
from spools.core.standing import RANK, Standing
from spools.models import SpoolScan
from spools.queries.spools import SpoolLine, list_spools, unheard_hosts
from spools.views.watching import spool_href, watch_at

PAGE, LIVE = "spools/spools.html", "live"
WELL = (Standing.FLOWS, Standing.EMPTY)

WORDS = ListWords(
    many="Spools",
    short="spool",
    icon="stack-2",
    empty="A spool appears here when the spool agent of a mail host has looked for the first time.",
)
STATES: Mapping[str, str] = {"": "All", "look": "Need a look", "mail": "With mail"}
COLUMNS = (
    Column("Spool", "key"),
    Column("State", "state"),
    Column("Waiting", "waiting", numeric=True, latest=True),
    Column("Oldest", "oldest", numeric=True, latest=True),
    Column("In / out per minute", numeric=True, roomy=True),
    Column("Bytes", "bytes", numeric=True, latest=True, roomy=True),
    Column("Held or lost", numeric=True),
    Column("Broken", numeric=True),
    Column("Last 24 h", roomy=True),
    Column("As of", numeric=True),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SpoolsPage(ListPage):
    """The spools, and the hosts of which none is known with the scan that brought none."""

    rows: tuple[tuple[SpoolLine, str], ...]
    unheard: tuple[tuple[MailHost, SpoolScan | None], ...]
    version: str
    poll_href: str


@require_safe
@requires(Permission.READ)
def list_all(request: HttpRequest) -> HttpResponse:
    """The spools that the address asks for."""
    return render(request, PAGE, {"list": _page(request)})


@require_safe
@requires(Permission.READ)
def live(request: HttpRequest) -> HttpResponse:
    """The page's poll: nothing while no agent said anything."""
    page = _page(request)
    return polled(request, PAGE, LIVE, version=page.version, context=lambda: {"list": page})


def _page(request: HttpRequest) -> SpoolsPage:
    asked = asked_of(request, reverse("spool-list"), plain="state")
    every, unheard = list_spools(watch_at(timezone.now())), unheard_hosts()
    fitting = [line for line in every if _fits(line, asked.text)]
    chosen = _sorted([line for line in fitting if _is_in(line, asked.state)], asked.sort)
    at = {line.row.pk: place for place, line in enumerate(chosen)}
    shown, turn = page_among(chosen, place=lambda line: (at[line.row.pk],), cursor=asked.cursor)
    return SpoolsPage(
        words=WORDS,
        heads=heads_of(asked, COLUMNS),
        rows=tuple((line, spool_href(line.row)) for line in shown),
        unheard=unheard if not asked.is_filtered else (),
        total=len(every),
        matched=len(chosen),
        action=asked.place,
        query=asked.text,
        views=views_of(asked, STATES, _counts(fitting)),
        pager=pager_of(asked, turn, by_time=()),
        hidden=asked.hidden,
        version=version_of(every, unheard),
        poll_href=_poll_href(asked),
    )


def _poll_href(asked: Asked) -> str:
    return asked.at(reverse("spools-live"))


def version_of(
    lines: Sequence[SpoolLine], unheard: Sequence[tuple[MailHost, SpoolScan | None]]
) -> str:
    """Moves whenever anything on a page of them would, but ages."""
    said: list[Any] = [
        [line.row.pk, line.row.reports, line.standing.value, line.host_error] for line in lines
    ]
    said += [[host.name, scan.error if scan else ""] for host, scan in unheard]
    return digest_of(canonical(said))[:16]


def _fits(line: SpoolLine, text: str) -> bool:
    words = (line.host, line.row.name, line.row.path)
    return any(text.lower() in word.lower() for word in words)


def _is_in(line: SpoolLine, state: str) -> bool:
    if state == "look":
        return line.standing not in WELL
    return bool(line.row.waiting) if state == "mail" else True


def _counts(lines: Sequence[SpoolLine]) -> Mapping[str, int]:
    return {state: sum(_is_in(line, state) for line in lines) for state in STATES if state}


def _sorted(lines: list[SpoolLine], sort: str) -> list[SpoolLine]:
    """In the order of the address; what is not known is last, whichever way."""
    key = KEYS.get(sort.removeprefix("-"))
    if key is None:
        return lines
    known = [line for line in lines if key(line) is not None]
    known.sort(key=key, reverse=sort.startswith("-"))
    return known + [line for line in lines if key(line) is None]


KEYS: Mapping[str, Callable[[SpoolLine], Any]] = {
    "key": lambda line: (line.host, line.row.name),
    "state": lambda line: RANK[line.standing],
    "waiting": lambda line: line.row.waiting,
    "oldest": lambda line: line.oldest_s,
    "bytes": lambda line: line.row.bytes,
}


def checked_at(lines: Sequence[SpoolLine]) -> datetime | None:
    """The oldest figure of them, None where there is none."""
    return min((line.row.at for line in lines if line.row.at), default=None)
