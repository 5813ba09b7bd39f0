"""The list of config pushes as one value."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse

from mailadmin.audit.models import AuditHead
from mailadmin.people.roles import Permission
from mailadmin.people.session import signed_in
from mailadmin.ui.pages import Pager, PushesPage, PushRow, ViewChip
from mailadmin.ui.words import number
from routing.queries.pushes import PushLine, PushList, View, list_pushes
from routing.views.answers import reason_not

WORDS: Mapping[View, str] = {
    View.WAITING: "Waiting for me",
    View.OPEN: "Open",
    View.LIVE: "Live",
    View.ALL: "All",
}


def asked_view(request: HttpRequest) -> View:
    """The view that the address names; all of them when it names none."""
    name = request.GET.get("view", "")
    return View(name) if name in set(View) else View.ALL


def list_version() -> str:
    """What the list's poll compares: every write of a push is an event."""
    head = AuditHead.objects.filter(pk=1).values_list("number", flat=True).first()
    return str(head or 0)


def pushes_page(request: HttpRequest, view: View | None = None) -> PushesPage:
    """The values of `routing/pushes.html`."""
    view = view or asked_view(request)
    found = list_pushes(
        view=view,
        person=signed_in(request),
        one_postmaster=settings.ONE_POSTMASTER,
        cursor=request.GET.get("page", ""),
    )
    here = {name: request.GET[name] for name in ("view", "page") if request.GET.get(name)}
    return PushesPage(
        views=_views(view, found),
        rows=tuple(_row(line) for line in found.rows),
        total=found.counts[View.ALL],
        propose_href=reverse("propose"),
        version=list_version(),
        poll_href=f"{reverse('pushes-live')}?{urlencode(here)}",
        propose_reason=reason_not(request, Permission.EDIT, "propose pushes"),
        pager=_pager(view, found),
        filtered=view is not View.ALL and found.counts[View.ALL] > 0,
    )


def _views(view: View, found: PushList) -> tuple[ViewChip, ...]:
    return tuple(
        ViewChip(label, f"{reverse('pushes')}?view={name}", name is view, found.counts[name])
        for name, label in WORDS.items()
    )


def _row(line: PushLine) -> PushRow:
    return PushRow(
        number=line.number,
        href=reverse("push", args=[line.number]),
        subject=line.title,
        state=line.state,
        created=line.created,
        updated=line.updated,
        deleted=line.deleted,
        hosts=", ".join(line.hosts),
        author=line.author,
        approver=line.approver,
        digest=line.digest,
        at=line.at,
        mine=line.waits_for_me,
    )


def _pager(view: View, found: PushList) -> Pager | None:
    if not (found.back or found.next):
        return None
    last = found.first + len(found.rows) - 1
    return Pager(
        f"{number(found.first)} to {number(last)} of {number(found.matched)}",
        older_href=_turn(view, found.next),
        newer_href=_turn(view, found.back),
    )


def _turn(view: View, cursor: str) -> str:
    query = urlencode({"view": view, "page": cursor})
    return f"{reverse('pushes')}?{query}" if cursor else ""
