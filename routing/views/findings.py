"""The page of findings: what is odd about the lines of the list servers, the worst first."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_safe

from mailadmin.answers import reason_not, shown
from mailadmin.asked import Asked, asked_of
from mailadmin.listing import (
    Column,
    ListPage,
    ListWords,
    chips_of,
    heads_of,
    pager_of,
    views_of,
)
from mailadmin.people.access import requires
from mailadmin.people.roles import Permission
from routing.queries.findings import OddList, OddRow, list_oddities
from routing.services.findings import read_small
from routing.views.finding_rows import KINDS, FindingRow, finding_row

WORDS = ListWords(
    "Findings", "finding", "check", "Each line of the list servers does what it is there for."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingsPage(ListPage):
    """The list, when it was read (None: now), the servers that are still to be read, and those of
    which nothing can be said."""

    rows: tuple[FindingRow, ...]
    as_of: datetime | None
    unread: tuple[str, ...]
    silent: tuple[str, ...]
    show_server: bool


@require_safe
@requires(Permission.READ)
def findings(request: HttpRequest) -> HttpResponse:
    """Counts by kind as chips, search, pages; the address is the whole state."""
    asked = asked_of(request, reverse("findings"), also=("server",))
    may_edit = not reason_not(request, Permission.EDIT, "")
    read_small()
    page = _page(asked, list_oddities(asked), may_edit=may_edit)
    return shown(request, "routing/findings.html", {"list": page})


def _page(asked: Asked, found: OddList, *, may_edit: bool) -> FindingsPage:
    several = len(found.servers) > 1
    kinds = {kind: label for kind, label in KINDS.items() if found.counts.get(kind)}
    columns = ["Line", *(["Server"] if several else []), "Kind", "What happens to mail"]
    return FindingsPage(
        words=WORDS,
        rows=tuple(_row(row, asked, may_edit=may_edit) for row in found.rows),
        heads=heads_of(asked, [Column(label) for label in columns]),
        total=found.total,
        matched=found.turn.total,
        more=found.turn.more,
        action=asked.place,
        query=asked.text,
        chips=chips_of(asked, {"server": "Server"}),
        views=views_of(asked, {"": "All", **kinds}, found.counts),
        pager=pager_of(asked, found.turn),
        hidden=asked.hidden,
        as_of=found.as_of,
        unread=found.unread,
        silent=found.silent,
        show_server=several,
    )


def _row(row: OddRow, asked: Asked, *, may_edit: bool) -> FindingRow:
    return finding_row(row.server, row.odd, may_edit=may_edit, back=asked.at(asked.place))
