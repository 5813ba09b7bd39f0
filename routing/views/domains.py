"""Pages of virtual domains."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_http_methods, require_safe

from mailadmin.people.access import requires
from mailadmin.people.roles import Permission
from routing.views.nouns import DOMAINS
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
    return show_list(request, DOMAINS)


@asks_first
@requires(Permission.EDIT)
def add(request: HttpRequest) -> HttpResponse:
    """Add one."""
    return add_object(request, DOMAINS)


@require_safe
@requires(Permission.READ)
def page(request: HttpRequest, key: str) -> HttpResponse:
    """What it is, where its mail goes, what happened to it."""
    return show_object(request, DOMAINS, found_or_404(request, DOMAINS, key))


@asks_first
@requires(Permission.EDIT)
def edit(request: HttpRequest, key: str) -> HttpResponse:
    """Save the form of the page."""
    return edit_object(request, DOMAINS, key)


@asks_first
@requires(Permission.EDIT)
def enable(request: HttpRequest, key: str) -> HttpResponse:
    """Put it into the table again."""
    return switch_object(request, DOMAINS, key, enabled=True)


@asks_first
@requires(Permission.EDIT)
def disable(request: HttpRequest, key: str) -> HttpResponse:
    """Remember it, and leave it out of the table."""
    return switch_object(request, DOMAINS, key, enabled=False)


@asks_first
@requires(Permission.EDIT)
def delete(request: HttpRequest, key: str) -> HttpResponse:
    """Delete it."""
    return remove_object(request, DOMAINS, key)
