"""Pages of mail hosts: the list, one of them, its form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from uuid import uuid4

from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from mailadmin.answers import moved, polled, reason_not, shown
from mailadmin.asked import asked_of
from mailadmin.listing import (
    Column,
    ListPage,
    heads_of,
    pager_of,
    tag_chips,
    tag_links,
    views_of,
    with_tags_first,
)
from mailadmin.methods import asks_first
from mailadmin.people.access import requires
from mailadmin.people.roles import Permission
from mailadmin.people.services import actor
from mailadmin.people.session import signed_in
from mailadmin.saved.menus import columns_for, saved_for
from routing.core.findings import InvalidIntent
from routing.forms.fields import add_findings
from routing.forms.hosts import HostForm
from routing.models import MailHost
from routing.queries.gone import gone_of_rows
from routing.queries.host_list import COLUMNS as FILE
from routing.queries.host_list import ORDERS, HostList, HostsShown, exported_hosts, list_hosts
from routing.queries.hosts import HostPage, HostSummary, host_page
from routing.services.errors import ConflictingEdit
from routing.services.hosts import save_mail_host
from routing.views.addressed import host_or_404
from routing.views.conflict import chosen, conflict
from routing.views.exports import exports_of, file_of
from routing.views.mail_host_page import host_context, host_version, period, put_back
from routing.views.nouns import MAIL_HOSTS
from routing.views.object_pages import version_now

PAGE, LIVE = "routing/mail_host.html", "live"

STATES: Mapping[str, str] = {
    "": "In service",
    HostsShown.LIST_SERVERS: "List servers",
    HostsShown.RELAYS: "Outgoing relays",
    HostsShown.SILENT: "Silent",
    HostsShown.RETIRED: "Retired",
}
COLUMNS = (
    Column("Order", "order", numeric=True),
    Column("Host", "key"),
    Column("Kind", "kind", name="kind"),
    Column("Tags", name="tags", standard=False, roomy=True),
    Column("Note", name="note", standard=False, roomy=True),
    Column("Agents", name="agents"),
    Column("Live now", name="live"),
    Column("Drift", name="drift"),
    Column("Kept", numeric=True, name="kept"),
    Column("Seen", name="seen"),
)
RETIRED_COLUMNS = (*COLUMNS[:5], Column("Ran last"), Column("Retired"))
ACTS = (("tag", "Add tags…"), ("untag", "Remove tags…"), ("note", "Set the note…"))


@dataclass(frozen=True, slots=True, kw_only=True)
class MailHostsPage(ListPage):
    """The list of mail hosts; `retired` when it shows those. `silent` is how many are."""

    rows: tuple[HostSummary, ...]
    retired: bool
    silent: int


@require_safe
@requires(Permission.READ)
def list_all(request: HttpRequest) -> HttpResponseBase:
    """The mail hosts that the address asks for, at first in order of activation."""
    asked = asked_of(request, reverse("mail-host-list"), plain="order", also=("tag",))
    rows = partial(exported_hosts, asked, now=timezone.now(), period=period())
    if file := file_of(request, name="mail-hosts", columns=FILE, rows=rows):
        return file
    found = list_hosts(asked, now=timezone.now(), period=period())
    retired, person = asked.state == HostsShown.RETIRED, signed_in(request)
    reason = reason_not(request, Permission.ADMINISTER, "add mail hosts")
    may_edit = not reason
    there = with_tags_first(RETIRED_COLUMNS if retired else COLUMNS, found.words)
    columns = columns_for(person, "mail-host", there, asked)
    page = MailHostsPage(
        words=MAIL_HOSTS,
        heads=heads_of(asked, columns.shown),
        rows=found.rows,
        total=found.total,
        matched=found.turn.total,
        action=asked.place,
        add_href=reverse("mail-host-add"),
        add_reason=reason,
        query=asked.text,
        chips=tag_chips(asked),
        tags=tag_links(asked, found.words),
        views=views_of(asked, _states(found), found.counts),
        pager=pager_of(asked, found.turn, by_time=()),
        hidden=asked.hidden,
        columns=columns,
        exports=exports_of(asked),
        saved=saved_for(person, "mail-host", asked),
        acts=() if retired or not may_edit else ACTS,
        gone=gone_of_rows(asked, words=found.words, states=STATES, orders=ORDERS),
        retired=retired,
        silent=found.counts[HostsShown.SILENT],
    )
    return shown(request, "routing/mail_hosts.html", {"list": page})


@require_safe
@requires(Permission.READ)
def page(request: HttpRequest, name: str) -> HttpResponse:
    """One mail host."""
    return shown(request, PAGE, host_context(request, _found(name)), part=LIVE)


@require_safe
@requires(Permission.READ)
def live(request: HttpRequest, name: str) -> HttpResponse:
    """The page's poll: nothing while its agents said nothing and nobody wrote."""
    found = _found(name)
    return polled(
        request,
        PAGE,
        LIVE,
        version=host_version(found),
        context=lambda: host_context(request, found),
    )


