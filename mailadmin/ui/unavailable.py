"""The page while the database cannot be had: it needs none, and loses nothing that was typed."""

from __future__ import annotations

from collections.abc import Mapping

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string

from mailadmin.ui import theme
from mailadmin.ui.away import Away

UNAVAILABLE = 503
WORDS: Mapping[Away, tuple[str, str]] = {
    Away.GONE: (
        "The database does not answer",
        "It is down, or cannot be reached or opened from here.",
    ),
    Away.BUSY: (
        "The database is busy",
        "Something held it for longer than a page can wait.",
    ),
    Away.FULL: (
        "The disk of the database is full",
        "It takes nothing more until somebody makes room.",
    ),
    Away.READ_ONLY: (
        "The database cannot be written",
        "Its disk, its file or its server lets nobody write.",
    ),
    Away.DAMAGED: (
        "The database cannot be read",
        "Its disk or its file is damaged, or something else lies in its place.",
    ),
}
"""What is the matter: the heading, and one sentence."""
SOON_S, LATER_S = 5, 30
"""After how many seconds a program may ask again: something lets go, or somebody mends it."""
SECRET = ("password", "code", "credential")


def unavailable(request: HttpRequest, away: Away) -> HttpResponse:
    """503. A form that was sent stands in the page once more, to be sent again.

    htmx and the site's own script get the heading alone, as text: they show it in a strip.
    """
    title, what = WORDS[away]
    headers = {
        "Retry-After": str(SOON_S if away is Away.BUSY else LATER_S),
        "Cache-Control": "no-store",
    }
    if request.headers.get("HX-Request"):
        return HttpResponse(
            f"{title}.", status=UNAVAILABLE, headers=headers, content_type="text/plain"
        )
    context = {
        "title": title,
        "what": what,
        "again": request.get_full_path(),
        "theme": theme.chosen(request.COOKIES),
        **_sent(request),
    }
    page = render_to_string("503.html", context)
    return HttpResponse(page, status=UNAVAILABLE, headers=headers)


def _sent(request: HttpRequest) -> dict[str, object]:
    """What was sent, or why it does not stand in the page: a secret is written into none."""
    if request.method in ("GET", "HEAD"):
        return {"sent": False}
    if any(word in name for name in request.POST for word in SECRET):
        return {"sent": True, "not_kept": "Go back and send it again."}
    if request.FILES:
        return {"sent": True, "not_kept": "Go back, choose the file again, and send it again."}
    # With the token as it was sent, never with a good one: a foreign form stays a foreign form.
    fields = [(name, value) for name, values in request.POST.lists() for value in values]
    return {"sent": True, "fields": fields}
