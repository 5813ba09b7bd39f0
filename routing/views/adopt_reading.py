"""Adopt a list server by the files that its own agent reads: ask, wait, read the report, import."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_safe

from mailadmin.answers import moved
from mailadmin.methods import asks_first
from mailadmin.people.access import requires
from mailadmin.people.roles import Permission
from mailadmin.people.services import actor
from mailadmin.people.session import signed_in
from routing.core.adopt.reading import FilesRead, ReadingState
from routing.core.intent import SMTP_PORT
from routing.forms.adopt import ReadingForm
from routing.models import Reading
from routing.services.adopting import Adoption, judge_reading
from routing.services.errors import NotAllowed
from routing.services.reading import ask_reading
from routing.views.adopt import import_what_was_read, list_servers, shown, start_page

PAGE = "routing/adopt_reading.html"


@asks_first
@requires(Permission.EDIT)
def reading_ask(request: HttpRequest) -> HttpResponse:
    """Have the agent read what its own file names; the next page waits for it."""
    if request.method != "POST":
        # Who comes back to this address after signing in again.
        return redirect("adopt")
    form = ReadingForm(request.POST, servers=list_servers())
    if not form.is_valid():
        return start_page(request, reading_form=form, status=422)
    host = form.host()
    person = signed_in(request)
    try:
        reading = ask_reading(host=host, by=actor(person), person=person)
    except NotAllowed as error:
        return start_page(request, reading_form=form, errors=error.reasons, status=409)
    where = f"{reverse('reading', args=[reading.pk])}?relay_port={form.cleaned_data['relay_port']}"
    return moved(request, where)


@asks_first
@requires(Permission.EDIT)
def reading_page(request: HttpRequest, number: int) -> HttpResponse:
    """What it read, as a report; with the report's button the import."""
    reading = _found(number)
    files_read = reading.read()
    if files_read is None:
        return _show(request, reading)
    port = _port(request)
    try:
        found = judge_reading(
            files_read=files_read,
            host=reading.host,
            source=f"what {reading.host} had",
            relay_port=port,
        )
    except NotAllowed as error:
        return _show(request, reading, files_read, errors=error.reasons, status=409)
    if request.method != "POST":
        return _show(request, reading, files_read, found)
    return import_what_was_read(
        request, found, lambda **more: _show(request, reading, files_read, found, **more)
    )


@require_safe
@requires(Permission.EDIT)
def reading_live(request: HttpRequest, number: int) -> HttpResponse:
    """The page's poll: 204 while nobody has answered, then the whole page anew."""
    if _found(number).state == ReadingState.ASKED:
        return HttpResponse(status=204)
    return HttpResponse(headers={"HX-Refresh": "true"})


def _found(number: int) -> Reading:
    reading = Reading.objects.select_related("host", "attempt", "person").filter(pk=number).first()
    if reading is None:
        raise Http404(f"There is no reading #{number}.")
    return reading


def _port(request: HttpRequest) -> int:
    """Of the page's own address or form; whatever is no port is 25."""
    given = request.POST.get("relay_port") or request.GET.get("relay_port") or ""
    port = int(given) if given.isascii() and given.isdigit() and len(given) <= 5 else SMTP_PORT
    return port if 0 < port < 65536 else SMTP_PORT


def _show(
    request: HttpRequest,
    reading: Reading,
    files_read: FilesRead | None = None,
    found: Adoption | None = None,
    errors: tuple[str, ...] | list[str] = (),
    status: int = 200,
) -> HttpResponse:
    port = _port(request)
    context = {
        **shown(request, found),
        "reading": reading,
        "files_read": files_read,
        "waits": reading.state == ReadingState.ASKED,
        "failed": reading.state == ReadingState.FAILED,
        "relay_port": port,
        "errors": errors,
        "again": ReadingForm(
            initial={"server": reading.host.name, "relay_port": port}, servers=list_servers()
        ),
    }
    return render(request, PAGE, context, status=status)
