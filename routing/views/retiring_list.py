"""All domains that are being retired, and how far each is."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from mailadmin.people.access import requires
from mailadmin.people.roles import Permission
from routing.queries.retirement import retirements
from routing.views.nouns import DOMAINS
from routing.views.retire_words import list_rows


@require_safe
@requires(Permission.READ)
def retiring_list(request: HttpRequest) -> HttpResponse:
    """Those that are not over, the next planned day first."""
    rows = list_rows(retirements(), timezone.localdate())
    return render(request, "routing/retiring.html", {"noun": DOMAINS, "rows": rows})
