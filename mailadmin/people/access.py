"""Each view says which permission it asks for; the middleware refuses one that says nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from django.http import HttpRequest, HttpResponseBase

from mailadmin.people.roles import Permission

View = TypeVar("View", bound=Callable[..., HttpResponseBase])

PUBLIC = "public"
SIGNED_IN = "signed in"


def requires(permission: Permission) -> Callable[[View], View]:
    """Mark a view with the permission that its caller must hold."""

    def mark(view: View) -> View:
        view.required_permission = permission  # type: ignore[attr-defined]  # read by the middleware
        return view

    return mark


def public(view: View) -> View:
    """Mark a view that anybody may call: sign-in, the theme, health checks."""
    view.required_permission = PUBLIC  # type: ignore[attr-defined]  # read by the middleware
    return view


def anybody_signed_in(view: View) -> View:
    """Mark a view that everybody may call who is signed in, whatever their roles."""
    view.required_permission = SIGNED_IN  # type: ignore[attr-defined]  # read by the middleware
    return view


def permission_of(view: Callable[..., Any]) -> Permission | str | None:
    """What a view asks for: a permission, PUBLIC, SIGNED_IN, or None when it says nothing.

    allauth's own views guard themselves; its account pages are for anybody who is signed in.
    """
    marked = getattr(view, "required_permission", None)
    if marked is not None:
        return (
            marked
            if isinstance(marked, str) and marked in (PUBLIC, SIGNED_IN)
            else Permission(marked)
        )
    view_class = getattr(view, "view_class", None)
    module = getattr(view_class or view, "__module__", "")
    return PUBLIC if module.startswith("allauth.") else None


def person_may(request: HttpRequest, permission: Permission) -> bool:
    """Whether the person of this request holds the permission."""
    return request.user.is_authenticated and request.user.may(permission)
