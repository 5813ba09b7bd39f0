"""One run of the fallback: how far it is, what became of each recipient, and its end."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from mailadmin.answers import moved, reason_not, shown
from mailadmin.people.access import requires
from mailadmin.people.roles import Permission
from mailadmin.people.session import signed_in
from mailadmin.ui.parts import Action
from mailadmin.ui.words import counted
from spools.core.receipts import Fate
from spools.core.run_states import RunState
from spools.models import FlushRun
from spools.queries.runs import destinations_of, per_minute, receipts_of
from spools.services.flushes import cancel_run

PAGE = "spools/flush_run.html"
LEFT_WORDS = {
    "closed": "their destination is closed",
    "excluded": "a destination is excluded",
    "unreachable": "nobody answers there",
    "busy": "somebody else had them each time",
    "no_data": "their body is missing",
    "damaged": "their queue file is damaged",
}
KEPT = ("fate", "domain", "q")


@require_safe
@requires(Permission.READ)
def flush_run(request: HttpRequest, name: str, number: int) -> HttpResponse:
    """The page, and its live part: 204 while nothing is new."""
    run = run_or_404(name, number)
    if request.GET.get("seen") == str(run.version) and getattr(request, "htmx", False):
        return HttpResponse(status=204)
    return shown(request, PAGE, _context(request, run), part="live")


@require_POST
@requires(Permission.ANSWER)
def flush_cancel(request: HttpRequest, name: str, number: int) -> HttpResponse:
    """No further slice."""
    run = run_or_404(name, number)
    cancel_run(run=run, by=signed_in(request), reason=request.POST.get("reason", "")[:500])
    return moved(request, reverse("flush-run", args=[name, number]), f"Run {number} ends.")


def run_or_404(name: str, number: int) -> FlushRun:
    """The run of that list server with that number."""
    found = FlushRun.objects.select_related("server", "attempt")
    run = found.filter(server__name=name, number=number).first()
    if run is None:
        raise Http404(f"There is no run {number} of {name}.")
    return run


def _context(request: HttpRequest, run: FlushRun) -> dict[str, Any]:
    filters = {name: request.GET.get(name, "").strip() for name in KEPT}
    filters = {name: value for name, value in filters.items() if value}
    after = request.GET.get("after", "")
    receipts, more = receipts_of(
        run,
        fate=filters.get("fate", ""),
        domain=filters.get("domain", ""),
        text=filters.get("q", ""),
        after=int(after) if after.isascii() and after.isdigit() and len(after) < 18 else 0,
    )
    destinations, total = destinations_of(run)
    here = reverse("flush-run", args=[run.server.name, run.number])
    pace = per_minute(run, timezone.now())
    return {
        "run": run,
        "sentence": sentence(run),
        "figures": [(fate.value, getattr(run, fate.value)) for fate in Fate],
        "views": _views(run, filters, here),
        "left": [(LEFT_WORDS.get(why, why), count) for why, count in sorted(run.left.items())],
        "pace": None if pace is None else round(pace),
        "done": min(run.messages + sum(run.left.values()), run.waiting or 0),
        "destinations": destinations,
        "destinations_total": total,
        "receipts": receipts,
        "older_href": _with(here, filters, after=receipts[-1].pk) if more else "",
        "newer_href": _with(here, filters) if after else "",
        "query": filters.get("q", ""),
        "hidden": [(name, value) for name, value in filters.items() if name != "q"],
        "domain": filters.get("domain", ""),
        "without_domain": _with(here, {k: v for k, v in filters.items() if k != "domain"}),
        "here": here,
        "poll_href": _with(here, filters, **({"after": after} if after else {})),
        "cancel": _cancel(request, run),
    }


def _with(here: str, filters: dict[str, str], **more: object) -> str:
    query = urlencode({**filters, **more})
    return f"{here}?{query}" if query else here


def _views(run: FlushRun, filters: dict[str, str], here: str) -> list[dict[str, Any]]:
    rest = {name: value for name, value in filters.items() if name != "fate"}
    found: list[dict[str, Any]] = [
        {"label": "All", "href": _with(here, rest), "current": "fate" not in filters}
    ]
    for fate in Fate:
        if count := getattr(run, fate.value):
            found.append(
                {
                    "label": fate.value.capitalize(),
                    "href": _with(here, {**rest, "fate": fate.value}),
                    "current": filters.get("fate") == fate,
                    "count": count,
                }
            )
    return found


def _cancel(request: HttpRequest, run: FlushRun) -> Action | None:
    if not run.is_open:
        return None
    reason = reason_not(request, Permission.ANSWER, "cancel it")
    if run.state == RunState.CANCELLING:
        reason = "The slice that is out ends within a minute; then it is cancelled."
    return Action(
        id="cancel",
        label=f"Cancel run {run.number}",
        action=reverse("flush-cancel", args=[run.server.name, run.number]),
        kind="danger",
        reason=reason,
    )


def sentence(run: FlushRun) -> str:
    """What a person wants to read first."""
    tried = f"{counted(run.messages, 'message', 'messages')} tried"
    match RunState(run.state):
        case RunState.ORDERED:
            return "The first slice is ordered; nothing was heard of it yet."
        case RunState.RUNNING:
            return f"{tried}, in {run.slices} slice{'' if run.slices == 1 else 's'} so far."
        case RunState.CANCELLING:
            return f"{tried}. No further slice is ordered."
        case RunState.FINISHED:
            return f"{tried}. Nothing of its scope is left to try."
        case _:
            return f"{tried}. {run.why}".strip()
