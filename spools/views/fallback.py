"""The fallback pages: every list server, one of them, its policy, and the answers of people."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from mailadmin.answers import moved, polled, reason_not, shown
from mailadmin.people.access import requires
from mailadmin.people.models import Person
from mailadmin.people.roles import Permission
from mailadmin.people.session import signed_in
from mailadmin.ui.parts import Action
from mailadmin.ui.words import counted
from mailadmin.wire.core.canonical import canonical, digest_of
from routing.core.facts import HostKind
from routing.models import MailHost
from spools.core.policy import Policy
from spools.forms.policies import PolicyForm
from spools.models import FallbackPolicy, FallbackQuestion
from spools.queries.fallback import servers
from spools.queries.relays import day_of
from spools.queries.runs import runs_of
from spools.services.errors import NotAllowed
from spools.services.policies import confirm as confirm_question
from spools.services.policies import confirm_policy, decline, drop_policy, from_json, save_policy
from spools.views.fallback_parts import (
    ServerSight,
    policy_facts,
    rail,
    requirements,
    server_sight,
)
from spools.views.relay_words import pieces

LIST, PAGE, LIVE = "spools/fallback_list.html", "spools/fallback.html", "live"
CHANGE = "change fallback policies"


@require_safe
@requires(Permission.READ)
def list_all(request: HttpRequest) -> HttpResponse:
    """Every list server."""
    return shown(request, LIST, _list_context(), part=LIVE)


@require_safe
@requires(Permission.READ)
def list_live(request: HttpRequest) -> HttpResponse:
    """The list's poll."""
    context = _list_context()
    return polled(request, LIST, LIVE, version=context["version"], context=lambda: context)


@require_safe
@requires(Permission.READ)
def page(request: HttpRequest, host: str) -> HttpResponse:
    """One list server."""
    return shown(request, PAGE, _context(request, _server(host)), part=LIVE)


@require_safe
@requires(Permission.READ)
def live(request: HttpRequest, host: str) -> HttpResponse:
    """The page's poll."""
    context = _context(request, _server(host))
    return polled(request, PAGE, LIVE, version=context["version"], context=lambda: context)


@requires(Permission.ADMINISTER)
def edit(request: HttpRequest, host: str) -> HttpResponse:
    """The policy of one list server."""
    server = _server(host)
    row = FallbackPolicy.objects.filter(server=server).first()
    policy, version = (row.policy, row.version) if row else (Policy(), 0)
    if request.method != "POST":
        return _edit(request, server, PolicyForm(initial=PolicyForm.values(policy, version)))
    form = PolicyForm(request.POST)
    if not form.is_valid():
        return _edit(request, server, form, status=422)
    try:
        saved = save_policy(
            server=server,
            version=form.cleaned_data["version"],
            policy=form.policy,
            reason=form.cleaned_data["reason"],
            by=signed_in(request),
        )
    except NotAllowed as error:
        for reason in error.reasons:
            form.add_error(None, reason)
        return _edit(request, server, form, status=422)
    said = f"The fallback policy of {host} is saved."
    if saved.wanted:
        said = f"Saved. It starts runs by itself on {host} once a second person confirms it."
    return moved(request, _href(server), said)


@requires(Permission.ADMINISTER)
def confirm(request: HttpRequest, host: str) -> HttpResponse:
    """A second person puts the wanted policy in force."""
    server = _server(host)
    if request.method == "POST":
        try:
            version = int(request.POST.get("version", "0") or "0")
            confirm_policy(server=server, version=version, by=signed_in(request))
            messages.success(request, f"The fallback policy of {host} is in force.")
        except (NotAllowed, ValueError) as error:
            messages.error(request, str(error))
    return redirect(_href(server))


@requires(Permission.ADMINISTER)
def drop(request: HttpRequest, host: str) -> HttpResponse:
    """The wanted policy is wanted no more."""
    server = _server(host)
    if request.method == "POST":
        drop_policy(server=server, by=signed_in(request))
    return redirect(_href(server))


@requires(Permission.ANSWER)
def confirm_run(request: HttpRequest, host: str) -> HttpResponse:
    """The question is answered with yes."""
    server = _server(host)
    found = FallbackQuestion.objects.filter(server=server, answer="").first()
    if request.method != "POST":
        return redirect(_href(server))
    if found is None or request.POST.get("question") != str(found.pk):
        messages.error(request, "The question is not open any more. Nothing was begun.")
        return redirect(_href(server))
    try:
        run = confirm_question(question=found, by=signed_in(request))
    except NotAllowed as error:
        for reason in error.reasons:
            messages.error(request, reason)
        return redirect(_href(server))
    where = reverse("flush-run", args=[server.name, run.number])
    return moved(request, where, f"Run {run.number} is ordered.")


