"""No NUL byte reaches a query: PostgreSQL stores none and fails where one is compared."""

from __future__ import annotations

from collections.abc import Callable

from django.http import Http404, HttpRequest, HttpResponse

NUL = "\0"


class RefuseNul:
    """Nothing lies at an address that holds a NUL byte. Forms refuse one beside its field."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        values = (value for _, given in request.GET.lists() for value in given)
        if NUL in request.path or any(NUL in value for value in values):
            raise Http404("An address holds no NUL byte.")
        return self._get_response(request)
