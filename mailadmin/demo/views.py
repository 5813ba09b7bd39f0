"""The page of the demonstration; on any site but ./run it is not there."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from hashlib import sha256

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from mailadmin.demo.services import send_messages, set_behaviour
from mailadmin.demo.stage import MOST, SINKS, Behaviour, Stage, stage
from mailadmin.people.access import person_may, requires
from mailadmin.people.roles import Permission
from mailadmin.people.session import signed_in

TEMPLATE = "demo/demo.html"
DOES = {
    Behaviour.ACCEPTS: "takes everything",
    Behaviour.REFUSES: "refuses connections",
    Behaviour.LATER: "answers 451 to each recipient",
    Behaviour.NEVER: "answers 550 to each recipient",
    Behaviour.SILENT: "takes the connection and says nothing",
}
View = Callable[[HttpRequest, Stage], HttpResponse]


class SendForm(forms.Form):
    """How many messages."""

    count = forms.IntegerField(min_value=1, max_value=MOST)


class SetForm(forms.Form):
    """Which server, and what it is to do."""

    sink = forms.ChoiceField(choices=[(name, name) for name in SINKS])
    behaviour = forms.ChoiceField(choices=[(what.value, words) for what, words in DOES.items()])


def in_demonstration(view: View) -> Callable[[HttpRequest], HttpResponse]:
    """Not found where there is none."""

    @wraps(view)
    def found(request: HttpRequest) -> HttpResponse:
        place = stage()
        if place is None:
            raise Http404("This is no demonstration.")
        return view(request, place)

    return found


@require_safe
@requires(Permission.READ)
@in_demonstration
def demo(request: HttpRequest, place: Stage) -> HttpResponse:
    """The servers, what each does, how the last batch went. Asked by a poll the part that moves,
    204 while it says the same."""
    servers, sending = place.servers(), place.sending()
    version = sha256(repr((servers, sending)).encode()).hexdigest()[:16]
    is_poll = bool(request.headers.get("HX-Request")) and "seen" in request.GET
    if is_poll and request.GET["seen"] == version:
        return HttpResponse(status=204)
    context = {
        "servers": servers,
        "sending": sending,
        "does": [(what.value, words) for what, words in DOES.items()],
        "most": MOST,
        "version": version,
        "may": person_may(request, Permission.OPERATE),
    }
    return render(request, f"{TEMPLATE}#live" if is_poll else TEMPLATE, context)


@require_POST
@requires(Permission.OPERATE)
@in_demonstration
def demo_set(request: HttpRequest, place: Stage) -> HttpResponse:
    """Break a server, or mend it."""
    form = SetForm(request.POST)
    if not form.is_valid():
        return HttpResponse("Name a server and what it is to do.", status=422)
    sink, behaviour = form.cleaned_data["sink"], Behaviour(form.cleaned_data["behaviour"])
    set_behaviour(stage=place, sink=sink, behaviour=behaviour, by=signed_in(request))
    messages.success(request, f"{sink} {DOES[behaviour]}.")
    return redirect("demo")


@require_POST
@requires(Permission.OPERATE)
@in_demonstration
def demo_send(request: HttpRequest, place: Stage) -> HttpResponse:
    """Submit messages through the wrapper."""
    form = SendForm(request.POST)
    if not form.is_valid():
        return HttpResponse(f"Write a number from 1 to {MOST}.", status=422)
    count = form.cleaned_data["count"]
    send_messages(stage=place, count=count, by=signed_in(request))
    messages.success(request, f"{count} messages are being submitted.")
    return redirect("demo")
