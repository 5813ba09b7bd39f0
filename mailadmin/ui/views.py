"""The first page, the theme's cookie, and the pages that show every component in every state."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_GET, require_POST, require_safe

from mailadmin.people.access import public, requires
from mailadmin.people.roles import Permission
from mailadmin.ui import badges, samples, theme
from mailadmin.ui.forms import SampleForm
from mailadmin.ui.overview import overview_of

OVERVIEW = "ui/overview.html"


@require_safe
@requires(Permission.READ)
def overview(request: HttpRequest) -> HttpResponse:
    """What needs a person, what is measured, where mail goes, what happened."""
    return render(request, OVERVIEW, {"overview": overview_of(request)})


@require_safe
@requires(Permission.READ)
def overview_live(request: HttpRequest) -> HttpResponse:
    """The first page's poll: nothing while it would say the same, ages alone where only a look was
    taken anew. An age is put in its place by itself, so that nothing else of the page is replaced.
    """
    found = overview_of(request)
    if request.GET.get("seen") != found.version:
        return render(request, f"{OVERVIEW}#live", {"overview": found})
    if request.GET.get("moments") == found.moments:
        return HttpResponse(status=204)
    answer = render(request, f"{OVERVIEW}#moments", {"overview": found})
    answer["HX-Reswap"] = "none"
    return answer


@public
@require_POST
def choose_theme(request: HttpRequest) -> HttpResponse:
    """Keep the chosen colours in a cookie and go back to where the reader was."""
    name = request.POST.get("theme", "")
    if name not in theme.CHOICES:
        return HttpResponse("Name a theme: light, dark or auto.", status=422)
    answer = HttpResponseRedirect(_back(request))
    answer.set_cookie(
        theme.COOKIE,
        name,
        max_age=theme.YEAR,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )
    return answer


@requires(Permission.ADMINISTER)
@require_GET
def design(request: HttpRequest) -> HttpResponse:
    """Show every component in every state."""
    context = {
        "families": badges.FAMILIES,
        "sample": samples.components(),
        "form": SampleForm(data={"name": "", "server": "listes"}),
        "pages": [(name, reverse("design_page", args=[name])) for name in samples.PAGES],
    }
    return render(request, "design/index.html", context)


@requires(Permission.ADMINISTER)
@require_GET
def design_page(request: HttpRequest, name: str) -> HttpResponse:
    """Show one large page, fed with made-up values; its poll gets the fragment that polls."""
    template, context = samples.page_of(name)
    polled = request.headers.get("HX-Request") and template in samples.POLLED
    return render(request, f"{template}#live" if polled else template, context)


def _back(request: HttpRequest) -> str:
    target = request.POST.get("next", "")
    safe = url_has_allowed_host_and_scheme(
        target, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return target if safe else "/"
