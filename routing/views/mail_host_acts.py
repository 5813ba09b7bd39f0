"""Retire a mail host, take it back, remove it: each with what is on it and what follows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from mailadmin.answers import moved
from mailadmin.methods import asks_first
from mailadmin.people.access import requires
from mailadmin.people.roles import Permission
from mailadmin.people.services import actor
from mailadmin.people.session import signed_in
from mailadmin.ui.words import number
from routing.forms.hosts import LeaveForm
from routing.models import MailHost
from routing.queries.retiring import (
    HostLoad,
    host_load,
    why_not_reinstate,
    why_not_remove,
    why_not_retire,
)
from routing.services.errors import ConflictingEdit, NotAllowed
from routing.services.retiring import reinstate_mail_host, remove_mail_host, retire_mail_host
from routing.views.addressed import host_or_404


@dataclass(frozen=True, slots=True)
class Leaving:
    """One of the three questions. `against` are the reasons why it cannot be done now."""

    title: str
    button: str
    facts: tuple[tuple[str, str], ...]
    effects: tuple[str, ...]
    against: tuple[str, ...] = ()
    danger: bool = True


@asks_first
@requires(Permission.ADMINISTER)
def retire(request: HttpRequest, name: str) -> HttpResponse:
    """Take it out of service, with a reason."""
    host = host_or_404(name)
    load = host_load(host)
    question = Leaving(
        f"Retire {name}",
        f"Retire {name}",
        tuple(_facts(load)),
        tuple(_effects(host, load)),
        why_not_retire(host),
    )
    form = _form(request, host, asks_why=True)

    def act() -> None:
        retire_mail_host(
            identity=host.pk,
            version=form.cleaned_data["version"],
            reason=form.cleaned_data["reason"],
            by=actor(signed_in(request)),
        )

    return _answer(request, host, question, form, act, f"{name} is retired.")


@asks_first
@requires(Permission.ADMINISTER)
def reinstate(request: HttpRequest, name: str) -> HttpResponse:
    """Take it back into service."""
    host = host_or_404(name)
    question = Leaving(
        f"Take {name} back into service",
        f"Take {name} back",
        tuple(_facts(host_load(host))),
        (
            "Its keys are in the lists again, and edits of them can be proposed.",
            "Its agents stay shut out until manage.py keys --replace lets them in.",
        ),
        why_not_reinstate(host),
        danger=False,
    )
    form = _form(request, host, asks_why=False)

    def act() -> None:
        reinstate_mail_host(
            identity=host.pk, version=form.cleaned_data["version"], by=actor(signed_in(request))
        )

    return _answer(request, host, question, form, act, f"{name} is back in service.")


@asks_first
@requires(Permission.ADMINISTER)
def remove(request: HttpRequest, name: str) -> HttpResponse:
    """Delete one that has no history."""
    host = host_or_404(name)
    load = host_load(host)
    question = Leaving(
        f"Remove {name}",
        f"Remove {name}",
        tuple(_facts(load)),
        (_revoked(load), f"Nothing happens on {name} itself. The audit keeps what was done."),
        why_not_remove(host),
    )
    form = _form(request, host, asks_why=False)

    def act() -> None:
        remove_mail_host(
            identity=host.pk, version=form.cleaned_data["version"], by=actor(signed_in(request))
        )

    done = f"{name} is removed."
    return _answer(request, host, question, form, act, done, then=reverse("mail-host-list"))


def _answer(
    request: HttpRequest,
    host: MailHost,
    question: Leaving,
    form: LeaveForm,
    act: Callable[[], None],
    done: str,
    then: str = "",
) -> HttpResponse:
    """The question, or the page that follows when it was answered and done."""
    if request.method != "POST":
        return _ask(request, host, question, form)
    if not form.is_valid():
        return _ask(request, host, question, form, status=422)
    try:
        act()
    except NotAllowed as error:
        return _ask(request, host, question, form, error.reasons, status=409)
    except ConflictingEdit as error:
        again = LeaveForm(
            initial={"identity": host.pk, "version": host.version},
            name=host.name,
            asks_why="reason" in form.fields,
        )
        text = f"{error.theirs.by} changed {host.name} after you opened this page."
        return _ask(request, host, question, again, (text, "Look again first."), status=409)
    return moved(request, then or reverse("mail-host", args=[host.name]), done)


def _ask(
    request: HttpRequest,
    host: MailHost,
    question: Leaving,
    form: LeaveForm,
    errors: tuple[str, ...] = (),
    status: int = 200,
) -> HttpResponse:
    context = {
        "host": host,
        "question": question,
        "facts": [{"label": label, "value": value} for label, value in question.facts],
        "form": form,
        "errors": [text for text in errors if text not in question.against],
        "back": reverse("mail-host", args=[host.name]),
        "action": request.path,
    }
    return render(request, "routing/mail_host_leave.html", context, status=status)


def _form(request: HttpRequest, host: MailHost, *, asks_why: bool) -> LeaveForm:
    first = {"identity": host.pk, "version": host.version}
    return LeaveForm(request.POST or None, initial=first, name=host.name, asks_why=asks_why)


def _facts(load: HostLoad) -> Iterator[tuple[str, str]]:
    yield "Live release", load.live[:8] if load.live else "none" if load.live == "" else "not known"
    yield "Keys", number(load.keys)
    yield "Edits that are not live", number(load.edits)
    yield "Revisions", number(load.revisions)
    yield "Kept messages", number(load.kept)
    yield "Agents let in", number(load.agents)


def _effects(host: MailHost, load: HostLoad) -> Iterator[str]:
    name = host.name
    if load.live:
        yield f"Mail on {name} goes on as release {load.live[:8]} says. Nothing is switched there."
    else:
        yield f"Nothing is switched on {name}."
    if load.keys:
        words = "Its key leaves" if load.keys == 1 else f"Its {number(load.keys)} keys leave"
        yield f"{words} the lists and can be neither edited nor proposed. Nothing is deleted."
    if load.edits:
        words = "1 edit" if load.edits == 1 else f"{number(load.edits)} edits"
        yield f"{words} that no push took to {name} will wait there."
    if load.kept:
        words = "1 message" if load.kept == 1 else f"{number(load.kept)} messages"
        yield f"{words} in the kept area of {name} will be seen by nobody here."
    yield _revoked(load)


def _revoked(load: HostLoad) -> str:
    if not load.agents:
        return "No agent is let in."
    words = (
        "The key of its agent is"
        if load.agents == 1
        else f"The keys of its {load.agents} agents are"
    )
    return f"{words} revoked: no order goes there and no report is believed."
