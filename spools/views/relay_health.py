"""The page of a relay's health: how each list server sees it, what was probed, maintenance."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from mailadmin.answers import moved, polled, reason_not, shown
from mailadmin.people.access import requires
from mailadmin.people.roles import Permission
from mailadmin.people.session import signed_in
from mailadmin.ui.badges import badge_of
from mailadmin.ui.parts import Action, Event
from mailadmin.wire.core.canonical import canonical, digest_of
from routing.models import RelayTarget
from routing.queries.relays import routes_by
from spools.models import ProbedServer, RelayTurn
from spools.queries.relays import (
    RelaySight,
    day_of,
    maintenance_of,
    probed_server,
    sights,
    turns_of,
    worst,
)
from spools.queries.thresholds import rules
from spools.services.errors import NotAllowed
from spools.services.maintenance import begin_maintenance, end_maintenance
from spools.views.relay_words import (
    Piece,
    Spoken,
    StepLine,
    conversation,
    pieces,
    sentence,
    step_lines,
)

PAGE, LIVE = "spools/relay_health.html", "live"
MOST_TURNS = 12


@dataclass(frozen=True, slots=True)
class HostSeen:
    """One host of the relay target in the last probe."""

    host: str
    port: int
    tls: bool
    steps: tuple[StepLine, ...]
    talk: tuple[Spoken, ...]


@dataclass(frozen=True, slots=True)
class Seen:
    """The relay target from one list server. `trouble` is why there is no newer probe."""

    sight: RelaySight
    words: str
    hosts: tuple[HostSeen, ...]
    band: tuple[Piece, ...]
    turns: tuple[Event, ...]
    trouble: str
    trouble_at: datetime | None
    is_old: bool


@require_safe
@requires(Permission.READ)
def page(request: HttpRequest, name: str) -> HttpResponse:
    """How well it is."""
    return shown(request, PAGE, _context(request, _relay(name)), part=LIVE)


@require_safe
@requires(Permission.READ)
def live(request: HttpRequest, name: str) -> HttpResponse:
    """The page's poll: nothing while nothing was probed and nobody wrote."""
    relay = _relay(name)
    context = _context(request, relay)
    return polled(request, PAGE, LIVE, version=context["version"], context=lambda: context)


@requires(Permission.OPERATE)
def begin(request: HttpRequest, name: str) -> HttpResponse:
    """It is worked on from now on."""
    relay = _relay(name)
    if request.method != "POST":
        return redirect("relay-health", name)
    try:
        begin_maintenance(relay=relay, reason=request.POST.get("reason", ""), by=signed_in(request))
    except NotAllowed as error:
        for reason in error.reasons:
            messages.error(request, reason)
        return redirect("relay-health", name)
    return moved(request, _href(relay), f"{name} is in maintenance. Nothing is judged of it.")


@requires(Permission.OPERATE)
def end(request: HttpRequest, name: str) -> HttpResponse:
    """The work is over."""
    relay = _relay(name)
    if request.method != "POST":
        return redirect("relay-health", name)
    end_maintenance(relay=relay, by=signed_in(request))
    return moved(request, _href(relay), f"{name} is out of maintenance. The next probe decides.")


def _relay(name: str) -> RelayTarget:
    row = RelayTarget.objects.filter(name=name).first()
    if row is None:
        raise Http404(f"There is no relay target {name}.")
    return row


def _href(relay: RelayTarget) -> str:
    return reverse("relay-health", args=[relay.name])


def _context(request: HttpRequest, relay: RelayTarget) -> dict[str, Any]:
    now = timezone.now()
    found = sights(now, rules(), relay=relay.pk)
    worked_on = maintenance_of(relay.pk)
    return {
        "relay": relay,
        "worst": worst(found),
        "seen": [_seen(sight, now) for sight in found],
        "routes": routes_by(relay),
        "maintenance": worked_on,
        "action": _action(request, relay, running=worked_on is not None),
        "poll_href": reverse("relay-health-live", args=[relay.name]),
        "version": _version(found, worked_on.pk if worked_on else 0),
    }


def _seen(sight: RelaySight, now: datetime) -> Seen:
    server = probed_server(sight.server)
    hosts = sight.last.probed if sight.last else ()
    old = sight.last is not None and (now - sight.last.at).total_seconds() > rules().stale_s
    return Seen(
        sight=sight,
        words=sentence(sight),
        hosts=tuple(
            HostSeen(
                host.relay.host, host.relay.port, host.tls, step_lines(host), conversation(host)
            )
            for host in hosts
        ),
        band=pieces(day_of(sight.row, now), now),
        turns=tuple(_event(turn) for turn in turns_of(sight.row, most=MOST_TURNS)),
        trouble=server.error if server else "",
        trouble_at=server.error_at if server else None,
        is_old=old,
    )


def _event(turn: RelayTurn) -> Event:
    badge = badge_of("relay", turn.state)
    text = f"{badge.word}: {turn.why}" if turn.why else badge.word
    return Event(icon=badge.icon, kind=badge.kind, text=text, at=turn.at)


def _action(request: HttpRequest, relay: RelayTarget, *, running: bool) -> Action:
    reason = reason_not(request, Permission.OPERATE, "set and end maintenance")
    if running:
        where = reverse("relay-maintenance-end", args=[relay.name])
        return Action("maintenance", f"End maintenance of {relay.name}", where, reason=reason)
    return Action(
        "maintenance",
        f"Begin maintenance of {relay.name}…",
        reverse("relay-maintenance", args=[relay.name]),
        asks="What is done, and until when?",
        confirm_label=f"Begin maintenance of {relay.name}",
        reason=reason,
    )


def _version(found: tuple[RelaySight, ...], maintenance: int) -> str:
    """Moves whenever anything on the page would, but for ages."""
    said = [
        f"{sight.row.pk} {sight.row.reports} {sight.state} {sight.row.named}" for sight in found
    ]
    errors = ProbedServer.objects.exclude(error="").values_list("host__name", "error")
    said += [f"{host} {error}" for host, error in errors.order_by("host__name")]
    return digest_of(canonical([*said, str(maintenance)]))[:16]
