"""Pages of relay targets: the ways out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import uuid4

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from mailadmin.answers import moved, reason_not, shown
from mailadmin.asked import Asked, asked_of
from mailadmin.audit.queries import object_history
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
from mailadmin.people.session import signed_in
from mailadmin.saved.menus import columns_for, saved_for
from mailadmin.ui.relay_notes import relay_notes
from routing.core.findings import InvalidIntent
from routing.forms.fields import add_findings
from routing.forms.objects import VersionForm
from routing.forms.relays import RelayForm
from routing.models import RelayTarget
from routing.queries.gone import gone_of_rows
from routing.queries.relays import COLUMNS as FILE
from routing.queries.relays import (
    ORDERS,
    RelayList,
    RelayRow,
    RelayState,
    exported_relays,
    list_relays,
    routes_by,
)
from routing.queries.touched import pushes_of
from routing.services.errors import ConflictingEdit, NotAllowed
from routing.services.relays import delete_relay_target, save_relay_target
from routing.views.addressed import relay_or_404
from routing.views.conflict import chosen, conflict
from routing.views.dns_panel import relay_panel
from routing.views.exports import exports_of, file_of
from routing.views.finding_rows import findings_again, leading_back
from routing.views.history import timeline
from routing.views.nouns import RELAYS
from routing.views.object_pages import UNCHANGED, Act, version_now

STATES: Mapping[str, str] = {
    "": "All",
    RelayState.LIVE: "Live",
    RelayState.EDITED: "Edited",
    RelayState.UNUSED: "Not used",
    RelayState.REMOVED: "Removed, still live",
}
COLUMNS = (
    Column("Relay", "key"),
    Column("Hosts, in this order", name="hosts"),
    Column("Port", numeric=True, name="port"),
    Column("Value in the tables", name="value", roomy=True),
    Column("Routes", "routes", numeric=True, latest=True, name="routes"),
    Column("State", name="state"),
    Column("Tags", name="tags", standard=False, roomy=True),
    Column("Note", name="note", standard=False, roomy=True),
    Column("Changed by", "changed", latest=True, name="changed"),
)
ACTS = (
    ("swap", "Change a host…"),
    ("port", "Set the port…"),
    ("tag", "Add tags…"),
    ("untag", "Remove tags…"),
    ("note", "Set the note…"),
    ("undo", "Undo edits…"),
    ("delete", "Delete…"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RelaysPage(ListPage):
    """The list of relay targets."""

    rows: tuple[RelayRow, ...]


@require_safe
@requires(Permission.READ)
def list_all(request: HttpRequest) -> HttpResponseBase:
    """The relay targets that the address asks for, with what goes by them."""
    asked = asked_of(request, reverse("relay-list"), also=("tag",))
    rows = partial(exported_relays, asked)
    if file := file_of(request, name="relays", columns=FILE, rows=rows):
        return file
    found = list_relays(asked)
    reason = reason_not(request, Permission.EDIT, "add relay targets")
    person, seen = signed_in(request), with_tags_first(COLUMNS, found.words)
    columns = columns_for(person, "relay", seen, asked)
    page = RelaysPage(
        words=RELAYS,
        heads=heads_of(asked, columns.shown),
        rows=found.rows,
        total=found.total + found.counts[RelayState.REMOVED],
        matched=found.turn.total,
        action=asked.place,
        add_href=reverse("relay-add"),
        add_reason=reason,
        query=asked.text,
        chips=tag_chips(asked),
        tags=tag_links(asked, found.words),
        views=views_of(asked, _states(found), found.counts),
        pager=pager_of(asked, found.turn),
        hidden=asked.hidden,
        columns=columns,
        exports=exports_of(asked),
        acts=() if reason else _acts(asked),
        saved=saved_for(person, "relay", asked),
        gone=gone_of_rows(asked, words=found.words, states=STATES, orders=ORDERS),
    )
    return shown(request, "routing/relays.html", {"list": page})


@asks_first
@requires(Permission.EDIT)
def add(request: HttpRequest) -> HttpResponse:
    """Add one."""
    if request.method != "POST":
        form = RelayForm(initial={"identity": uuid4(), "version": 0, "port": "25"})
        return render(request, "routing/relay_add.html", {"form": form})
    form = RelayForm(chosen(request.POST))
    try:
        row = _save(request, form)
    except ConflictingEdit as error:
        made = RelayTarget(pk=form.cleaned_data["identity"])
        back = reverse("relay-list")
        return conflict(request, error=error, version=version_now(made), back=back)
    if row is None:
        return render(request, "routing/relay_add.html", {"form": form}, status=422)
    return moved(
        request, _href(row), f"{row.name} is saved. No mail goes by it until a route does."
    )


@require_safe
@requires(Permission.READ)
def page(request: HttpRequest, name: str) -> HttpResponse:
    """Hosts, port, the routes that name it, history."""
    return _show(request, relay_or_404(name))


@asks_first
@requires(Permission.EDIT)
def edit(request: HttpRequest, name: str) -> HttpResponse:
    """Save the form of the page."""
    if request.method != "POST":
        return _show(request, relay_or_404(name))
    form = RelayForm(chosen(request.POST))
    row = RelayTarget.objects.filter(pk=form.data["identity"]).first() if form.is_valid() else None
    try:
        saved = _save(request, form)
    except ConflictingEdit as error:
        version, back = (version_now(row), _href(row)) if row else (0, reverse("relay-list"))
        return conflict(request, error=error, version=version, back=back)
    if saved is None:
        return _show(request, row or relay_or_404(name), form, status=422)
    target = findings_again(request) or _href(saved)
    return moved(request, target, f"{saved.name} is saved. {UNCHANGED}")


@asks_first
@requires(Permission.EDIT)
def delete(request: HttpRequest, name: str) -> HttpResponse:
    """Delete one that no route names."""
    row = relay_or_404(name)
    if request.method != "POST":
        return _ask(request, row)
    form = VersionForm(request.POST)
    if not form.is_valid():
        return _ask(request, row, ("The page was not complete. Send it again.",))
    try:
        delete_relay_target(
            identity=row.pk, version=form.cleaned_data["version"], by=signed_in(request)
        )
    except NotAllowed as error:
        return _ask(request, row, error.reasons)
    except ConflictingEdit as error:
        return conflict(request, error=error, version=version_now(row), back=_href(row))
    return moved(request, reverse("relay-list"), f"{row.name} is deleted.")


def _states(found: RelayList) -> Mapping[str, str]:
    """Nobody is offered those that are removed while there is none."""
    rare = RelayState.REMOVED
    return {s: label for s, label in STATES.items() if s != rare or found.counts[rare]}


def _acts(asked: Asked) -> tuple[tuple[str, str], ...]:
    """What can be done with ticked rows."""
    undo = tuple(act for act in ACTS if act[0] == "undo")
    return undo if asked.state == RelayState.REMOVED else ACTS


def _save(request: HttpRequest, form: RelayForm) -> RelayTarget | None:
    """The saved target, None when the form now says what is wrong. Raises ConflictingEdit."""
    if not form.is_valid():
        return None
    try:
        return save_relay_target(**form.cleaned_data, by=signed_in(request))
    except InvalidIntent as error:
        add_findings(form, error.findings)
        return None


def _show(
    request: HttpRequest, row: RelayTarget, form: RelayForm | None = None, status: int = 200
) -> HttpResponse:
    back = findings_again(request)
    context = {
        "relay": row,
        "edit_href": leading_back(reverse("relay-edit", args=[row.name]), back),
        "back": back,
        "form": form or RelayForm(initial=_initial(row)),
        "routes": routes_by(row),
        "history": timeline(object_history(row.pk)),
        "pushes": pushes_of(row.pk),
        "dns": relay_panel(request, row),
        "notes": relay_notes(request, row.pk),
        "reason": reason_not(request, Permission.EDIT, "change relay targets"),
    }
    return render(request, "routing/relay.html", context, status=status)


def _ask(request: HttpRequest, row: RelayTarget, errors: tuple[str, ...] = ()) -> HttpResponse:
    effect = "No route may name it, so no mail goes by it."
    context = {
        "crumbs": [("Relays", reverse("relay-list")), (row.name, _href(row))],
        "key": row.name,
        "act": Act(f"Delete {row.name}", effect, f"Delete {row.name}"),
        "form": VersionForm(initial={"identity": row.pk, "version": row.version}),
        "errors": errors,
        "back": _href(row),
        "action": request.get_full_path(),
    }
    return render(request, "routing/ask.html", context, status=422 if errors else 200)


def _initial(row: RelayTarget) -> dict[str, Any]:
    return {
        "identity": row.pk,
        "version": row.version,
        "name": row.name,
        "hosts": row.hosts,
        "port": str(row.port),
        "note": row.note,
        "tags": row.tags,
    }


def _href(row: RelayTarget) -> str:
    return reverse("relay", args=[row.name])
