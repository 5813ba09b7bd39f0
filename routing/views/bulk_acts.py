"""One act on many rows of a list: a page that asks first, then what was done and what was not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID, uuid4

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from mailadmin.answers import moved, uuid_of
from mailadmin.asked import asked_of
from mailadmin.audit.services import last_number
from mailadmin.methods import asks_first
from mailadmin.people.access import requires
from mailadmin.people.roles import Permission
from mailadmin.people.session import signed_in
from mailadmin.ui.words import number
from routing.forms.bulk import ACT_FORMS, ActForm
from routing.queries.effects import effects_without
from routing.queries.objects import FILTERS, matching_versions
from routing.queries.tags import words_among
from routing.services.bulk_acts import Act, ActPlan, do_act, plan_act
from routing.services.writing import Writes
from routing.views.nouns import Noun

MOST_KEYS = 100
MOST_AT_ONCE = 50_000
"""Rows of one act: each is read, written and told of in the trail, in one transaction."""
NOTHING = ActPlan(Writes(), 0, ())


@dataclass(frozen=True, slots=True)
class Words:
    """An act before its objects, when it was done, and what it does to mail."""

    verb: str
    done: str
    effect: str = ""
    danger: bool = False


WORDS: Mapping[Act, Words] = {
    Act.DISABLE: Words("Disable", "disabled", danger=True),
    Act.DELETE: Words("Delete", "deleted", danger=True),
    Act.ENABLE: Words("Enable", "enabled", "Mail for them then goes by their own keys."),
    Act.NOTE: Words("Set the note of", "noted", "Mail does not change."),
    Act.TAG: Words("Tag", "tagged", "Mail does not change: no mail host gets tags."),
    Act.UNTAG: Words(
        "Take tags from", "without them", "Mail does not change: no mail host gets tags."
    ),
    Act.SEND: Words(
        "Choose the relay of",
        "sent by the relay",
        "Mail for them then goes by the relay that you choose; a mailer of their own is given up.",
    ),
    Act.UNDO: Words(
        "Undo the edit of", "as live again", "They become what is live now. Mail does not change."
    ),
}


@asks_first
@requires(Permission.EDIT)
def act_on(request: HttpRequest, noun: Noun) -> HttpResponse:
    """Ask what becomes of the ticked rows, or of all that match; then do it."""
    given = request.POST if request.method == "POST" else request.GET
    try:
        act = Act(given.get("act", ""))
    except ValueError:
        return _ask(request, noun, Act.NOTE, {}, ("Choose what to do with the ticked rows.",))
    chosen = _chosen(request, noun)
    if len(chosen) > MOST_AT_ONCE:
        text = f"More than {number(MOST_AT_ONCE)} match. Narrow the list, and do it in parts."
        return _ask(request, noun, act, {}, (text,))
    if request.method == "POST":
        return _send(request, noun, act, chosen)
    if not chosen:
        return _ask(request, noun, act, {}, ("Nothing is ticked. Tick rows of the list first.",))
    return _ask(request, noun, act, chosen)


def _send(request: HttpRequest, noun: Noun, act: Act, chosen: Mapping[UUID, int]) -> HttpResponse:
    form, token = _form(act, request), uuid_of(request.POST.get("token"))
    since = _number(request.POST.get("event", "")) if _asks_for_all(request) else None
    if token is None or (_asks_for_all(request) and since is None):
        return _ask(request, noun, act, chosen, ("Send the page again.",), form)
    if not chosen and since is None:
        return _ask(request, noun, act, {}, ("Nothing is ticked. Tick rows of the list first.",))
    if form and not form.is_valid():
        return _ask(request, noun, act, chosen, (), form)
    plan = do_act(
        act=act,
        chosen=chosen,
        token=token,
        text=form.text if form else "",
        since=since,
        by=signed_in(request),
    )
    return _done(request, noun, act, plan)


def _form(act: Act, request: HttpRequest) -> ActForm | None:
    """What the act asks for, with what was sent of it."""
    asks = ACT_FORMS.get(act)
    return asks(request.POST if request.method == "POST" else None) if asks else None


def _done(request: HttpRequest, noun: Noun, act: Act, plan: ActPlan) -> HttpResponse:
    total = plan.writes.total + plan.same
    words = noun.one if total == 1 else noun.many.lower()
    said = f"{number(total)} {words} {'is' if total == 1 else 'are'} {WORDS[act].done}."
    if not plan.left:
        return moved(request, noun.list_href, said)
    context = {"noun": noun, "said": said, "left": plan.left}
    return render(request, "routing/bulk_left.html", context, status=409)


def _ask(
    request: HttpRequest,
    noun: Noun,
    act: Act,
    chosen: Mapping[UUID, int],
    errors: tuple[str, ...] = (),
    form: ActForm | None = None,
) -> HttpResponse:
    form, event = form or _form(act, request), last_number()
    plan = _planned(act, chosen) if not (form and _asks_for_all(request)) else NOTHING
    writes = plan.writes
    rows = [*writes.deleted, *(before for before, _ in writes.changed), *writes.created]
    if form:
        rows, count = [], len(chosen) - len(plan.left)
    else:
        count = writes.total
    words = noun.one if count == 1 else noun.many.lower()
    title = f"{WORDS[act].verb} {number(count)} {words}"
    takes = act in (Act.DISABLE, Act.DELETE)
    context = {
        "noun": noun,
        "act": act,
        "words": WORDS[act],
        "title": title,
        "effects": effects_without(rows) if takes else (WORDS[act].effect,),
        "keys": tuple(row.key for row in rows[:MOST_KEYS]),
        "more": max(0, len(rows) - MOST_KEYS),
        "same": 0 if form else plan.same,
        "left": plan.left,
        "count": count,
        "errors": errors,
        "token": uuid4(),
        **_sent(request, noun, chosen, event),
        "form": form,
        "is_edit": act not in (Act.NOTE, Act.TAG, Act.UNTAG),
        "has": words_among(chosen) if act is Act.UNTAG else (),
    }
    status = 422 if errors or (form and form.errors) else 200
    return render(request, "routing/bulk_ask.html", context, status=status)


def _planned(act: Act, chosen: Mapping[UUID, int]) -> ActPlan:
    with transaction.atomic():
        return plan_act(act=act, chosen=chosen)


def _sent(
    request: HttpRequest, noun: Noun, chosen: Mapping[UUID, int], event: int
) -> dict[str, object]:
    """What the page sends on: the ticked rows with their versions; of all that match nothing but
    what the list was asked for, and the last event when it was read."""
    if _asks_for_all(request):
        return {"action": request.get_full_path(), "chosen": "", "event": event}
    picks = "\n".join(f"{key.hex}.{version}" for key, version in chosen.items())
    return {"action": noun.act_href, "chosen": picks, "event": ""}


def _asks_for_all(request: HttpRequest) -> bool:
    return bool(request.GET.get("all"))


def _chosen(request: HttpRequest, noun: Noun) -> dict[UUID, int]:
    """Ids with the versions that the list showed; of all that match, those of now."""
    if _asks_for_all(request):
        asked = asked_of(request, noun.list_href, also=FILTERS)
        return matching_versions(noun.kind, asked, limit=MOST_AT_ONCE)
    if request.method == "POST":
        return _read(request.POST.get("chosen", "").split())
    return _read(request.GET.getlist("pick"))


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


def _read(picks: Iterable[str]) -> dict[UUID, int]:
    found = {}
    for pick in picks:
        name, _, version = pick.partition(".")
        identity = uuid_of(name)
        if identity is not None and version.isascii() and version.isdigit():
            found[identity] = int(version[:9])
    return found