@require_safe
@requires(Permission.READ)
def drift(request: HttpRequest) -> HttpResponse:
    """Every mail host: whether its live files are what our record says, and the way back."""
    now, reason = timezone.now(), reason_not(request, Permission.EDIT, "propose pushes")
    names = MailHost.in_service.values_list("name", flat=True)
    found = [page for name in names if (page := host_page(name, now=now, period=period()))]
    context = {
        "hosts": [(page, put_back(page, reason)) for page in found],
        "reason": reason,
    }
    return render(request, "routing/drift.html", context)


@asks_first
@requires(Permission.ADMINISTER)
def add(request: HttpRequest) -> HttpResponse:
    """Add a mail host; its agents say the rest."""
    return _form_page(request, None)


@asks_first
@requires(Permission.ADMINISTER)
def edit(request: HttpRequest, name: str) -> HttpResponse:
    """Its place in the order, the site's own m4, a note."""
    return _form_page(request, host_or_404(name))


def _states(found: HostList) -> Mapping[str, str]:
    """Nobody is offered what is not there: silent and retired hosts are the exception."""
    rare = (HostsShown.SILENT, HostsShown.RETIRED)
    return {
        state: label
        for state, label in STATES.items()
        if state not in rare or found.counts[HostsShown(state)]
    }


def _found(name: str) -> HostPage:
    """The mail host that the address names."""
    found = host_page(name, now=timezone.now(), period=period())
    if found is None:
        raise Http404(f"There is no mail host {name}.")
    return found


def _form_page(request: HttpRequest, row: MailHost | None) -> HttpResponse:
    form = HostForm(chosen(request.POST) or None, initial=_initial(row))
    if request.method != "POST":
        return _show_form(request, row, form)
    back = reverse("mail-host", args=[row.name]) if row else reverse("mail-host-list")
    try:
        saved = _save(request, form)
    except ConflictingEdit as error:
        made = MailHost(pk=form.cleaned_data["identity"])
        return conflict(request, error=error, version=version_now(made), back=back)
    if saved is None:
        return _show_form(request, row, form, status=422)
    return moved(request, reverse("mail-host", args=[saved.name]), f"{saved.name} is saved.")


def _show_form(
    request: HttpRequest, row: MailHost | None, form: HostForm, status: int = 200
) -> HttpResponse:
    context = {"form": form, "host": row}
    return render(request, "routing/mail_host_form.html", context, status=status)


def _save(request: HttpRequest, form: HostForm) -> MailHost | None:
    """The saved host, None when the form now says what is wrong. Raises ConflictingEdit."""
    if not form.is_valid():
        return None
    try:
        return save_mail_host(**form.cleaned_data, by=actor(signed_in(request)))
    except InvalidIntent as error:
        add_findings(form, error.findings)
        return None


def _initial(row: MailHost | None) -> dict[str, object]:
    if row is None:
        return {"identity": uuid4(), "version": 0, "position": MailHost.in_service.count()}
    fields = ("version", "name", "kind", "position", "site_m4", "note", "tags")
    return {"identity": row.pk} | {field: getattr(row, field) for field in fields}
