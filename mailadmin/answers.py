"""What views answer: a page or its fragment, a move to another page, a refusal in words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.cache import patch_vary_headers
from django_htmx.http import HttpResponseClientRedirect

from mailadmin.people.access import person_may
from mailadmin.people.queries import who_may
from mailadmin.people.roles import Permission, roles_granting


def wants_fragment(request: HttpRequest) -> bool:
    """Whether htmx asked for a part of a page; Back after a lost cache gets the whole page."""
    htmx = getattr(request, "htmx", None)
    return htmx is not None and bool(htmx) and not htmx.history_restore_request


def shown(
    request: HttpRequest,
    template: str,
    context: Mapping[str, Any],
    *,
    part: str = "",
    status: int = 200,
) -> HttpResponse:
    """A page, or its named partial when htmx asked for it. One address, so the answer varies."""
    name = f"{template}#{part}" if part and wants_fragment(request) else template
    answer = render(request, name, dict(context), status=status)
    patch_vary_headers(answer, ["HX-Request"])
    return answer


def polled(
    request: HttpRequest,
    template: str,
    part: str,
    *,
    version: str,
    context: Callable[[], Mapping[str, Any]],
) -> HttpResponse:
    """What a page's poll brings: nothing while it has seen this version, else its named partial.
    `context` is called only for that."""
    if request.GET.get("seen") == version:
        return HttpResponse(status=204)
    return render(request, f"{template}#{part}", dict(context()))


def moved(request: HttpRequest, address: str, text: str = "") -> HttpResponse:
    """The act is done: say so on the next page."""
    if text:
        messages.success(request, text)
    if wants_fragment(request):
        return HttpResponseClientRedirect(address)
    return redirect(address)


def uuid_of(text: str | None) -> UUID | None:
    """What an address or a form names, None where it is no identity."""
    try:
        return UUID(text or "")
    except ValueError:
        return None


def reason_not(request: HttpRequest, permission: Permission, act: str) -> str:
    """Why this person may not, and who could; "" when they may.

    `act` goes on after the roles: "Editors change routes. Claire Martin can."
    """
    if person_may(request, permission):
        return ""
    roles = " and ".join(f"{role}s" for role in roles_granting(permission)).capitalize()
    return f"{roles} {act}. {people_who(who_may(permission))}"


def people_who(names: tuple[str, ...], limit: int = 3) -> str:
    """ "Luc Petit or Anne Roy can." """
    if not names:
        return "Nobody holds that role yet; manage.py create_person makes an account that does."
    few = list(names[:limit])
    last = few.pop()
    return f"{', '.join(few)} or {last} can." if few else f"{last} can."
