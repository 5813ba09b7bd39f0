"""One file of a push on a page of its own, however long its difference is."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from mailadmin.people.access import requires
from mailadmin.people.roles import Permission
from routing.views.push.files import diffs, file_of
from routing.views.pushes import found_or_404


@require_safe
@requires(Permission.READ)
def push_file(request: HttpRequest, number: int, host: str, name: str) -> HttpResponse:
    """The difference of one file."""
    record = found_or_404(number)
    row = next((target.row for target in record.targets if target.row.host.name == host), None)
    diff = next((found for found in diffs(row) if found.name == name), None) if row else None
    if row is None or diff is None:
        raise Http404(f"Push #{number} has no file {name} on {host}.")
    context = {
        "push": record.push,
        "file": file_of(row, diff, whole=True),
        "back": reverse("push", args=[number]),
    }
    return render(request, "routing/push_file.html", context)
