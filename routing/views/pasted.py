"""A pasted list, whatever it is of: what each line would do, then all of it with one button."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID, uuid4

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from mailadmin.answers import moved
from mailadmin.people.models import Person
from mailadmin.people.session import signed_in
from mailadmin.ui.words import number
from routing.core.findings import InvalidIntent, Severity
from routing.forms.bulk import PastedForm, SaveForm
from routing.services.errors import NotAllowed
from routing.services.list_plan import Line, ListPlan, Outcome, PlanMoved
from routing.views.nouns import Named

MOST_LINES = 200
"""Of one outcome; the errors are all shown."""
SHOWN_AS = (Outcome.CHANGE, Outcome.SKIP, Outcome.ADD, Outcome.SAME)
"""The groups in their order; what is wrong stands above them."""


class Listing(Protocol):
    """What a pasted list is of."""

    @property
    def noun(self) -> Named: ...  # its words and addresses

    @property
    def not_live(self) -> str: ...  # what is said of saved rows

    def form(self, request: HttpRequest | None = None) -> PastedForm: ...  # with what was sent

    def plan(self, form: PastedForm, token: UUID) -> ListPlan[Any]: ...

    def save(self, form: PastedForm, *, token: UUID, shown: str, by: Person) -> int: ...

    def after(self, since: datetime) -> str: ...  # the page to go on to

    def words(self, row: Any) -> str: ...  # what a row says beside its key, in one line


@dataclass(frozen=True, slots=True)
class Shown:
    """One line of a dry run in words."""

    line: int
    key: str
    server: str
    now: str
    after: str


@dataclass(frozen=True, slots=True)
class Group:
    """The lines with one outcome, in order; `hidden` more are like them."""

    title: str
    outcome: Outcome
    count: int
    lines: tuple[Shown, ...]

    @property
    def hidden(self) -> int:
        """How many are not shown."""
        return self.count - len(self.lines)


def paste(request: HttpRequest, listing: Listing) -> HttpResponse:
    """The form; with a list the dry run; with its button the rows."""
    if request.method != "POST":
        return _show(request, listing, listing.form())
    form = listing.form(request)
    if not form.is_valid():
        return _show(request, listing, form, status=422)
    save = SaveForm(request.POST)
    if request.POST.get("step") == "save" and save.is_valid():
        return _save(request, listing, form, save)
    token = uuid4()
    return _preview(request, listing, form, listing.plan(form, token), token)


def _save(request: HttpRequest, listing: Listing, form: PastedForm, save: SaveForm) -> HttpResponse:
    token, shown = save.cleaned_data["token"], save.cleaned_data["shown"]
    began, noun = timezone.now(), listing.noun
    try:
        rows = listing.save(form, token=token, shown=shown, by=signed_in(request))
    except PlanMoved as error:
        text = f"{error} Nothing was saved. This is what it would do by now."
        return _preview(request, listing, form, error.plan, uuid4(), (text,), status=409)
    except InvalidIntent:
        plan = listing.plan(form, token)
        return _preview(request, listing, form, plan, token, status=422)
    except NotAllowed as error:
        plan = listing.plan(form, token)
        return _preview(request, listing, form, plan, token, tuple(error.reasons), status=409)
    said = f"{number(rows)} {noun.words(rows)} saved."
    return moved(request, listing.after(began), f"{said} {listing.not_live}")


def _show(
    request: HttpRequest, listing: Listing, form: PastedForm, status: int = 200
) -> HttpResponse:
    context = {"noun": listing.noun, "form": form}
    return render(request, "routing/bulk_add.html", context, status=status)


def _preview(
    request: HttpRequest,
    listing: Listing,
    form: PastedForm,
    plan: ListPlan[Any],
    token: UUID,
    errors: tuple[str, ...] = (),
    status: int = 200,
) -> HttpResponse:
    given, noun = form.cleaned_data, listing.noun
    again = listing.form()
    # The text of a file as if it had been pasted.
    again.initial = {**given, "file": None}
    context = {
        "noun": noun,
        "plan": plan,
        "groups": tuple(_groups(plan, listing)),
        "has_server": any(line.server for line in plan.lines),
        "errors": errors,
        "token": token,
        "sent": {name: given.get(name) or "" for name in form.sent},
        "text": given["text"],
        "action": request.path,
        "warnings": tuple(f for f in plan.findings if f.severity is not Severity.ERROR),
        "button": _button(plan, noun),
        "form": again,
    }
    return render(request, "routing/bulk_preview.html", context, status=status)


def _button(plan: ListPlan[Any], noun: Named) -> str:
    """What the button does, "" where there is nothing to press."""
    if plan.errors:
        return ""
    added, changed = plan.counts[Outcome.ADD], plan.counts[Outcome.CHANGE]
    words = noun.words(plan.writes)
    acts = [f"add {number(added)}"] if added else []
    acts += [f"change {number(changed)}"] if changed else []
    return f"{' and '.join(acts)} {words}".capitalize() if acts else ""


def _groups(plan: ListPlan[Any], listing: Listing) -> Iterator[Group]:
    for outcome in SHOWN_AS:
        lines = [line for line in plan.lines if line.outcome is outcome]
        if lines:
            shown = tuple(_shown(line, listing) for line in lines[:MOST_LINES])
            yield Group(outcome.words.capitalize(), outcome, len(lines), shown)


def _shown(line: Line[Any], listing: Listing) -> Shown:
    return Shown(
        line=line.line,
        key=line.key,
        server=line.server,
        now=listing.words(line.before) if line.before else "",
        after=listing.words(line.row) if line.row else "",
    )
