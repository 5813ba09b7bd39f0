"""The steps of retiring a domain: each is asked about first, with what it does to mail."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render

from mailadmin.answers import moved
from mailadmin.methods import asks_first
from mailadmin.people.access import requires
from mailadmin.people.roles import Permission
from mailadmin.people.session import signed_in
from mailadmin.ui.waiting import what_waits
from routing.core.findings import InvalidIntent
from routing.core.intent import ObjectKind
from routing.core.retirement import RetireStep, read_refusal, step_after, step_of
from routing.forms.fields import add_findings
from routing.forms.retirement import RetireForm
from routing.models import MailHost, RoutingObject
from routing.queries.edits import object_value
from routing.queries.objects import find_object
from routing.queries.retirement import Retiring, retirement_named, retiring_of
from routing.queries.touched import pushes_of
from routing.services.errors import ConflictingEdit, NotAllowed
from routing.services.retirement import Wanted, take_step
from routing.views.nouns import DOMAINS, NOUNS, Noun
from routing.views.retire_words import Question, page_of_retiring, question_of, said_of


@dataclass(frozen=True, slots=True)
class Subject:
    """The object of the page, there or deleted, and how far its retirement is."""

    identity: UUID
    key: str
    server: MailHost
    row: RoutingObject | None
    retiring: Retiring | None

    @property
    def step(self) -> RetireStep | None:
        """As saved."""
        value = object_value(self.row) if self.row else None
        return step_of(value, retiring=self.retiring is not None)


@asks_first
@requires(Permission.EDIT)
def retire(request: HttpRequest, noun: Noun, key: str) -> HttpResponse:
    """Ask about the step that the address names, or the next one; then take it."""
    subject = _subject(request, noun, key)
    to = _wanted_step(request, subject)
    question = question_of(subject.server, subject.key, subject.row, subject.retiring, to)
    if request.method != "POST":
        return _ask(request, noun, subject, question, _empty(subject, to))
    form = RetireForm(request.POST, to=to)
    if not form.is_valid():
        return _ask(request, noun, subject, question, form, status=422)
    try:
        take_step(identity=subject.identity, wanted=_wanted(form), by=signed_in(request))
    except InvalidIntent as error:
        add_findings(form, error.findings)
        return _ask(request, noun, subject, question, form, status=422)
    except NotAllowed as error:
        return _ask(request, noun, subject, question, form, error.reasons, status=409)
    except ConflictingEdit as error:
        by = error.theirs.by
        text = f"{by} changed {subject.key} after you opened this page."
        again = RetireForm(_of_now(request, subject), to=to)
        return _ask(request, noun, subject, question, again, (text, "Look again first."), 409)
    return moved(request, page_after(subject), said_of(subject.key, subject.server.name, to))


def page_after(subject: Subject) -> str:
    """Where the object is found now: refused mail is a route, whatever it was before."""
    retiring = retiring_of(subject.identity, ())
    if retiring is not None:
        return page_of_retiring(retiring)
    return DOMAINS.href("page", subject.key, subject.server.name)


def retired_elsewhere(request: HttpRequest, noun: Noun, key: str) -> str:
    """The page of a domain that a step of its retirement made something else, "" where none did."""
    identity = retirement_named(key, request.GET.get("server", ""))
    retiring = retiring_of(identity, ()) if identity else None
    if retiring is None or retiring.kind is noun.kind:
        return ""
    return page_of_retiring(retiring)


def _subject(request: HttpRequest, noun: Noun, key: str) -> Subject:
    """The object of the address, or what became of it. Raises Http404 where there is neither."""
    server = request.GET.get("server", "")
    row = find_object(kind=noun.kind, key=key, server=server)
    identity = row.pk if row else retirement_named(key, server)
    retiring = retiring_of(identity, pushes_of(identity).newest) if identity else None
    if row is not None:
        return Subject(row.pk, row.key, row.server, row, retiring)
    if retiring is None:
        raise Http404(f"There is no {noun.one} {key}.")
    mark = retiring.mark
    rows = RoutingObject.objects.select_related("server", "relay_target")
    return Subject(
        mark.object_id, mark.key, mark.server, rows.filter(pk=mark.object_id).first(), retiring
    )


def _wanted_step(request: HttpRequest, subject: Subject) -> RetireStep:
    given = request.POST if request.method == "POST" else request.GET
    try:
        return RetireStep(given.get("to", ""))
    except ValueError:
        return step_after(subject.step) or RetireStep.GONE


def _wanted(form: RetireForm) -> Wanted:
    given = form.cleaned_data
    return Wanted(
        to=given["to"],
        version=given["version"],
        seen=given["seen"],
        text=form.text(),
        next_on=given.get("next_on"),
        note=given["note"].strip(),
    )


def _seen(subject: Subject) -> dict[str, Any]:
    return {
        "identity": subject.identity,
        "version": subject.row.version if subject.row else 0,
        "seen": subject.retiring.mark.version if subject.retiring else 0,
    }


def _empty(subject: Subject, to: RetireStep) -> RetireForm:
    status, words = read_refusal(subject.row.next_hop if subject.row else "")
    mark = subject.retiring.mark if subject.retiring else None
    stays = mark is not None and subject.step is to
    first = {
        **_seen(subject),
        "to": to,
        "status": status,
        "words": words,
        # The day was for the step that is taken now.
        "next_on": mark.next_on if mark and stays else None,
        "note": mark.note if mark else "",
    }
    return RetireForm(initial=first, to=to)


def _of_now(request: HttpRequest, subject: Subject) -> QueryDict:
    """What was written, for the object as it is now."""
    sent = request.POST.copy()
    for name, value in _seen(subject).items():
        sent[name] = str(value)
    return sent


def _ask(
    request: HttpRequest,
    noun: Noun,
    subject: Subject,
    question: Question,
    form: RetireForm,
    errors: tuple[str, ...] = (),
    status: int = 200,
) -> HttpResponse:
    here = NOUNS[ObjectKind(subject.row.kind)] if subject.row else noun
    back = page_of_retiring(subject.retiring) if subject.retiring else ""
    context = {
        "noun": here,
        "key": subject.key,
        "server": subject.server.name,
        "question": question,
        "waiting": what_waits(request, subject.server.name, subject.key),
        "form": form,
        "errors": errors,
        "back": back or here.href("page", subject.key, subject.server.name),
        "action": request.get_full_path(),
    }
    return render(request, "routing/retire.html", context, status=status)
