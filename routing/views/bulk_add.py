"""Paste a list: what each line would do, then all of it with one button."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID, uuid4

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from mailadmin.answers import moved
from mailadmin.methods import asks_first
from mailadmin.people.access import requires
from mailadmin.people.roles import Permission
from mailadmin.people.session import signed_in
from mailadmin.ui.words import number
from routing.core.facts import HostKind
from routing.core.findings import InvalidIntent, Severity
from routing.core.intent import ObjectKind
from routing.core.listed import read_list
from routing.forms.bulk import ListForm, SaveForm
from routing.models import MailHost, RelayTarget, RoutingObject
from routing.services.bulk import (
    Ask,
    BulkLine,
    BulkPlan,
    Existing,
    Outcome,
    PlanMoved,
    plan_bulk,
    save_bulk,
)
from routing.services.errors import NotAllowed
from routing.services.rcpt import watch_added
from routing.views.nouns import NOUNS, Noun
from routing.views.object_pages import NOT_LIVE

MOST_LINES = 200
"""Of one outcome; the errors are all shown."""
TITLES = {
    Outcome.CHANGE: "Changed",
    Outcome.SKIP: "There already, and otherwise: skipped",
    Outcome.ADD: "Added",
    Outcome.SAME: "There already, and the same",
}


@dataclass(frozen=True, slots=True)
class Shown:
    """One line of a dry run in words."""

    line: int
    key: str
    server: str
    kind: str
    now: str
    after: str
    notes: tuple[str, ...]


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


@asks_first
@requires(Permission.EDIT)
def bulk_add(request: HttpRequest, noun: Noun) -> HttpResponse:
    """The form; with a list the dry run; with its button the rows."""
    if request.method != "POST":
        return _show(request, noun, _form(noun))
    form = _form(noun, request)
    if not form.is_valid():
        return _show(request, noun, form, status=422)
    save = SaveForm(request.POST)
    if request.POST.get("step") == "save" and save.is_valid():
        return _save(request, noun, form, save)
    token = uuid4()
    return _preview(request, noun, form, plan_bulk(_ask(noun, form), token=token), token)


def _save(request: HttpRequest, noun: Noun, form: ListForm, save: SaveForm) -> HttpResponse:
    token, shown = save.cleaned_data["token"], save.cleaned_data["shown"]
    ask = _ask(noun, form)
    began = timezone.now()
    try:
        rows = save_bulk(ask, token=token, shown=shown, by=signed_in(request))
    except PlanMoved as error:
        text = f"{error} Nothing was saved. This is what it would do by now."
        return _preview(request, noun, form, error.plan, uuid4(), (text,), status=409)
    except InvalidIntent:
        plan = plan_bulk(ask, token=token)
        return _preview(request, noun, form, plan, token, status=422)
    except NotAllowed as error:
        plan = plan_bulk(ask, token=token)
        return _preview(request, noun, form, plan, token, tuple(error.reasons), status=409)
    target = noun.list_href
    if noun.kind is ObjectKind.VIRTUAL_DOMAIN and watch_added(since=began):
        target = reverse("new-domain-list")
    said = f"{number(rows)} {noun.one if rows == 1 else noun.many.lower()} saved."
    return moved(request, target, f"{said} {NOT_LIVE.replace('It is', 'They are')}")


def _ask(noun: Noun, form: ListForm) -> Ask:
    given = form.cleaned_data
    return Ask(
        listed=read_list(given["text"], server=given["server"]),
        kind=noun.kind,
        existing=Existing(given["existing"]),
        relay=given.get("relay", ""),
        tags=given["tags"],
    )


def _form(noun: Noun, request: HttpRequest | None = None) -> ListForm:
    servers = MailHost.in_service.filter(kind=HostKind.LIST_SERVER).values_list("name", flat=True)
    relays = RelayTarget.objects.values_list("name", flat=True)
    return ListForm(
        request.POST if request else None,
        request.FILES if request else None,
        kind=noun.kind,
        servers=[(name, name) for name in servers],
        relays=[(name, name) for name in relays],
    )


def _show(request: HttpRequest, noun: Noun, form: ListForm, status: int = 200) -> HttpResponse:
    return render(request, "routing/bulk_add.html", {"noun": noun, "form": form}, status=status)


def _preview(
    request: HttpRequest,
    noun: Noun,
    form: ListForm,
    plan: BulkPlan,
    token: UUID,
    errors: tuple[str, ...] = (),
    status: int = 200,
) -> HttpResponse:
    given = form.cleaned_data
    sent = {name: given.get(name) or "" for name in ("server", "relay", "tags", "existing")}
    context = {
        "noun": noun,
        "plan": plan,
        "groups": tuple(_groups(plan)),
        "errors": errors,
        "token": token,
        "sent": sent,
        "text": given["text"],
        "action": request.path,
        "warnings": tuple(f for f in plan.findings if f.severity is not Severity.ERROR),
        "button": _button(plan, noun),
        "form": _filled(noun, given),
    }
    return render(request, "routing/bulk_preview.html", context, status=status)


def _filled(noun: Noun, given: dict[str, object]) -> ListForm:
    """The form again, with the text of a file as if it had been pasted."""
    form = _form(noun)
    form.initial = {**given, "file": None}
    return form


def _button(plan: BulkPlan, noun: Noun) -> str:
    """What the button does, "" where there is nothing to press."""
    if plan.errors:
        return ""
    added, changed = plan.counts[Outcome.ADD], plan.counts[Outcome.CHANGE]
    words = noun.one if plan.writes == 1 else noun.many.lower()
    acts = [f"add {number(added)}"] if added else []
    acts += [f"change {number(changed)}"] if changed else []
    return f"{' and '.join(acts)} {words}".capitalize() if acts else ""


def _groups(plan: BulkPlan) -> Iterator[Group]:
    for outcome, title in TITLES.items():
        lines = [line for line in plan.lines if line.outcome is outcome]
        if lines:
            shown = tuple(_shown(line) for line in lines[:MOST_LINES])
            yield Group(title, outcome, len(lines), shown)


def _shown(line: BulkLine) -> Shown:
    kind = NOUNS[ObjectKind(line.row.kind)].one if line.row else ""
    return Shown(
        line=line.line,
        key=line.key,
        server=line.server,
        kind=kind,
        now=row_words(line.before) if line.before else "",
        after=row_words(line.row) if line.row else "",
        notes=tuple(str(finding) for finding in line.findings),
    )


def row_words(row: RoutingObject) -> str:
    """What a row says beside its key, in one line."""
    way = f"{row.mailer}:{row.next_hop}" if row.mailer else ""
    if row.relay_target is not None:
        way = f"by {row.relay_target.name}"
    parts = [NOUNS[ObjectKind(row.kind)].one, way, "" if row.enabled else "disabled", row.note]
    parts += [f"tagged {row.tags}"] if row.tags else []
    return ", ".join(part for part in parts if part)
