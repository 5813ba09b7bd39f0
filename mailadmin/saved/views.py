"""Choose the columns of a list; save, name, share and delete filters of it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from urllib.parse import parse_qsl, urlencode
from uuid import UUID, uuid4

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import NoReverseMatch, reverse
from django.views.decorators.http import require_POST

from mailadmin.methods import asks_first
from mailadmin.people.access import requires
from mailadmin.people.roles import Permission
from mailadmin.people.services import NotPossible
from mailadmin.people.session import signed_in
from mailadmin.saved.forms import FilterForm
from mailadmin.saved.models import QUERY_LENGTH, SavedFilter
from mailadmin.saved.services import (
    change_filter,
    choose_columns,
    delete_filter,
    may_change,
    save_filter,
)

NAME = re.compile(r"[a-z_]{1,20}")
MOST_COLUMNS = 30
NOT_KEPT = frozenset({"page", "format"})
NO_SHARING = "Editors offer a filter to everybody; you can keep it for yourself."


@require_POST
@requires(Permission.READ)
def columns(request: HttpRequest, place: str) -> HttpResponse:
    """Show the ticked columns from now on, or those that everybody sees, and go back."""
    back = _back(place, request.POST.get("query", ""))
    ticked = [name for name in request.POST.getlist("column") if NAME.fullmatch(name)]
    wanted = None if "reset" in request.POST else tuple(dict.fromkeys(ticked))[:MOST_COLUMNS]
    choose_columns(person=signed_in(request), place=place, columns=wanted)
    return redirect(back)


@asks_first
@requires(Permission.READ)
def save(request: HttpRequest, place: str) -> HttpResponse:
    """Name what an address asks for, and keep it: the query of the list is that of this page."""
    query = _kept(parse_qsl(request.GET.urlencode()))
    if not query or len(query) > QUERY_LENGTH:
        messages.error(request, "That filter cannot be saved: it asks for nothing, or too much.")
        return redirect(_back(place, ""))
    form = FilterForm(request.POST or None, initial={"identity": uuid4()})
    reasons: tuple[str, ...] = ()
    if form.is_valid():
        given = {name: form.cleaned_data[name] for name in ("identity", "name", "shared")}
        keep = partial(save_filter, **given, place=place, query=query)
        reasons = _tried(form, lambda: keep(person=signed_in(request)))
        if not reasons and not form.errors:
            return _said(request, f"The filter {form.cleaned_data['name']} is saved.", place, query)
    return _show(request, Page(place, query), form, reasons)


@asks_first
@requires(Permission.READ)
def one(request: HttpRequest, identity: UUID) -> HttpResponse:
    """Name a filter anew, share it, or delete it."""
    person = signed_in(request)
    row = SavedFilter.objects.select_related("owner").filter(pk=identity).first()
    if row is None or not (row.shared or row.owner_id == person.pk):
        raise Http404("There is no such filter.")
    initial = {
        "identity": row.pk,
        "was": row.as_shown,
        "name": row.name,
        "shared": row.shared,
    }
    deletes = "delete" in request.POST
    form = FilterForm(None if deletes else request.POST or None, initial=initial)
    reasons: tuple[str, ...] = ()
    if deletes:
        reasons = _tried(form, lambda: delete_filter(identity=row.pk, person=person))
        if not reasons:
            return _said(request, f"The filter {row.name} is deleted.", row.place, "")
    elif form.is_valid():
        given = form.cleaned_data | {"identity": row.pk}
        reasons = _tried(form, lambda: change_filter(**given, person=person))
        if not reasons and not form.errors:
            return _said(request, f"The filter {given['name']} is saved.", row.place, row.query)
    return _show(request, Page(row.place, row.query, row), form, reasons)


@dataclass(frozen=True, slots=True)
class Page:
    """What the page of a filter is about: the list and what is asked of it; `row` once saved."""

    place: str
    query: str
    row: SavedFilter | None = None


def _tried(form: FilterForm, write: Callable[[], object]) -> tuple[str, ...]:
    """Write; why it was not is in the form, beside its fields, or what is returned."""
    try:
        write()
    except SavedFilter.DoesNotExist as error:
        raise Http404("There is no such filter.") from error
    except ValidationError as error:
        form.tell(error)
    except NotPossible as error:
        return error.reasons
    return ()


def _said(request: HttpRequest, text: str, place: str, query: str) -> HttpResponse:
    messages.success(request, text)
    return redirect(_back(place, query))


def _show(
    request: HttpRequest, page: Page, form: FilterForm, reasons: tuple[str, ...]
) -> HttpResponse:
    person, row = signed_in(request), page.row
    if row and reasons and form.is_bound:
        # Who was told what it is by now may send the same once more.
        again = request.POST.copy()
        again["was"] = row.as_shown
        form.data = again
    if not person.may(Permission.EDIT) and not (row and row.shared):
        form.fields["shared"].disabled = True
        form.fields["shared"].help_text = NO_SHARING
    context = {
        "form": form,
        "row": row,
        "asks": parse_qsl(page.query),
        "back": _back(page.place, page.query),
        "reasons": reasons,
        "why_not": f"It belongs to {row.owner}." if row and not may_change(row, person) else "",
        "action": request.get_full_path(),
    }
    status = 422 if reasons or form.errors else 200
    return render(request, "saved/filter.html", context, status=status)


def _back(place: str, query: str) -> str:
    """The address of the list with this query. Raises Http404 where there is no such list."""
    try:
        address = reverse(f"{place}-list")
    except NoReverseMatch as error:
        raise Http404(f"There is no list {place}.") from error
    kept = _kept(parse_qsl(query))
    return f"{address}?{kept}" if kept else address


def _kept(pairs: Iterable[tuple[str, str]]) -> str:
    """What a filter is: no page of the list, and no file of it."""
    return urlencode(
        [(name, text) for name, text in pairs if NAME.fullmatch(name) and name not in NOT_KEPT]
    )
