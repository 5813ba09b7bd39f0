"""Config pushes: the list, one push, and what people do to it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import wraps
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe
from django_htmx.http import HttpResponseStopPolling

from mailadmin.answers import moved, polled, shown
from mailadmin.nudge import nudged
from mailadmin.people.access import requires
from mailadmin.people.roles import Permission
from mailadmin.people.session import signed_in
from mailadmin.ui.words import age
from routing.core.findings import InvalidIntent
from routing.forms.pushes import PutBackForm, RestoreForm, VerdictForm
from routing.queries.pushes import (
    PushRecord,
    find_revision,
    push_record,
    push_version,
)
from routing.services.approve import approve, refuse
from routing.services.deploy import deploy, retry
from routing.services.errors import DigestMoved, NotAllowed
from routing.services.giving_up import give_up
from routing.services.propose import restore
from routing.services.put_back import put_back
from routing.views.addressed import host_or_404
from routing.views.push.page import TERMINAL, push_page
from routing.views.push.requirements import heard_since
from routing.views.push_list import asked_view, list_version, pushes_page

View = Callable[..., HttpResponse]
PAGE, LIVE = "routing/push.html", "live"
STOP_POLLING = 286


def only_posted(view: View) -> View:
    """An act has no page of its own. Who comes back to its address, after signing in again or by
    reloading what was answered, gets the page of the push."""

    @wraps(view)
    def answer(request: HttpRequest, **named: Any) -> HttpResponse:
        if request.method == "POST":
            return view(request, **named)
        number = named.get("number")
        return redirect("push", number) if number else redirect("pushes")

    return answer


@require_safe
@requires(Permission.READ)
def push_list(request: HttpRequest) -> HttpResponse:
    """The view that the address names."""
    return shown(request, "routing/pushes.html", {"pushes": pushes_page(request)}, part=LIVE)


@require_safe
@requires(Permission.READ)
def pushes_live(request: HttpRequest) -> HttpResponse:
    """The list's poll: nothing while nothing was written."""
    return polled(
        request,
        "routing/pushes.html",
        LIVE,
        version=list_version(),
        context=lambda: {"pushes": pushes_page(request, asked_view(request))},
    )


@require_safe
@requires(Permission.READ)
def push(request: HttpRequest, number: int) -> HttpResponse:
    """One push, whole."""
    page = push_page(request, found_or_404(number))
    return shown(request, PAGE, {"push": page}, part=LIVE)


@require_safe
@requires(Permission.READ)
def push_live(request: HttpRequest, number: int) -> HttpResponse:
    """The push's poll: 204 while nothing is new, 286 with the last words when it has ended."""
    found = push_version(number, heard_since=heard_since())
    if found is None:
        raise Http404(f"There is no push #{number}.")
    version, state = found
    seen = request.GET.get("seen") == version
    if seen:
        return HttpResponseStopPolling() if state in TERMINAL else HttpResponse(status=204)
    page = push_page(request, found_or_404(number))
    status = STOP_POLLING if page.finished else 200
    return render(request, f"{PAGE}#{LIVE}", {"push": page}, status=status)


@only_posted
@requires(Permission.APPROVE)
def push_approve(request: HttpRequest, number: int) -> HttpResponse:
    """Accept exactly the digest that the page showed."""
    record, form = found_or_404(number), VerdictForm(request.POST)
    form.is_valid()
    given = form.cleaned_data

    def act() -> None:
        approve(
            push=record.push,
            digest=given.get("digest", ""),
            deploy=given.get("deploy", False),
            reason=given.get("reason", ""),
            by=signed_in(request),
        )

    return _acted(request, record, act, f"Push #{number} is approved.")


@only_posted
@requires(Permission.APPROVE)
def push_refuse(request: HttpRequest, number: int) -> HttpResponse:
    """End it, with a reason."""
    record, form = found_or_404(number), VerdictForm(request.POST)
    form.is_valid()
    given = form.cleaned_data

    def act() -> None:
        refuse(
            push=record.push,
            digest=given.get("digest", ""),
            reason=given.get("reason", ""),
            by=signed_in(request),
        )

    return _acted(request, record, act, f"Push #{number} is refused. Nothing was switched.")


@only_posted
@requires(Permission.APPROVE)
def push_deploy(request: HttpRequest, number: int) -> HttpResponse:
    """Deploy what was approved before."""
    record = found_or_404(number)

    def act() -> None:
        deploy(push=record.push, by=signed_in(request))

    return _acted(request, record, act, f"Push #{number} is being deployed.")


