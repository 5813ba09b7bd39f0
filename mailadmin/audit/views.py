"""The audit trail, for everybody who may read."""

from __future__ import annotations

from collections.abc import Iterator

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from mailadmin.audit.forms import AuditFilterForm
from mailadmin.audit.queries import AuditPage, audit_page
from mailadmin.listing import FilterChip, counted
from mailadmin.people.access import requires
from mailadmin.people.roles import Permission

FILTERS = {
    "text": "Text",
    "actor": "Person",
    "action": "Action",
    "since": "From",
    "until": "To",
    "push": "Push",
    "object": "One object",
}


@require_safe
@requires(Permission.READ)
def audit(request: HttpRequest) -> HttpResponse:
    """Events newest first, in pages by number, so that new ones never move what is read."""
    form = AuditFilterForm(request.GET)
    page = audit_page(form.asked())
    kept = request.GET.copy()
    kept.pop("before", None)
    context = {
        "form": form,
        "page": page,
        "kept": kept.urlencode(),
        "pager": _pager(page, kept.urlencode()),
        "count": counted(page.matched, page.total),
        "chips": tuple(_chips(request, page)),
    }
    return render(request, "audit/audit.html", context)


def _chips(request: HttpRequest, page: AuditPage) -> Iterator[FilterChip]:
    """Each filter that holds, with the address without it."""
    words = dict(page.actions)
    for name, label in FILTERS.items():
        value = request.GET.get(name, "").strip()
        if not value:
            continue
        rest = request.GET.copy()
        rest.pop(name)
        rest.pop("before", None)
        shown = words.get(value, value) if name == "action" else value
        text = label if name == "object" else f"{label}: {shown}"
        yield FilterChip(
            text, f"{reverse('audit')}?{rest.urlencode()}" if rest else reverse("audit")
        )


def _pager(page: AuditPage, kept: str) -> dict[str, str] | None:
    """Older and Newer keep the filters; there is none where everything is on one page."""
    if not page.rows or not (page.older or page.newer is not None):
        return None

    def href(before: int) -> str:
        place = "&".join(part for part in (kept, f"before={before}" if before else "") if part)
        return f"{reverse('audit')}?{place}" if place else reverse("audit")

    return {
        "older_href": href(page.older) if page.older else "",
        "newer_href": href(page.newer) if page.newer is not None else "",
    }
