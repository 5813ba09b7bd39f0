"""How pages look at spools: the settings as one value, and the addresses of the pages."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.http import Http404
from django.urls import reverse

from spools.models import Spool
from spools.queries.spools import Watch, spool_or_none


def watch_at(now: datetime) -> Watch:
    """The settings of the site, at a moment."""
    return Watch(
        now=now,
        period=timedelta(seconds=settings.SCAN_SECONDS),
        old=timedelta(minutes=settings.OLDEST_MINUTES),
    )


def spool_or_404(host: str, name: str) -> Spool:
    """The spool that an address names."""
    found = spool_or_none(host, name)
    if found is None:
        raise Http404(f"No spool {name} of a mail host {host} is known.")
    return found


def spool_href(row: Spool, view: str = "spool") -> str:
    """The address of a page of this spool."""
    return reverse(view, args=[row.host.name, row.name])
