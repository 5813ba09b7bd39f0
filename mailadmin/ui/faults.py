"""Requests that get no page of their own, in words: what was asked, what is unchanged, what to do.

404 and 403 need nothing but their templates; these are the others. A page of this kind has the
navigation for somebody who is signed in (`mailadmin.ui.context.Page.frame`).
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping

from django.contrib.sessions.exceptions import SessionInterrupted
from django.core.exceptions import (
    DisallowedHost,
    RequestDataTooBig,
    TooManyFieldsSent,
    TooManyFilesSent,
)
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.template.loader import render_to_string

from mailadmin.ui import theme
from mailadmin.ui.away import why_away
from mailadmin.ui.unavailable import unavailable

NOT_ALLOWED = 405
IN_PARTS = "Go back: what you typed is still there. Send it in parts."
ELSEWHERE = "Go back, load the page again and repeat it from there."
UNREADABLE: Mapping[type[Exception], tuple[str, str]] = {
    DisallowedHost: (
        "This site does not answer to the name in the address. Nothing was changed.",
        "Open it by its own name. Whoever runs it lists its names in MAILADMIN_ALLOWED_HOSTS.",
    ),
    RequestDataTooBig: (
        "It is larger than the site takes at once. Nothing was changed.",
        IN_PARTS,
    ),
    TooManyFieldsSent: (
        "It has more fields than the site takes at once. Nothing was changed.",
        IN_PARTS,
    ),
    TooManyFilesSent: (
        "It has more files than the site takes at once. Nothing was changed.",
        IN_PARTS,
    ),
    SessionInterrupted: (
        "You were signed out in another window while this was on its way. It may have been done.",
        "Sign in again, and look before you repeat it.",
    ),
}
"""What is wrong with a request, and what to do, by the error that Django raises for it."""
OTHERWISE = ("It is damaged, or no browser made it. Nothing was changed.", ELSEWHERE)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """400, with the reason that Django found."""
    found = (words for kind, words in UNREADABLE.items() if isinstance(exception, kind))
    what, todo = next(found, OTHERWISE)
    if todo == IN_PARTS and request.method != "POST":
        todo = ELSEWHERE
    return render(request, "400.html", {"what": what, "todo": todo}, status=400)


def server_error(request: HttpRequest) -> HttpResponse:
    """500, or 503 when it was the database that could not be had.

    Django calls this at whatever layer the error came up, while it is being handled. Neither
    template asks for a session, a person or a row.
    """
    if away := why_away(sys.exception()):
        return unavailable(request, away)
    context = {"theme": theme.chosen(request.COOKIES)}
    return HttpResponse(render_to_string("500.html", context), status=500)


class NotAllowedPage:
    """Give a 405 without a word the page that says what its address is for."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        answer = self._get_response(request)
        if answer.status_code != NOT_ALLOWED or getattr(answer, "content", b"") != b"":
            return answer
        allowed = [method.strip() for method in answer.headers.get("Allow", "").split(",")]
        opened = request.method in ("GET", "HEAD")
        context = {"takes_forms": opened and "POST" in allowed, "allowed": allowed}
        page = render(request, "405.html", context, status=NOT_ALLOWED)
        page["Allow"] = answer.headers.get("Allow", "")
        return page
