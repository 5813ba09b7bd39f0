"""One act on many rows of a list: a page that asks first, then what was done and what was not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID, uuid4

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from mailadmin.answers import moved, uuid_of
from mailadmin.asked import asked_of
from mailadmin.audit.services import last_number
from mailadmin.methods import asks_first
from mailadmin.people.access import requires
from mailadmin.people.roles import Permission
from mailadmin.people.session import signed_in
from mailadmin.ui.words import number
from routing.forms.acts import ACT_FORMS, ActForm
from routing.services.acts import Act, ActPlan
from routing.services.writing import WritesOf
from routing.views.acted import HOSTS_ACTED, RELAYS_ACTED, Acted, objects_acted
from routing.views.nouns import Named, Noun

MOST_KEYS = 100
MOST_AT_ONCE = 50_000
"""Rows of one act: each is read, written and told of in the trail, in one transaction."""
NOTHING: ActPlan[Any] = ActPlan(WritesOf(), 0, ())


@asks_first
@requires(Permission.EDIT)
def act_on(request: HttpRequest, noun: Noun) -> HttpResponse:
    """Routing objects: ask what becomes of the ticked rows, or of all that match; then do it."""
    return answer_act(request, objects_acted(noun))


@asks_first
@requires(Permission.EDIT)
def act_on_relays(request: HttpRequest) -> HttpResponse:
    """Relay targets, likewise."""
    return answer_act(request, RELAYS_ACTED)


@asks_first
@requires(Permission.ADMINISTER)
def act_on_hosts(request: HttpRequest) -> HttpResponse:
    """Mail hosts, likewise: their notes and tags."""
    return answer_act(request, HOSTS_ACTED)


def answer_act(request: HttpRequest, acted: Acted) -> HttpResponse:
    """The page that asks, or what was done, for the rows that the address or the form names."""
    given = request.POST if request.method == "POST" else request.GET
    act = next((act for act in acted.acts if act == given.get("act", "")), None)
    if act is None:
        text = "Choose what to do with the ticked rows."
        return _ask(request, acted, Act.NOTE, {}, (text,))
    chosen = _chosen(request, acted)
    if len(chosen) > MOST_AT_ONCE:
        text = f"More than {number(MOST_AT_ONCE)} match. Narrow the list, and do it in parts."
        return _ask(request, acted, act, {}, (text,))
    if request.method == "POST":
        return _send(request, acted, act, chosen)
    if not chosen:
        return _ask(request, acted, act, {}, ("Nothing is ticked. Tick rows of the list first.",))
    return _ask(request, acted, act, chosen)


def _send(request: HttpRequest, acted: Acted, act: Act, chosen: Mapping[UUID, int]) -> HttpResponse:
    form, token = _form(act, request), uuid_of(request.POST.get("token"))
    since = _number(request.POST.get("event", ""))
    if token is None or (_asks_for_all(request) and since is None):
        return _ask(request, acted, act, chosen, ("Send the page again.",), form)
    if not chosen and not _asks_for_all(request):
        return _ask(request, acted, act, {}, ("Nothing is ticked. Tick rows of the list first.",))
    if form and not form.is_valid():
        return _ask(request, acted, act, chosen, (), form)
    plan = acted.do(
        act=act,
        chosen=chosen,
        token=token,
        since=since,
        by=signed_in(request),
        **(form.given if form else {}),
    )
    return _done(request, acted, act, plan)


def _form(act: Act, request: HttpRequest) -> ActForm | None:
    """What the act asks for, with what was sent of it."""
    asks = ACT_FORMS.get(act)
    return asks(request.POST if request.method == "POST" else None) if asks else None


def _done(request: HttpRequest, acted: Acted, act: Act, plan: ActPlan[Any]) -> HttpResponse:
    total, noun = plan.writes.total + plan.same, acted.noun
    words, is_are = acted.acts[act], "is" if total == 1 else "are"
    said = f"{number(total)} {noun.words(total)} {is_are} {words.done}."
    target = reverse(words.then) if words.then else noun.list_href
    if not plan.left:
        return moved(request, target, said)
    context = {"noun": noun, "said": said, "left": plan.left, "target": target}
    return render(request, "routing/bulk_left.html", context, status=409)


def _ask(
    request: HttpRequest,
    acted: Acted,
    act: Act,
    chosen: Mapping[UUID, int],
    errors: tuple[str, ...] = (),
    form: ActForm | None = None,
) -> HttpResponse:
    form, event, noun = form or _form(act, request), last_number(), acted.noun
    words = acted.acts[act]
    # What a form asks for may decide for each row: of all that match none is planned before.
    late = form is not None and not words.ahead
    plan = NOTHING if late and _asks_for_all(request) else _planned(acted, act, chosen)
    writes = plan.writes
    rows = [*writes.deleted, *(before for before, _ in writes.changed), *writes.created]
    count = len(chosen) - len(plan.left) if late else writes.total
    context = {
        "noun": noun,
        "act": act,
        "words": words,
        "title": f"{words.verb} {_named(rows, count, late, noun)}",
        "effects": acted.effects(act, rows, chosen),
        "keys": () if late else tuple(str(row) for row in rows[:MOST_KEYS]),
        "more": 0 if late else max(0, len(rows) - MOST_KEYS),
        "same": 0 if late else plan.same,
        "left": plan.left,
        "count": count,
        "errors": errors,
        "token": uuid4(),
        **_sent(request, acted, chosen, event),
        "form": form,
        "is_edit": not words.quiet,
        "has": acted.has(chosen) if act is Act.UNTAG else (),
    }
    status = 422 if errors or (form and form.errors) else 200
    return render(request, "routing/bulk_ask.html", context, status=status)


def _named(rows: list[Any], count: int, late: bool, noun: Named) -> str:
    """One row by its name, more of them by their number."""
    is_one = count == len(rows) == 1 and not late
    return str(rows[0]) if is_one else f"{number(count)} {noun.words(count)}"


def _planned(acted: Acted, act: Act, chosen: Mapping[UUID, int]) -> ActPlan[Any]:
    with transaction.atomic():
        return acted.plan(act=act, chosen=chosen)


def _sent(
    request: HttpRequest, acted: Acted, chosen: Mapping[UUID, int], event: int
) -> dict[str, object]:
    """What the page sends on: the ticked rows with their versions; of all that match nothing but
    what the list was asked for. And the last event when it was read."""
    if _asks_for_all(request):
        return {"action": request.get_full_path(), "chosen": "", "event": event}
    picks = "\n".join(f"{key.hex}.{version}" for key, version in chosen.items())
    return {"action": acted.noun.act_href, "chosen": picks, "event": event}


def _asks_for_all(request: HttpRequest) -> bool:
    return bool(request.GET.get("all"))


def _chosen(request: HttpRequest, acted: Acted) -> dict[UUID, int]:
    """Ids with the versions that the list showed; of all that match, those of now."""
    if _asks_for_all(request):
        asked = asked_of(request, acted.noun.list_href, also=acted.filters)
        return acted.matching(asked, MOST_AT_ONCE)
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
