"""The list of config pushes as one value."""

from __future__ import annotations

from collections.abc import Mapping

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse

from mailadmin.answers import reason_not, uuid_of
from mailadmin.asked import Asked, asked_of
from mailadmin.audit.models import AuditHead
from mailadmin.audit.queries import object_history
from mailadmin.listing import FilterChip, ViewChip, counted, pager_of
from mailadmin.people.roles import Permission
from mailadmin.people.session import signed_in
from mailadmin.ui.list_pages import PushesPage, PushRow
from routing.queries.push_list import PushLine, PushList, View, list_pushes

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
    asked = asked_of(request, reverse("pushes"), plain="newest", also=("view", "object"))
    found = list_pushes(
        view=view,
        person=signed_in(request),
        one_postmaster=settings.ONE_POSTMASTER,
        text=asked.text,
        changing=uuid_of(asked.also["object"]),
        cursor=asked.cursor,
    )
    return PushesPage(
        views=_views(asked, view, found),
        rows=tuple(_row(line) for line in found.rows),
        total=found.counts[View.ALL],
        propose_href=reverse("propose"),
        version=list_version(),
        poll_href=asked.at(reverse("pushes-live")),
        propose_reason=reason_not(request, Permission.EDIT, "propose pushes"),
        pager=pager_of(asked, found.turn, by_time=("newest",)),
        query=asked.text,
        chips=_chips(asked),
        hidden=asked.hidden,
        count_words=counted(found.turn.total, found.counts[view]),
        filtered=asked.is_filtered and found.counts[View.ALL] > 0,
    )


def _views(asked: Asked, view: View, found: PushList) -> tuple[ViewChip, ...]:
    return tuple(
        ViewChip(label, asked.href(view=name), name is view, found.counts[name])
        for name, label in WORDS.items()
    )


def _chips(asked: Asked) -> tuple[FilterChip, ...]:
    """The object that the list is narrowed to, by its last name."""
    identity = uuid_of(asked.also["object"])
    if identity is None:
        return ()
    events = object_history(identity, 1)
    name = events[0].subject if events else "an object that is not known"
    return (FilterChip(f"Changing: {name}", asked.href(object="")),)


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
