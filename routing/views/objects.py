"""Pages of routing objects; the address says of which kind: `noun` comes from the URL conf."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.views.decorators.http import require_safe

from mailadmin.methods import asks_first
from mailadmin.people.access import requires
from mailadmin.people.roles import Permission
from routing.views.addressed import found_object
from routing.views.nouns import Noun
from routing.views.object_list import show_list
from routing.views.object_page import show_gone, show_object
from routing.views.object_pages import (
    add_object,
    edit_object,
    remove_object,
    switch_object,
)
from routing.views.retire import retired_elsewhere


@require_safe
@requires(Permission.READ)
def list_all(request: HttpRequest, noun: Noun) -> HttpResponseBase:
    """Search, states, sort, pages; all of it as a file with `?format=csv` or `json`."""
    return show_list(request, noun)


@asks_first
@requires(Permission.EDIT)
def add(request: HttpRequest, noun: Noun) -> HttpResponse:
    """Add one."""
    return add_object(request, noun)


@require_safe
@requires(Permission.READ)
def page(request: HttpRequest, noun: Noun, key: str) -> HttpResponse:
    """What it is, where its mail goes, what happened to it; of a deleted one what is left."""
    row = found_object(request, noun, key)
    if row is None and (elsewhere := retired_elsewhere(request, noun, key)):
        return redirect(elsewhere)
    return show_object(request, noun, row) if row else show_gone(request, noun, key)


@asks_first
@requires(Permission.EDIT)
def edit(request: HttpRequest, noun: Noun, key: str) -> HttpResponse:
    """Save the form of the page."""
    return edit_object(request, noun, key)


@asks_first
@requires(Permission.EDIT)
def enable(request: HttpRequest, noun: Noun, key: str) -> HttpResponse:
    """Put it into the table again."""
    return switch_object(request, noun, key, enabled=True)


@asks_first
@requires(Permission.EDIT)
def disable(request: HttpRequest, noun: Noun, key: str) -> HttpResponse:
    """Remember it, and leave it out of the table."""
    return switch_object(request, noun, key, enabled=False)


@asks_first
@requires(Permission.EDIT)
def delete(request: HttpRequest, noun: Noun, key: str) -> HttpResponse:
    """Delete it."""
    return remove_object(request, noun, key)
