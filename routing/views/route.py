"""The route page: where mail for an address goes, on every list server or on one."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from mailadmin.people.access import requires
from mailadmin.people.roles import Permission
from routing.core.address import BadAddress
from routing.core.facts import HostKind
from routing.models import MailHost
from routing.queries.ways import Ways, address_of, ways_of


@require_safe
@requires(Permission.READ)
def route(request: HttpRequest) -> HttpResponse:
    """The question, and the answer when one was asked; 422 for what is not one address."""
    asked, name = request.GET.get("address", "").strip(), request.GET.get("host", "")
    servers = list(MailHost.in_service.filter(kind=HostKind.LIST_SERVER))
    chosen = [server for server in servers if server.name == name] or servers
    answers: list[Ways] = []
    error = ""
    if asked:
        try:
            answers = [ways_of(server, address_of(asked)) for server in chosen]
        except BadAddress as bad:
            error = str(bad)
    context = {
        "address": asked,
        "server": name if len(chosen) == 1 and chosen[0].name == name else "",
        "servers": [server.name for server in servers],
        "answers": answers,
        "error": error,
    }
    return render(request, "routing/route.html", context, status=422 if error else 200)
