"""What is too long for the page of a push: one file whole, and every answer of sendmail."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from mailadmin.listing import Pager
from mailadmin.people.access import requires
from mailadmin.people.roles import Permission
from mailadmin.ui.words import number as figure
from routing.queries.answers import PAGE_SIZE, answers_page
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


@require_safe
@requires(Permission.READ)
def push_answers(request: HttpRequest, number: int, host: str) -> HttpResponse:
    """Every address that was asked on one host, and where its mail goes."""
    given = request.GET.get("page", "")
    page = int(given) if given.isascii() and given.isdigit() else 1
    found = answers_page(number, host, page=page)
    if found is None:
        raise Http404(f"sendmail on {host} was not asked for push #{number}.")
    last = found.first + len(found.rows) - 1
    pager = Pager(
        f"{figure(found.first)} to {figure(last)} of {figure(found.total)}",
        older_href=f"?page={last // PAGE_SIZE + 1}" if last < found.total else "",
        newer_href=f"?page={(found.first - 1) // PAGE_SIZE}" if found.first > 1 else "",
        older="Next",
        newer="Back",
    )
    context = {"number": number, "answers": found, "pager": pager}
    return render(request, "routing/push_answers.html", context)
