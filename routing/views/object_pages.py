"""Pages of one routing object, the same for every kind: read, add, edit, disable, delete."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID, uuid4

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from mailadmin.answers import moved
from mailadmin.people.session import signed_in
from routing.core.findings import InvalidIntent
from routing.core.intent import DEFAULT_KEY, ObjectKind
from routing.core.intent import RoutingObject as Item
from routing.forms.fields import add_findings
from routing.forms.objects import ObjectForm, VersionForm
from routing.models import MailHost, RelayTarget, RoutingObject
from routing.queries.effects import effect_with, effect_without
from routing.services.errors import ConflictingEdit, NotAllowed
from routing.services.objects import delete_object, save_object, set_enabled
from routing.services.rcpt import watch_domains
from routing.views.addressed import object_or_404
from routing.views.conflict import chosen, conflict
from routing.views.finding_rows import findings_again, leading_back
from routing.views.nouns import Noun
from routing.views.object_page import named, object_form, page_of, show_object

NOT_LIVE = "It is on no mail host until a push with it is live."
UNCHANGED = "No mail host changes until a push with it is live."


@dataclass(frozen=True, slots=True)
class Act:
    """A question before a write: what it does to mail, and the button that does it."""

    title: str
    effect: str
    button: str
    danger: bool = True
    done: str = ""


def _named_or_sent(request: HttpRequest, noun: Noun, key: str) -> RoutingObject | None:
    """The object of the address, or the one that the form was made for: its key may be another by
    now. None when somebody deleted it while the form was open."""
    identity = request.POST.get("identity")
    if not identity:
        return object_or_404(request, noun, key)
    try:
        rows = RoutingObject.objects.filter(pk=UUID(identity), kind=noun.kind)
    except ValueError:
        return object_or_404(request, noun, key)
    return rows.select_related("server", "relay_target").first()


def add_object(request: HttpRequest, noun: Noun) -> HttpResponse:
    """An empty form, or the object that it makes."""
    if request.method != "POST":
        given = {name: request.GET[name] for name in ("server", "key") if name in request.GET}
        first = {"identity": uuid4(), "version": 0} | given
        return _show_add(request, noun, object_form(noun, first))
    form = object_form(noun, None, chosen(request.POST))
    try:
        row = _save(request, noun, form)
    except ConflictingEdit as error:
        # Back, changed and sent again: the object of this form is there already.
        made = RoutingObject(pk=form.cleaned_data["identity"])
        back = reverse(f"{noun.slug}-list")
        return conflict(request, error=error, version=version_now(made), back=back)
    if row is None:
        return _show_add(request, noun, form, status=422)
    page = page_of(noun, row)
    if noun.kind is ObjectKind.VIRTUAL_DOMAIN:
        watch_domains(server=row.server, domains=[row.key], now=timezone.now())
        page = f"{page}#checklist"
    return moved(request, findings_again(request) or page, f"{row.key} is saved. {NOT_LIVE}")


def edit_object(request: HttpRequest, noun: Noun, key: str) -> HttpResponse:
    """The same page with its form, or what the form changes."""
    row = _named_or_sent(request, noun, key)
    if request.method != "POST" and row is not None:
        return show_object(request, noun, row)
    form = object_form(noun, None, chosen(request.POST), row)
    try:
        saved = _save(request, noun, form)
    except ConflictingEdit as error:
        version, back = (version_now(row), page_of(noun, row)) if row else (0, noun.list_href)
        return conflict(request, error=error, version=version, back=back)
    if saved is None:
        form_page = show_object(request, noun, row, form, status=422) if row else None
        return form_page or _show_add(request, noun, form, status=422)
    target = findings_again(request) or page_of(noun, saved)
    return moved(request, target, f"{saved.key} is saved. {UNCHANGED}")


def switch_object(request: HttpRequest, noun: Noun, key: str, *, enabled: bool) -> HttpResponse:
    """Ask, with the effect on mail; then disable or enable."""
    row = object_or_404(request, noun, key)
    verb, done = ("Enable", "enabled") if enabled else ("Disable", "disabled")
    effect = effect_with(row.server, _item(row)) if enabled else _without(row)
    act = _act(verb, row.key, effect, done, danger=not enabled)
    if request.method != "POST":
        return _ask(request, noun, row, act)
    return _done(request, noun, row, act, enabled)


def remove_object(request: HttpRequest, noun: Noun, key: str) -> HttpResponse:
    """Ask, with the effect on mail; then delete the row. A push takes it off the hosts."""
    row = _named_or_sent(request, noun, key)
    if row is None:
        return moved(request, noun.list_href, f"{key} is deleted already.")
    act = _act("Delete", row.key, _without(row), "deleted")
    if request.method != "POST":
        return _ask(request, noun, row, act)
    return _done(request, noun, row, act, None)


def _act(verb: str, key: str, effect: str, past: str, *, danger: bool = True) -> Act:
    """A question, and what is said when it was done."""
    subject = "The . key" if key == DEFAULT_KEY else key
    words = f"{verb} {named(key)}"
    return Act(words, effect, words, danger, f"{subject} is {past}.")


def _done(
    request: HttpRequest, noun: Noun, row: RoutingObject, act: Act, enabled: bool | None
) -> HttpResponse:
    """Delete the object, or set whether it is enabled; on a conflict show both values."""
    form = VersionForm(request.POST)
    if not form.is_valid():
        return _ask(request, noun, row, act, ("The page was not complete. Send it again.",))
    version, by = form.cleaned_data["version"], signed_in(request)
    try:
        if enabled is None:
            delete_object(identity=row.pk, version=version, by=by)
        else:
            set_enabled(identity=row.pk, version=version, enabled=enabled, by=by)
    except ConflictingEdit as error:
        return conflict(request, error=error, version=version_now(row), back=page_of(noun, row))
    except InvalidIntent as error:
        return _ask(request, noun, row, act, tuple(str(item) for item in error.findings))
    except NotAllowed as error:
        return _ask(request, noun, row, act, error.reasons)
    target = noun.list_href if enabled is None else page_of(noun, row)
    return moved(request, findings_again(request) or target, f"{act.done} {UNCHANGED}")


def _ask(
    request: HttpRequest,
    noun: Noun,
    row: RoutingObject,
    act: Act,
    errors: tuple[str, ...] = (),
) -> HttpResponse:
    form = VersionForm(initial={"identity": row.pk, "version": row.version})
    context = {
        "noun": noun,
        "key": row.key,
        "act": act,
        "form": form,
        "errors": errors,
        "back": findings_again(request) or page_of(noun, row),
        "action": request.get_full_path(),
    }
    return render(request, "routing/ask.html", context, status=422 if errors else 200)


def _save(request: HttpRequest, noun: Noun, form: ObjectForm) -> RoutingObject | None:
    """The saved object, None when the form now says what is wrong. Raises ConflictingEdit."""
    if not form.is_valid():
        return None
    given = form.cleaned_data
    before = RoutingObject.objects.filter(pk=given["identity"]).first()
    try:
        return save_object(
            identity=given["identity"],
            version=given["version"],
            server=MailHost.objects.get(name=given["server"]),
            kind=noun.kind,
            key=given["key"],
            enabled=before.enabled if before else True,
            note=given["note"],
            tags=given["tags"],
            by=signed_in(request),
            **form.way(),
        )
    except InvalidIntent as error:
        add_findings(form, error.findings)
        return None


def _show_add(
    request: HttpRequest, noun: Noun, form: ObjectForm, status: int = 200
) -> HttpResponse:
    back = findings_again(request)
    context = {
        "noun": noun,
        "form": form,
        "action": leading_back(noun.add_href, back),
        "back": back or noun.list_href,
    }
    return render(request, "routing/object_add.html", context, status=status)


def version_now(row: RoutingObject | RelayTarget | MailHost) -> int:
    """The version that the row has by now, 0 when it is gone: the next save makes it anew."""
    rows = type(row)._default_manager.filter(pk=row.pk)
    return rows.values_list("version", flat=True).first() or 0


def _item(row: RoutingObject) -> Item:
    relay: UUID | None = row.relay_target_id
    kind = ObjectKind(row.kind)
    return Item(row.pk, kind, row.key, True, relay, row.mailer, row.next_hop)


def _without(row: RoutingObject) -> str:
    return effect_without(row.server, row.key, row.pk)
