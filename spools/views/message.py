"""One message of a spool: who, to whom, since when, why, where next, and what to type about it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from mailadmin.answers import polled
from mailadmin.people.access import requires
from mailadmin.people.roles import Permission
from mailadmin.ui.words import number, size
from mailadmin.wire.core.canonical import canonical, digest_of
from routing.queries.ways import facts_of_server
from spools.core.commands import Command, commands_for
from spools.core.facts import domain_of
from spools.core.summary import State
from spools.models import Spool, SpooledMessage
from spools.queries.hops import Ways, ways_for
from spools.queries.messages import others_like, reason_token
from spools.queries.spools import SpoolLine, age_s, moment_of, spool_line
from spools.views.spool_run import message_flush
from spools.views.watching import spool_href, spool_or_404, watch_at

PAGE, LIVE = "spools/message.html", "live"
OWNER = "root"


@dataclass(frozen=True, slots=True)
class Recipient:
    """One of the first recipients, and the next hop of its domain, "" where that is not known."""

    address: str
    live: str
    fallback: str


@require_safe
@requires(Permission.READ)
def page(request: HttpRequest, host: str, name: str, queue_id: str) -> HttpResponse:
    """One message; one that is no longer listed says so."""
    row = spool_or_404(host, name)
    message = _message(request, row, queue_id)
    status = 200 if message else 404
    return render(request, PAGE, _context(request, row, message, queue_id), status=status)


@require_safe
@requires(Permission.READ)
def live(request: HttpRequest, host: str, name: str, queue_id: str) -> HttpResponse:
    """The page's poll: nothing while its agent said nothing new of it."""
    row = spool_or_404(host, name)
    message = _message(request, row, queue_id)
    line = spool_line(row, watch_at(timezone.now()))
    return polled(
        request,
        PAGE,
        LIVE,
        version=version_of(line, message),
        context=lambda: _context(request, row, message, queue_id),
    )


def version_of(line: SpoolLine, message: SpooledMessage | None) -> str:
    """Moves whenever anything on the page would, but ages."""
    said: list[Any] = [line.row.reports, line.standing.value, message is not None]
    return digest_of(canonical(said))[:16]


def _message(request: HttpRequest, row: Spool, queue_id: str) -> SpooledMessage | None:
    """The one of that name; of several in different queue directories the one that is asked for."""
    if "/" in queue_id:
        raise Http404("No message has such a name.")
    found = row.messages.filter(queue_id=queue_id)
    place = request.GET.get("place")
    return (found.filter(place=place) if place is not None else found).first()


def _context(
    request: HttpRequest, row: Spool, message: SpooledMessage | None, queue_id: str
) -> dict[str, Any]:
    now = timezone.now()
    line = spool_line(row, watch_at(now))
    poll = reverse("spool-message-live", args=[row.host.name, row.name, queue_id])
    place = request.GET.get("place")
    context: dict[str, Any] = {
        "line": line,
        "row": row,
        "message": message,
        "queue_id": queue_id,
        "back_href": f"{spool_href(row)}#messages",
        "version": version_of(line, message),
        "poll_href": f"{poll}?{urlencode({'place': place})}" if place is not None else poll,
    }
    if message is None:
        return context
    return context | _told(row, message, now) | message_flush(request, row, message)


def _told(row: Spool, message: SpooledMessage, now: datetime) -> dict[str, Any]:
    ways = ways_for(row.host, [domain_of(address) for address in message.addresses])
    others = others_like(message)
    same = urlencode({"reason": reason_token(message.folded)})
    return {
        "facts": tuple(_facts(row, message)),
        "age_s": age_s(row, message.created, now),
        "recipients": tuple(_recipients(message, ways)),
        "more": max(0, message.recipients_total - len(message.addresses)),
        "ways_missing": ways.missing,
        "commands": _commands(row, message),
        "others": others,
        "others_href": f"{spool_href(row)}?{same}#messages",
    }


def _facts(row: Spool, message: SpooledMessage) -> Iterator[dict[str, object]]:
    yield {"label": "Queue ID", "value": message.queue_id, "mono": True}
    if message.place:
        yield {"label": "Directory", "value": message.place, "mono": True}
    sender = "<> (a notice)" if message.sender in ("", "<>") else message.sender
    yield {
        "label": "From",
        "value": sender,
        "mono": True,
        "missing": "Its control file names no sender",
    }
    yield _moment("In the spool", row, message.created, "Its control file does not say when")
    yield _moment("Last try", row, message.last_try, "Not tried yet")
    yield {
        "label": "Tries",
        "value": "" if message.tries is None else number(message.tries),
        "missing": "Its control file does not say",
    }
    yield {
        "label": "Size",
        "value": "" if message.bytes is None else size(message.bytes),
        "missing": "Its data file is missing",
    }


def _moment(label: str, row: Spool, at: int | None, missing: str) -> dict[str, object]:
    return {"label": label, "value": "", "at": moment_of(row, at), "missing": missing}


def _recipients(message: SpooledMessage, ways: Ways) -> Iterator[Recipient]:
    for address in message.addresses:
        domain = domain_of(address)
        yield Recipient(address, ways.live.get(domain, ""), ways.fallback.get(domain, ""))


def _commands(row: Spool, message: SpooledMessage) -> tuple[Command, ...]:
    facts = facts_of_server(row.host)
    ours = facts is not None and facts.spool.rstrip("/") == row.path.rstrip("/")
    return commands_for(
        message.queue_id,
        State(message.state),
        path=row.path,
        owner=facts.run_as_user if facts and ours else OWNER,
        wrapper=facts.wrapper if facts and ours else "",
    )
