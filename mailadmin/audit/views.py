"""The audit trail, for everybody who may read."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from mailadmin.audit.forms import AuditFilterForm
from mailadmin.audit.queries import audit_page
from mailadmin.people.access import requires
from mailadmin.people.roles import Permission


@require_safe
@requires(Permission.READ)
def audit(request: HttpRequest) -> HttpResponse:
    """Events newest first, in pages by number, so that new ones never move what is read."""
    form = AuditFilterForm(request.GET)
    page = audit_page(form.asked())
    kept = request.GET.copy()
    kept.pop("before", None)
    context = {"form": form, "page": page, "kept": kept.urlencode()}
    return render(request, "audit/audit.html", context)
