"""No browser shows a page from its cache without asking: what it says may be otherwise by now."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse


class AskAgain:
    """Every answer that says nothing else of caches is its reader's own, and is asked for anew.

    Chromium keeps a 410 for ever: the page of a deleted domain would hide the one that was added
    again.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        answer = self._get_response(request)
        answer.headers.setdefault("Cache-Control", "private, no-cache")
        return answer
