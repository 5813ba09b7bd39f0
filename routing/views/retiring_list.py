"""All domains that are being retired: how far each is, and the next step for many at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import partial

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.views.decorators.http import require_safe

from mailadmin.answers import reason_not, shown
from mailadmin.asked import asked_of
from mailadmin.listing import Column, ListPage, chips_of, heads_of, pager_of, views_of
from mailadmin.methods import asks_first
from mailadmin.people.access import requires
from mailadmin.people.roles import Permission
from mailadmin.people.session import signed_in
from mailadmin.saved.menus import columns_for, saved_for
from routing.models import Retirement
from routing.queries.gone import gone_of_rows
from routing.queries.retirement import Retiring
from routing.queries.retirement_list import (
    COLUMNS as FILE,
)
from routing.queries.retirement_list import (
    ORDERS,
    RetiringList,
    RetiringShown,
    exported_retirements,
    list_retirements,
)
from routing.views.acted_retiring import RETIRING_ACTED
from routing.views.bulk_acts import answer_act
from routing.views.exports import exports_of, file_of
from routing.views.nouns import DOMAINS, RETIRING
from routing.views.retire_words import long_day, page_of_retiring, step_word

STATES: Mapping[str, str] = {
    "": "All",
    RetiringShown.DRAINING: "Draining",
    RetiringShown.REJECTING: "Rejecting",
    RetiringShown.GONE: "Gone, still live",
    RetiringShown.DUE: "Due",
}
COLUMNS = (
    Column("Domain", "key"),
    Column("Step", name="step"),
    Column("Live", name="live"),
    Column("Next step", "day", name="next"),
    Column("Note", name="note", standard=False, roomy=True),
    Column("Changed by", "changed", latest=True, name="changed"),
)
ACTS = (
    ("reject", "Reject mail…"),
    ("gone", "Take off the server…"),
    ("readmit", "Let mail in again…"),
    ("keep", "Stop retiring…"),
)


@dataclass(frozen=True, slots=True)
class ListRow:
    """One retirement in the list of all."""

    mark: Retirement
    href: str
    server: str
    step: str
    live: str
    is_live: bool
    push: int | None
    day: str
    is_due: bool
    pick: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RetiringPage(ListPage):
    """The list of retirements."""

    rows: tuple[ListRow, ...]


@require_safe
@requires(Permission.READ)
def retiring_list(request: HttpRequest) -> HttpResponseBase:
    """Those that are not over, at first the next planned day first."""
    asked = asked_of(request, RETIRING.list_href, plain="day", also=("server",))
    today, person = timezone.localdate(), signed_in(request)
    rows = partial(exported_retirements, asked, today)
    if file := file_of(request, name="retiring", columns=FILE, rows=rows):
        return file
    found = list_retirements(asked, today)
    columns = columns_for(person, RETIRING.slug, COLUMNS, asked)
    may_edit = not reason_not(request, Permission.EDIT, "")
    page = RetiringPage(
        words=RETIRING,
        heads=heads_of(asked, columns.shown),
        rows=tuple(_row(item, today) for item in found.rows),
        total=found.total,
        matched=found.turn.total,
        action=asked.place,
        query=asked.text,
        chips=chips_of(asked, {"server": "Server"}),
        views=views_of(asked, _states(found), found.counts),
        pager=pager_of(asked, found.turn),
        hidden=asked.hidden,
        columns=columns,
        exports=exports_of(asked),
        acts=ACTS if may_edit else (),
        saved=saved_for(person, RETIRING.slug, asked),
        gone=gone_of_rows(asked, words=(), states=STATES, orders=ORDERS),
    )
    return shown(request, "routing/retiring.html", {"list": page, "noun": DOMAINS})


@asks_first
@requires(Permission.EDIT)
def retiring_act(request: HttpRequest) -> HttpResponse:
    """Ask about a step of the ticked ones, or of all that match; then take it."""
    return answer_act(request, RETIRING_ACTED)


def _states(found: RetiringList) -> Mapping[str, str]:
    """Nobody is offered what is not there: the last two are the exception."""
    rare = (RetiringShown.GONE, RetiringShown.DUE)
    return {
        state: label
        for state, label in STATES.items()
        if state not in rare or found.counts[RetiringShown(state)]
    }


def _row(item: Retiring, today: date) -> ListRow:
    mark = item.mark
    return ListRow(
        mark=mark,
        href=page_of_retiring(item),
        server=item.server,
        step=step_word(item.step),
        live=step_word(item.live),
        is_live=item.is_live,
        push=item.push,
        day=long_day(mark.next_on),
        is_due=item.is_due(today),
        pick=f"{mark.object_id.hex}.{item.version}",
    )
