"""What programs ask: is it alive, can it work, how much of what is there."""

from __future__ import annotations

from django import db
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from mailadmin.health.access import may_read
from mailadmin.health.metrics import exposition
from mailadmin.health.ready import OK, checks
from mailadmin.people.access import public
from mailadmin.ui.away import why_away

UNAVAILABLE = 503
REFUSED = (
    "Metrics are read on this machine, past any proxy, or with the token of MAILADMIN_METRICS_TOKEN"
    " as 'Authorization: Bearer TOKEN'.\n"
)


@public
@require_safe
@never_cache
def alive(request: HttpRequest) -> HttpResponse:
    """200: this process answers. It asks neither the database nor Redis."""
    del request
    return _said("ok\n")


@public
@require_safe
@never_cache
def ready(request: HttpRequest) -> HttpResponse:
    """200 when all that is needed is there, else 503; each by name with its state."""
    del request
    found = {check.name: check.state for check in checks()}
    is_ready = all(state == OK for state in found.values())
    status = 200 if is_ready else UNAVAILABLE
    return JsonResponse({"ready": is_ready, "checks": found}, status=status)


@public
@require_safe
@never_cache
def metrics(request: HttpRequest) -> HttpResponse:
    """Figures for Prometheus; 403 for who may not read them, 503 without the database."""
    if not may_read(request):
        return _said(REFUSED, status=403)
    try:
        accept = request.META.get("HTTP_ACCEPT", "")
        content, content_type = exposition(accept=accept, now=timezone.now())
    except db.Error as error:
        if why_away(error) is None:
            raise
        return _said("The database cannot be asked.\n", status=UNAVAILABLE)
    return HttpResponse(content, content_type=content_type)


def _said(text: str, *, status: int = 200) -> HttpResponse:
    return HttpResponse(text, status=status, content_type="text/plain; charset=utf-8")
