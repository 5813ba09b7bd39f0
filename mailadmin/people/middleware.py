"""Refuse every request that its view's permission does not allow."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render

from mailadmin.people.access import PUBLIC, permission_of, person_may
from mailadmin.people.models import Person
from mailadmin.people.roles import Permission, roles_granting

GetResponse = Callable[[HttpRequest], HttpResponseBase]


class RequirePermission:
    """No view is reachable by accident: one that names no permission is an error."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_view(
        self,
        request: HttpRequest,
        view: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
    ) -> HttpResponseBase | None:
        """Let a public view pass, send a stranger to sign-in, tell the rest who could grant it."""
        asked = permission_of(view)
        if asked is None:
            raise ImproperlyConfigured(f"{view!r} names no permission; mark it with @requires")
        if asked == PUBLIC:
            return None
        if not request.user.is_authenticated:
            return _signed_out(request)
        if isinstance(asked, Permission) and not person_may(request, asked):
            return _refused(request, asked)
        return None


def _signed_out(request: HttpRequest) -> HttpResponseBase:
    """A fragment must never become a sign-in form: htmx gets 401 and the page shows a strip."""
    if request.headers.get("HX-Request"):
        return HttpResponse(status=401)
    return redirect_to_login(request.get_full_path(), settings.LOGIN_URL)


def _refused(request: HttpRequest, asked: Permission) -> HttpResponse:
    administrators = Person.objects.filter(roles__role="administrator", is_active=True)
    context = {
        "permission": asked,
        "roles": roles_granting(asked),
        "administrators": list(administrators.order_by("full_name")[:5]),
    }
    return render(request, "403.html", context, status=403)
