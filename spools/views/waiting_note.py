"""What the page of a routing object says of the mail that waits for it."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlencode

from django.http import HttpRequest
from django.utils import timezone

from mailadmin.ui.waiting import Waiting
from mailadmin.ui.words import counted, number
from spools.queries.spools import Watch, moment_of
from spools.queries.waiting import ForKey, waiting_for
from spools.views.watching import spool_href, watch_at

NAMED = 4
"""So many domains of a key that decides several have links of their own."""


def notes(request: HttpRequest, server: str, key: str) -> Iterator[Waiting]:
    """One for each spool of the list server."""
    del request
    watch = watch_at(timezone.now())
    for found in waiting_for(server, key):
        yield _note(found, watch)


def _note(found: ForKey, watch: Watch) -> Waiting:
    row = found.row
    count, how = _words(found)
    if row.problem and not found.missing:
        how = f"It cannot be read now ({row.problem}); this is from before. {how}"
    return Waiting(
        spool=f"{row.host.name} / {row.name}",
        href=spool_href(row),
        count=count,
        note=how,
        at=row.at,
        stale_s=watch.stale_s,
        oldest=moment_of(row, found.oldest),
        links=tuple(
            (domain, f"{spool_href(row)}?{urlencode({'domain': domain})}#messages")
            for domain in found.domains[:NAMED]
            if domain
        ),
        more=len(found.domains[NAMED:]),
    )


def _words(found: ForKey) -> tuple[str, str]:
    """How many, "" where nobody knows, and how exact that is."""
    if found.missing:
        return "", found.missing
    figures = found.row.figures
    shown, every = (len(figures.domains), figures.domains_total) if figures else (0, 0)
    largest = f"the {number(shown)} largest of {number(every)} domains"
    if found.recipients is None:
        most = f"at most {counted(found.most, 'recipient', 'recipients')}"
        if not found.listed:
            return "", f"None of {largest}, and no listed message is for it: {most}."
        told = counted(found.listed, "message", "messages")
        return (
            f"at least {told}",
            f"Of the oldest messages, which alone are listed. It is none of {largest}: {most}.",
        )
    recipients = counted(found.recipients, "recipient", "recipients")
    if found.is_all:
        return recipients, "Exact: the scan counts every recipient of it."
    if not found.recipients:
        return "", f"None of {largest} goes by it; the others are not counted one by one."
    return f"at least {recipients}", f"Of {largest}; the others are not counted one by one."