@requires(Permission.ANSWER)
def not_now(request: HttpRequest, host: str) -> HttpResponse:
    """The question is answered with no."""
    server = _server(host)
    found = FallbackQuestion.objects.filter(server=server, answer="").first()
    if request.method == "POST" and found is not None:
        decline(question=found, by=signed_in(request))
        return moved(request, _href(server), "Nothing goes past the relay. Asked again in 1 h.")
    return redirect(_href(server))


def _server(host: str) -> MailHost:
    row = MailHost.in_service.filter(name=host, kind=HostKind.LIST_SERVER).first()
    if row is None:
        raise Http404(f"There is no list server {host}.")
    return row


def _href(server: MailHost) -> str:
    return reverse("fallback", args=[server.name])


def _list_context() -> dict[str, Any]:
    now = timezone.now()
    found = [server_sight(server, now) for server in servers()]
    return {
        "rows": found,
        "asked": sum(item.question is not None for item in found),
        "version": _version(found),
    }


def _context(request: HttpRequest, server: MailHost) -> dict[str, Any]:
    now, person = timezone.now(), signed_in(request)
    found = server_sight(server, now)
    return {
        "found": found,
        "rail": rail(found) if found.relay else (),
        "band": pieces(day_of(found.relay.row, now), now) if found.relay else (),
        "conditions": requirements(found.decision),
        "facts": policy_facts(found.policy),
        "wanted": policy_facts(from_json(found.row.wanted))
        if found.row and found.row.wanted
        else (),
        "wanted_actions": _wanted_actions(request, found, person),
        "edit_reason": reason_not(request, Permission.ADMINISTER, CHANGE),
        "answers": _answers(request, found),
        "runs": runs_of(server),
        "poll_href": reverse("fallback-live", args=[server.name]),
        "version": _version([found]),
    }


def _answers(request: HttpRequest, found: ServerSight) -> tuple[Action, ...]:
    """Yes with what it does and to how many, or not now; who may do neither reads who may."""
    if found.question is None:
        return ()
    name, reason = found.server.name, reason_not(request, Permission.ANSWER, "answer it")
    what = counted(found.waits or 0, "message", "messages")
    yes = Action(
        "confirm-run",
        f"Flush {what} by fallback",
        reverse("fallback-run", args=[name]),
        kind="primary",
        reason=reason,
        fields=(("question", str(found.question.pk)),),
    )
    if reason:
        return (yes,)
    not_now = reverse("fallback-not-now", args=[name])
    return (yes, Action("not-now", "Not now, ask again in 1 h", not_now))


def _wanted_actions(request: HttpRequest, found: ServerSight, person: Person) -> tuple[Action, ...]:
    row = found.row
    if row is None or row.wanted is None:
        return ()
    reason = reason_not(request, Permission.ADMINISTER, CHANGE)
    own = "You proposed it. Somebody else has to confirm it." if row.wanted_by == person else ""
    name = found.server.name
    return (
        Action(
            "confirm-policy",
            "Confirm the automatic policy",
            reverse("fallback-confirm", args=[name]),
            kind="primary",
            reason=reason or own,
            fields=(("version", str(row.version)),),
        ),
        Action("drop-policy", "Drop it", reverse("fallback-drop", args=[name]), reason=reason),
    )


def _edit(
    request: HttpRequest, server: MailHost, form: PolicyForm, status: int = 200
) -> HttpResponse:
    context = {"server": server, "form": form}
    return render(request, "spools/fallback_edit.html", context, status=status)


def _version(found: list[ServerSight]) -> str:
    said = [
        " ".join(
            [
                item.server.name,
                str(item.relay.row.reports if item.relay else ""),
                item.sight.state,
                str(item.row.version if item.row else 0),
                str(item.question.pk if item.question else 0),
                f"{item.run.pk} {item.run.version}" if item.run else "",
                *(f"{c.met} {c.now}" for c in item.decision.conditions),
            ]
        )
        for item in found
    ]
    return digest_of(canonical(said))[:16]
