"""Propose: choose edits, see what they change on each mail host, and freeze them into a push."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from django.http import HttpRequest, HttpResponse, QueryDict
from django.urls import reverse

from mailadmin.methods import asks_first
from mailadmin.nudge import nudge
from mailadmin.people.access import requires
from mailadmin.people.roles import Permission
from mailadmin.people.session import signed_in
from mailadmin.ui.push_page import Changes, Guard
from routing.core.findings import InvalidIntent
from routing.forms.pushes import ProposeForm
from routing.queries.proposals import OpenEdit, Proposable, picked_at_first, proposable
from routing.services.draft import Draft, preview
from routing.services.errors import NotAllowed
from routing.services.propose import propose, refusals
from routing.views.answers import moved, shown
from routing.views.edit_words import change_words, relay_names, subject_words, suggest_title
from routing.views.push.changes import Wrote, by_relay, group, open_guards, summed

PAGE = "routing/propose.html"


@dataclass(frozen=True, slots=True)
class EditLine:
    """One edit with its tick. `pulled`: nobody picked it, a picked one refers to it."""

    id: str
    op: str
    name: str
    subject: str
    text: str
    open: OpenEdit
    picked: bool
    pulled: bool


@dataclass(frozen=True, slots=True)
class Preview:
    """What the picked edits would change, or why they cannot be proposed."""

    changes: Changes | None
    guards: tuple[Guard, ...]
    pulled: frozenset[UUID]
    edits: int
    problems: tuple[str, ...]


@asks_first
@requires(Permission.EDIT)
def propose_page(request: HttpRequest) -> HttpResponse:
    """Choose, look, propose."""
    found = proposable()
    if request.method != "POST":
        picked = picked_at_first(found, signed_in(request).username)
        return _show(request, found, picked, None)
    picked = _picked(request.POST, found)
    form = ProposeForm(request.POST)
    if "look" in request.POST or not form.is_valid():
        return _show(request, found, picked, form, status=200 if "look" in request.POST else 422)
    return _propose(request, found, picked, form)


def _propose(
    request: HttpRequest, found: Proposable, picked: frozenset[UUID], form: ProposeForm
) -> HttpResponse:
    given = form.cleaned_data
    try:
        made = propose(
            picked=picked,
            title=given["title"],
            note=given["note"],
            guard_reason=given["guard_reason"],
            form_token=given["token"],
            by=signed_in(request),
        )
    except NotAllowed as error:
        return _show(request, found, picked, form, error.reasons, status=422)
    except InvalidIntent:
        return _show(request, found, picked, form, status=422)
    nudge()
    text = f"Push #{made.pk} is proposed. It is built and proved now; nothing is switched."
    return moved(request, reverse("push", args=[made.pk]), text)


def _show(
    request: HttpRequest,
    found: Proposable,
    picked: frozenset[UUID],
    form: ProposeForm | None,
    reasons: Iterable[str] = (),
    status: int = 200,
) -> HttpResponse:
    look = _look(found, picked)
    shown_form = _form(form, found, picked | look.pulled)
    # What is unusual needs a reason; the service says so too.
    shown_form.fields["guard_reason"].required = bool(look.guards)
    context = {
        "hosts": [
            (part.host.name, _lines(part.edits, found, picked, look)) for part in found.hosts
        ],
        "any_edit": bool(found.edits),
        "look": look,
        "form": shown_form,
        "reasons": [reason for reason in reasons if reason not in look.problems],
    }
    return shown(request, PAGE, context, part="preview", status=status)


def _form(form: ProposeForm | None, found: Proposable, wanted: frozenset[UUID]) -> ProposeForm:
    """The form as it was sent, else a new one with a title after the picked edits."""
    if form is not None and form.is_bound and "look" not in form.data:
        return form
    edits = [item.edit for item in found.edits if item.edit.object_id in wanted]
    given = form.data if form is not None else {}
    suggested = suggest_title(edits, relay_names(edits, found.relays))
    return ProposeForm(
        initial={
            "token": given.get("token") or uuid4(),
            "title": given.get("title") if _is_own(given) else suggested,
            "suggested": suggested,
            "note": given.get("note", ""),
            "guard_reason": given.get("guard_reason", ""),
        }
    )


def _is_own(given: Mapping[str, Any]) -> bool:
    """Whether somebody wrote a title of their own; a suggested one follows the ticks."""
    return bool(given.get("title")) and given.get("title") != given.get("suggested")


def _picked(data: QueryDict, found: Proposable) -> frozenset[UUID]:
    """The ticked edits that still are edits."""
    ticked = set(data.getlist("pick"))
    return frozenset(
        item.edit.object_id for item in found.edits if str(item.edit.object_id) in ticked
    )


def _look(found: Proposable, picked: frozenset[UUID]) -> Preview:
    if not picked:
        return Preview(None, (), frozenset(), 0, ("Tick at least one edit.",))
    try:
        drafts = preview(picked=picked)
    except InvalidIntent as error:
        texts = dict.fromkeys(str(finding) for finding in error.findings)
        return Preview(None, (), frozenset(), len(picked), tuple(texts))
    except NotAllowed as error:
        return Preview(None, (), frozenset(), len(picked), error.reasons)
    pulled = frozenset(identity for draft in drafts for identity in draft.pulled_in)
    guards = tuple(guard for draft in drafts for guard in open_guards(draft.guards))
    wanted = picked | pulled
    against = tuple(refusals(drafts))
    return Preview(_changes(drafts, found, wanted), guards, pulled, len(wanted), against)


def _changes(
    drafts: tuple[Draft, ...], found: Proposable, wanted: frozenset[UUID]
) -> Changes | None:
    if not drafts:
        return None
    edits = (item for item in found.edits if item.edit.object_id in wanted)
    wrote = {item.edit.name: Wrote(item.by, item.at) for item in edits}
    plans = [draft.plan for draft in drafts]
    through = by_relay(wrote, plans)
    groups = tuple(group(draft.host.name, draft.plan, wrote, through) for draft in drafts)
    return summed(groups, plans, "")


def _lines(
    edits: Iterable[OpenEdit], found: Proposable, picked: frozenset[UUID], look: Preview
) -> list[EditLine]:
    relays = relay_names((item.edit for item in found.edits), found.relays)
    return [
        EditLine(
            id=str(item.edit.object_id),
            op=item.edit.op,
            name=item.edit.name,
            subject=subject_words(item.edit),
            text=change_words(item.edit, relays),
            open=item,
            picked=item.edit.object_id in picked,
            pulled=item.edit.object_id in look.pulled,
        )
        for item in edits
    ]
