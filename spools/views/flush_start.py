"""Begin a run, by the fallback or by the table: what it takes, with which command, and why."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

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
from spools.core.flush import command_of
from spools.core.health import RelayState
from spools.core.run_kind import RunKind
from spools.core.scope import Scope
from spools.forms.flush import ScopeForm, StartForm
from spools.queries.runs import (
    Preview,
    default_state,
    preview_of,
    reasons_against,
    release_to_use,
)
from spools.services.errors import NotAllowed
from spools.services.flushes import start_run

PAGE = "spools/flush_start.html"
NOTHING_TICKED = "Nothing was ticked: go back and tick messages or domains, or choose a scope here."


@dataclass(frozen=True, slots=True)
class Words:
    """What the page says of a kind of run. `button` holds a place for what it takes; `unwise` are
    the states of the relay in which another kind is the right one, `instead` says why."""

    route: str
    title: str
    means: str
    button: str
    unwise: frozenset[RelayState]
    instead: str


WORDS: Mapping[RunKind, Words] = {
    RunKind.FALLBACK: Words(
        route="flush-start",
        title="Flush by fallback",
        means="straight to the MX of each domain, past the relay, with the live release; "
        "what cannot be sent stays in the spool",
        button="Flush {} by fallback",
        unwise=frozenset({RelayState.HEALTHY}),
        instead="The normal runner sends what waits by it. "
        "A run by fallback is for when it is not.",
    ),
    RunKind.RETRY: Words(
        route="retry-start",
        title="Retry now",
        means="by the table of the live release, as the normal runner does, but at once; "
        "what cannot be sent stays in the spool",
        button="Retry {} now",
        unwise=frozenset({RelayState.DOWN, RelayState.OVERLOADED, RelayState.MAINTENANCE}),
        instead="What goes by it would be put off again. A run by fallback goes past it.",
    ),
}


@asks_first
@requires(Permission.OPERATE)
def flush_start(request: HttpRequest, name: str) -> HttpResponse:
    """The question, and the act: one run at a time on a list server."""
    return _start(request, server_or_404(name), RunKind.FALLBACK)


@asks_first
@requires(Permission.OPERATE)
def retry_start(request: HttpRequest, name: str) -> HttpResponse:
    """The same for a run by the table."""
    return _start(request, server_or_404(name), RunKind.RETRY)


def _start(request: HttpRequest, server: MailHost, kind: RunKind) -> HttpResponse:
    if request.method != "POST":
        scope = ScopeForm.asked(request.GET).scope()
        none = "ticked" in request.GET and scope == Scope()
        return _ask(request, server, kind, scope, against=(NOTHING_TICKED,) if none else ())
    form = StartForm(kind, request.POST)
    scope = form.scope() if form.is_valid() else ScopeForm(request.POST).scope()
    if not form.is_valid():
        return _ask(request, server, kind, scope, form, status=422)
    try:
        run = start_run(
            server=server,
            kind=kind,
            scope=scope,
            by=signed_in(request),
            reason=form.cleaned_data["reason"],
            stop_when_well=form.cleaned_data.get("stop_when_well", False),
        )
    except NotAllowed as error:
        return _ask(request, server, kind, scope, form, errors=error.reasons, status=409)
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
    kind: RunKind,
    scope: Scope,
    form: StartForm | None = None,
    errors: tuple[str, ...] = (),
    against: Sequence[str] = (),
    status: int = 200,
) -> HttpResponse:
    preview, words, relay = preview_of(server, scope), WORDS[kind], default_state(server)
    initial = {"stop_when_well": relay is not RelayState.HEALTHY}
    typed = {
        "domains": "\n".join(scope.domains),
        "excluded": "\n".join(scope.excluded),
        "id": " ".join(scope.queue_ids),
    }
    against = [*against, *scope.problems(), *reasons_against(server)]
    context = {
        "server": server,
        "words": words,
        "here": reverse(words.route, args=[server.name]),
        "scope": scope,
        "what": _what(scope, preview),
        "preview": preview,
        "command": _command(kind, server, preview),
        "scope_form": ScopeForm(typed),
        "form": form or StartForm(kind, initial=initial | typed),
        "button": words.button.format(_what(scope, preview)),
        "against": against,
        "errors": [text for text in errors if text not in against],
        "unwise": _unwise(words, relay),
        "may": person_may(request, Permission.OPERATE),
        "who": actor(signed_in(request)).name,
    }
    return render(request, PAGE, context, status=status)


def _unwise(words: Words, relay: RelayState | None) -> str:
    """How the relay is, where that speaks for another kind of run; "" where it does not."""
    if relay is None or relay not in words.unwise:
        return ""
    return "The relay is well." if relay is RelayState.HEALTHY else f"The relay is {relay}."


def _what(scope: Scope, preview: Preview) -> str:
    """Verb's object with a number where one is known."""
    if scope.queue_ids or scope.domains or scope.excluded or preview.waiting is None:
        return scope.sentence()
    return counted(preview.waiting, "message", "messages")


def _command(kind: RunKind, server: MailHost, preview: Preview) -> str:
    """The command of one sendmail, for the first messages that it takes."""
    ids = [row.queue_id for row in preview.samples[:2]] or ["QUEUE-ID"]
    release = f"releases/{release_to_use(server) or 'RELEASE'}"
    return f"{shlex.join(command_of(kind, 'sendmail', release, ids))} …"
