"""Begin a run of the fallback: what it takes, with which command, and why."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from mailadmin.answers import moved
from mailadmin.methods import asks_first
from mailadmin.people.access import person_may, requires
from mailadmin.people.roles import Permission
from mailadmin.people.services import actor
from mailadmin.people.session import signed_in
from mailadmin.ui.words import counted
from routing.models import MailHost
from spools.core.flush import CONFIGURATION, command_of
from spools.core.scope import Scope
from spools.forms.flush import ScopeForm, StartForm
from spools.queries.runs import (
    Preview,
    preview_of,
    reasons_against,
    relay_is_well,
    release_to_use,
)
from spools.services.errors import NotAllowed
from spools.services.flushes import start_run

PAGE = "spools/flush_start.html"
NOTHING_TICKED = "Nothing was ticked: go back and tick messages or domains, or choose a scope here."


@asks_first
@requires(Permission.OPERATE)
def flush_start(request: HttpRequest, name: str) -> HttpResponse:
    """The question, and the act: one run at a time on a list server."""
    server = server_or_404(name)
    if request.method != "POST":
        scope = ScopeForm.asked(request.GET).scope()
        none = "ticked" in request.GET and scope == Scope()
        return _ask(request, server, scope, against=(NOTHING_TICKED,) if none else ())
    form = StartForm(request.POST)
    scope = form.scope() if form.is_valid() else ScopeForm(request.POST).scope()
    if not form.is_valid():
        return _ask(request, server, scope, form, status=422)
    try:
        run = start_run(
            server=server,
            scope=scope,
            by=signed_in(request),
            reason=form.cleaned_data["reason"],
            stop_when_well=form.cleaned_data["stop_when_well"],
        )
    except NotAllowed as error:
        return _ask(request, server, scope, form, errors=error.reasons, status=409)
    where = reverse("flush-run", args=[server.name, run.number])
    return moved(request, where, f"Run {run.number} is ordered.")


def server_or_404(name: str) -> MailHost:
    """The list server of that name."""
    host = MailHost.objects.filter(name=name).first()
    if host is None:
        raise Http404(f"There is no mail host {name}.")
    return host


def _ask(
    request: HttpRequest,
    server: MailHost,
    scope: Scope,
    form: StartForm | None = None,
    errors: tuple[str, ...] = (),
    against: Sequence[str] = (),
    status: int = 200,
) -> HttpResponse:
    preview = preview_of(server, scope)
    well = relay_is_well(server)
    typed = {
        "domains": "\n".join(scope.domains),
        "excluded": "\n".join(scope.excluded),
        "id": " ".join(scope.queue_ids),
    }
    against = [*against, *scope.problems(), *reasons_against(server)]
    context = {
        "server": server,
        "scope": scope,
        "what": _what(scope, preview),
        "preview": preview,
        "command": _command(server, preview),
        "scope_form": ScopeForm(typed),
        "form": form or StartForm(initial={**typed, "stop_when_well": not well}),
        "button": f"Flush {_what(scope, preview)} by fallback",
        "against": against,
        "errors": [text for text in errors if text not in against],
        "well": well,
        "may": person_may(request, Permission.OPERATE),
        "who": actor(signed_in(request)).name,
    }
    return render(request, PAGE, context, status=status)


def _what(scope: Scope, preview: Preview) -> str:
    """Verb's object with a number where one is known."""
    if scope.queue_ids or scope.domains or scope.excluded or preview.waiting is None:
        return scope.sentence()
    return counted(preview.waiting, "message", "messages")


def _command(server: MailHost, preview: Preview) -> str:
    """The command of one sendmail, for the first messages that it takes."""
    ids = [row.queue_id for row in preview.samples[:2]] or ["QUEUE-ID"]
    configuration = f"releases/{release_to_use(server) or 'RELEASE'}/{CONFIGURATION}"
    return f"{shlex.join(command_of('sendmail', configuration, ids))} …"
