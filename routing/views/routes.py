"""Pages of routes."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_http_methods, require_safe

from mailadmin.people.access import requires
from mailadmin.people.roles import Permission
from routing.views.nouns import ROUTES
from routing.views.object_list import show_list
from routing.views.object_pages import (
    add_object,
    edit_object,
    found_or_404,
    remove_object,
    show_object,
    switch_object,
)

asks_first = require_http_methods(["GET", "HEAD", "POST"])


@require_safe
@requires(Permission.READ)
def list_all(request: HttpRequest) -> HttpResponse:
    """Search, states, sort, pages."""
    return show_list(request, ROUTES)


@asks_first
@requires(Permission.EDIT)
def add(request: HttpRequest) -> HttpResponse:
    """Add one."""
    return add_object(request, ROUTES)


@require_safe
@requires(Permission.READ)
def page(request: HttpRequest, key: str) -> HttpResponse:
    """What it is, where its mail goes, what happened to it."""
    return show_object(request, ROUTES, found_or_404(request, ROUTES, key))


@asks_first
@requires(Permission.EDIT)
def edit(request: HttpRequest, key: str) -> HttpResponse:
    """Save the form of the page."""
    return edit_object(request, ROUTES, key)


@asks_first
@requires(Permission.EDIT)
def enable(request: HttpRequest, key: str) -> HttpResponse:
    """Put it into the table again."""
    return switch_object(request, ROUTES, key, enabled=True)


@asks_first
@requires(Permission.EDIT)
def disable(request: HttpRequest, key: str) -> HttpResponse:
    """Remember it, and leave it out of the table."""
    return switch_object(request, ROUTES, key, enabled=False)


@asks_first
@requires(Permission.EDIT)
def delete(request: HttpRequest, key: str) -> HttpResponse:
    """Delete it."""
    return remove_object(request, ROUTES, key)
