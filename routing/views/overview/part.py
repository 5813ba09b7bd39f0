"""All that routing says on the first page; the set-up in place of figures while nothing is live."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone

from mailadmin.answers import reason_not
from mailadmin.people.roles import Permission
from mailadmin.people.session import signed_in
from mailadmin.ui.overview import Part
from routing.queries.overview import site_sight
from routing.views.overview.needs import needs
from routing.views.overview.panels import panels
from routing.views.overview.setup import steps
from routing.views.overview.ways import topology


def overview(request: HttpRequest) -> Part:
    """For a person who may read."""
    person, now = signed_in(request), timezone.now()
    period = timedelta(seconds=settings.OBSERVE_SECONDS)
    site = site_sight(person, one_postmaster=settings.ONE_POSTMASTER, now=now, period=period)
    checked = min((host.seen_at for host in site.hosts if host.seen_at), default=None)
    no_edit = reason_not(request, Permission.EDIT, "propose pushes")
    found = tuple(needs(site, no_edit))
    if not site.works:
        no_host = reason_not(request, Permission.ADMINISTER, "add mail hosts")
        no_import = reason_not(request, Permission.EDIT, "import tables")
        return Part(needs=found, steps=tuple(steps(site, no_host, no_import)), checked=checked)
    return Part(needs=found, panels=tuple(panels(site)), topology=topology(site), checked=checked)