@only_posted
@requires(Permission.APPROVE)
def push_retry(request: HttpRequest, number: int) -> HttpResponse:
    """Go on where it stopped."""
    record = found_or_404(number)

    def act() -> None:
        retry(push=record.push, by=signed_in(request))

    return _acted(request, record, act, f"Push #{number} goes on.")


@only_posted
@requires(Permission.APPROVE)
def push_give_up(request: HttpRequest, number: int, host: str) -> HttpResponse:
    """Ask nothing more of one mail host for this push."""
    record, found = found_or_404(number), host_or_404(host)

    def act() -> None:
        reason = request.POST.get("reason", "")
        give_up(push=record.push, host=found, reason=reason, by=signed_in(request))

    done = f"Push #{number} is given up on {host}. What it runs stays as it is."
    return _acted(request, record, act, done)


@only_posted
@requires(Permission.EDIT)
def revision_restore(request: HttpRequest, identity: int) -> HttpResponse:
    """Propose an older revision again."""
    revision, form = find_revision(identity), RestoreForm(request.POST)
    if revision is None:
        raise Http404("There is no such revision.")
    if not form.is_valid():
        return _refused(
            request,
            "Nothing was proposed",
            tuple(str(error) for error in form.errors["reason"]),
            status=422,
        )
    try:
        made = restore(
            revision=revision,
            note=form.cleaned_data["reason"],
            form_token=form.cleaned_data["token"],
            by=signed_in(request),
        )
    except NotAllowed as error:
        return _refused(request, "Nothing was proposed", error.reasons, status=409)
    text = f"Push #{made.pk} would restore revision {revision.number} of {revision.host.name}."
    return moved(request, reverse("push", args=[made.pk]), nudged(text))


@only_posted
@requires(Permission.EDIT)
def put_host_back(request: HttpRequest, name: str) -> HttpResponse:
    """Propose what our record says for a host on which somebody changed what is live."""
    host, form = host_or_404(name), PutBackForm(request.POST)
    if not form.is_valid():
        return _refused(request, "Nothing was proposed", ("Say why it is put back.",), status=422)
    try:
        made = put_back(
            host=host,
            note=form.cleaned_data["reason"],
            with_edits=form.cleaned_data["edits"],
            form_token=form.cleaned_data["token"],
            by=signed_in(request),
        )
    except NotAllowed as error:
        return _refused(request, "Nothing was proposed", error.reasons, status=409)
    except InvalidIntent as error:
        found = tuple(str(finding) for finding in error.findings)
        return _refused(request, "Nothing was proposed", found, status=422)
    text = nudged(f"Push #{made.pk}: {made.title}.")
    return moved(request, reverse("push", args=[made.pk]), text)


def found_or_404(number: int) -> PushRecord:
    """The push that the address names."""
    record = push_record(number)
    if record is None:
        raise Http404(f"There is no push #{number}.")
    return record


def _acted(
    request: HttpRequest, record: PushRecord, act: Callable[[], None], done: str
) -> HttpResponse:
    """Do it and show the push; else the push as it is now with everything that was against it."""
    number = record.push.pk
    try:
        act()
    except DigestMoved as error:
        return _push_again(request, number, _moved_text(number, error), status=409)
    except NotAllowed as error:
        status = 403 if record.push.state == "proved" else 409
        return _push_again(request, number, " ".join(error.reasons), status=status)
    return moved(request, reverse("push", args=[number]), nudged(done))


def _push_again(request: HttpRequest, number: int, text: str, *, status: int) -> HttpResponse:
    page = push_page(request, found_or_404(number))
    page = replace(page, state_reason=text, state_todo="Nothing was done.", state_raw="")
    return shown(request, PAGE, {"push": page}, part=LIVE, status=status)


def _moved_text(number: int, error: DigestMoved) -> str:
    since = age(error.changed_at, timezone.now())
    now = error.now[:8] or "not built yet"
    return (
        f"Push #{number} changed {since}: approve nothing you have not seen. "
        f"You saw {error.shown[:8] or 'no digest'}; "
        f"it is {now} and {error.state} now, as shown below."
    )


def _refused(
    request: HttpRequest, title: str, reasons: tuple[str, ...], *, status: int
) -> HttpResponse:
    context = {"title": title, "reasons": reasons, "back": reverse("pushes")}
    return render(request, "routing/refused.html", context, status=status)
