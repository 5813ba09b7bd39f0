"""What the DNS says, on the pages that it is about: looked at again, and asked now."""

from __future__ import annotations

from collections.abc import Iterable

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from mailadmin.answers import moved
from mailadmin.people.access import requires
from mailadmin.people.roles import Permission
from routing.models import MailHost
from routing.queries.dns import CheckedName
from routing.services.dns.rows import check_now
from routing.views.addressed import object_or_404, relay_or_404
from routing.views.dns_panel import (
    domain_names,
    domain_panel,
    host_names,
    local_names,
    local_panel,
    relay_names,
    relay_panel,
)
from routing.views.nouns import DOMAINS, LOCAL_HOSTS


@require_safe
@requires(Permission.READ)
def domain_dns(request: HttpRequest, key: str) -> HttpResponse:
    """The panel of a virtual domain alone."""
    return render(
        request,
        "routing/_dns.html",
        {"dns": domain_panel(request, object_or_404(request, DOMAINS, key))},
    )


@require_safe
@requires(Permission.READ)
def local_dns(request: HttpRequest, key: str) -> HttpResponse:
    """The panel of a local host alone."""
    panel = local_panel(request, object_or_404(request, LOCAL_HOSTS, key))
    return render(request, "routing/_dns.html", {"dns": panel})


@require_safe
@requires(Permission.READ)
def relay_dns(request: HttpRequest, name: str) -> HttpResponse:
    """The panel of a relay target alone."""
    return render(request, "routing/_dns.html", {"dns": relay_panel(request, relay_or_404(name))})


@require_POST
@requires(Permission.EDIT)
def check_domain(request: HttpRequest, key: str) -> HttpResponse:
    """Ask for a virtual domain, and for the senders that its page shows."""
    row = object_or_404(request, DOMAINS, key)
    back = DOMAINS.href("page", row.key, row.server.name)
    return _asked(request, domain_names(row), row.key, back)


@require_POST
@requires(Permission.EDIT)
def check_local(request: HttpRequest, key: str) -> HttpResponse:
    """Ask for a local host."""
    row = object_or_404(request, LOCAL_HOSTS, key)
    back = LOCAL_HOSTS.href("page", row.key, row.server.name)
    return _asked(request, local_names(row), row.key, back)


@require_POST
@requires(Permission.EDIT)
def check_relay(request: HttpRequest, name: str) -> HttpResponse:
    """Ask for the names and addresses of a relay target."""
    relay = relay_or_404(name)
    return _asked(request, relay_names(relay), relay.name, reverse("relay", args=[relay.name]))


@require_POST
@requires(Permission.EDIT)
def check_host(request: HttpRequest, name: str) -> HttpResponse:
    """Ask for the names and addresses of a list server."""
    host = MailHost.in_service.filter(name=name).first()
    if host is None:
        raise Http404(f"There is no mail host {name} in service.")
    return _asked(request, host_names(host), host.name, reverse("mail-host", args=[host.name]))


def _asked(
    request: HttpRequest, names: Iterable[CheckedName], subject: str, back: str
) -> HttpResponse:
    """Make them due; what comes back shows on the page, seconds later."""
    now = timezone.now()
    due = [check_now(name=item.name, kind=item.kind, now=now) for item in names]
    if any(due):
        return moved(request, back, f"The DNS of {subject} is asked again.")
    return moved(request, back, f"The DNS of {subject} was asked a moment ago.")
