"""Adopt an existing list server: give its texts, read the report, then import."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from mailadmin.answers import moved, reason_not
from mailadmin.methods import asks_first
from mailadmin.people.access import person_may, requires
from mailadmin.people.roles import Permission
from mailadmin.people.services import actor
from mailadmin.people.session import signed_in
from mailadmin.ui.words import counted
from routing.core.facts import HostKind
from routing.core.findings import InvalidIntent
from routing.core.intent import SMTP_PORT
from routing.forms.adopt import AdoptForm, ReadingForm
from routing.models import MailHost
from routing.services.adopting import Adoption, adopt, read_server
from routing.services.errors import ConflictingEdit, NotAllowed
from routing.views.nouns import NOUNS

PAGE = "routing/adopt.html"
MOST_LINES = 200
Answer = Callable[..., HttpResponse]
"""Shows the page once more; takes `errors` (sentences) and `status`."""


@asks_first
@requires(Permission.EDIT)
def adopt_page(request: HttpRequest) -> HttpResponse:
    """The texts; with them the report; with its button the import."""
    if request.method != "POST":
        return start_page(request)
    form = AdoptForm(request.POST, request.FILES, servers=list_servers())
    if not form.is_valid():
        return _show(request, form, status=422)
    host = MailHost.objects.get(name=form.cleaned_data["server"])
    port = form.cleaned_data["relay_port"]
    try:
        found = read_server(
            sources=form.sources(), host=host, source="the existing server", relay_port=port
        )
    except NotAllowed as error:
        return _show(request, form, errors=error.reasons, status=409)
    if request.POST.get("step") != "import":
        return _show(request, form, found)
    return import_what_was_read(request, found, lambda **more: _show(request, form, found, **more))


def list_servers() -> tuple[str, ...]:
    """The names of those that may be adopted."""
    servers = MailHost.in_service.filter(kind=HostKind.LIST_SERVER)
    return tuple(servers.values_list("name", flat=True))


def start_page(
    request: HttpRequest,
    *,
    reading_form: ReadingForm | None = None,
    errors: tuple[str, ...] | list[str] = (),
    status: int = 200,
) -> HttpResponse:
    """Both ways in, nothing read yet."""
    form = AdoptForm(initial={"relay_port": SMTP_PORT}, servers=list_servers())
    return _show(request, form, errors=errors, status=status, reading_form=reading_form)


def import_what_was_read(request: HttpRequest, found: Adoption, show: Answer) -> HttpResponse:
    """Write it, and go to its push; `show` shows the report again with what stands against it."""
    keeps = bool(request.POST.get("keeps_options")) and not _may_not_keep(request)
    person = signed_in(request)
    try:
        push = adopt(adoption=found, keeps_options=keeps, by=actor(person), person=person)
    except InvalidIntent:
        return show(status=422)
    except NotAllowed as error:
        return show(errors=error.reasons, status=409)
    except ConflictingEdit as error:
        text = f"{error.theirs.by} changed {found.host.name} meanwhile. Read it again."
        return show(errors=(text,), status=409)
    done = f"{len(found.report.lines)} lines are imported. Push #{push.pk} brings them live."
    return moved(request, reverse("push", args=[push.pk]), done)


def shown(request: HttpRequest, found: Adoption | None) -> dict[str, Any]:
    """What the report's templates take."""
    return {
        "found": found,
        "more": max(0, len(found.report.lines) - MOST_LINES) if found else 0,
        "lines": [(line, NOUNS[line.kind].one) for line in found.report.lines[:MOST_LINES]]
        if found
        else (),
        "kinds": _kinds(found) if found else (),
        "reason_not_kept": _may_not_keep(request),
    }


def _kinds(found: Adoption) -> list[str]:
    nouns = ((NOUNS[kind], count) for kind, count in found.report.kinds.items())
    return [counted(count, noun.one, noun.many) for noun, count in nouns]


def _may_not_keep(request: HttpRequest) -> str:
    """A host's own m4 is the administrators' business."""
    if person_may(request, Permission.ADMINISTER):
        return ""
    return reason_not(request, Permission.ADMINISTER, "write a host's own m4")


def _show(
    request: HttpRequest,
    form: AdoptForm,
    found: Adoption | None = None,
    errors: tuple[str, ...] | list[str] = (),
    status: int = 200,
    reading_form: ReadingForm | None = None,
) -> HttpResponse:
    context = {
        **shown(request, found),
        "form": form,
        "reading_form": reading_form
        or ReadingForm(initial={"relay_port": SMTP_PORT}, servers=list_servers()),
        "texts": form.texts() if found else {},
        "errors": errors,
    }
    return render(request, PAGE, context, status=status)
