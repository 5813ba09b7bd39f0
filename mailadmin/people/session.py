"""Who is signed in, as the type that services take."""

from __future__ import annotations

from django.http import HttpRequest

from mailadmin.people.models import Person


def signed_in(request: HttpRequest) -> Person:
    """The person of a request that the permission check let pass. Raises TypeError otherwise."""
    if not isinstance(request.user, Person):
        raise TypeError("nobody is signed in; the view lacks its permission")
    return request.user
