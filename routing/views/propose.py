"""Propose: choose edits, see what they change on each mail host, and freeze them into a push.

One page of edits is shown, whatever their number (`edits_page`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from mailadmin.answers import moved, shown
from mailadmin.methods import asks_first
from mailadmin.nudge import nudged
from mailadmin.people.access import requires
from mailadmin.people.roles import Permission
from mailadmin.people.session import signed_in
from mailadmin.ui.push_page import Changes, Guard
from routing.core.findings import InvalidIntent
from routing.forms.pushes import ProposeForm
from routing.queries.proposals import Proposable, proposable
from routing.services.draft import Draft, preview
from routing.services.errors import NotAllowed
from routing.services.propose import propose, refusals
from routing.views.edit_words import relay_names, suggest_title
from routing.views.edits_page import AskedEdits, digest_of, edits_page, read_edits
from routing.views.push.changes import Wrote, by_relay, group, open_guards, summed
from routing.views.ticks import Start, Ticks

PAGE = "routing/propose.html"
LOOKED_AT = 10_000
"""Saved lines up to which the page shows what the ticked edits would change: it is rendered whole,
about a second."""
OTHERS = "The edits are others than this page showed. Look at them, then propose again."


@dataclass(frozen=True, slots=True)
class Preview:
    """What the picked edits would change, or why they cannot be proposed. `unseen`: too many lines
    to find out while somebody waits; it is found out when the push is made."""

    changes: Changes | None
    guards: tuple[Guard, ...]
    pulled: frozenset[UUID]
    edits: int
    problems: tuple[str, ...]
    unseen: bool = False


@asks_first
@requires(Permission.EDIT)
def propose_page(request: HttpRequest) -> HttpResponse:
    """Choose, look, propose."""
    found, username = proposable(), signed_in(request).username
    if request.method != "POST":
        mine = found.picked_at_first(username)
        return _show(request, found, AskedEdits(Ticks(Start.MINE), mine, mine), None)
    asked = read_edits(request.POST, found, lambda: found.picked_at_first(username))
    form = ProposeForm(request.POST)
    looks = any(name in request.POST for name in ("look", "mark", "turn"))
    if looks or asked.reasons or not form.is_valid():
        return _show(request, found, asked, form, asked.reasons, status=200 if looks else 422)
    if request.POST.get("digest", "") not in ("", digest_of(asked.before)):
        return _show(request, found, asked, form, [OTHERS], status=409)
    return _propose(request, found, asked, form)


def _propose(
    request: HttpRequest, found: Proposable, asked: AskedEdits, form: ProposeForm
) -> HttpResponse:
    given = form.cleaned_data
    try:
        made = propose(
            picked=asked.picked,
            title=given["title"],
            note=given["note"],
            guard_reason=given["guard_reason"],
            form_token=given["token"],
            by=signed_in(request),
        )
    except NotAllowed as error:
        return _show(request, found, asked, form, error.reasons, status=422)
    except InvalidIntent as error:
        return _show(request, found, asked, form, _texts(error), status=422)
    text = f"Push #{made.pk} is proposed. It is built and proved now; nothing is switched."
    return moved(request, reverse("push", args=[made.pk]), nudged(text))


def _show(
    request: HttpRequest,
    found: Proposable,
    asked: AskedEdits,
    form: ProposeForm | None,
    reasons: Iterable[str] = (),
    status: int = 200,
) -> HttpResponse:
    look = _look(found, asked.picked)
    shown_form = _form(form, found, asked.picked | look.pulled)
    # What is unusual needs a reason; the service says so too.
    shown_form.fields["guard_reason"].required = bool(look.guards)
    page = edits_page(found, asked, look.pulled)
    context = {
        "page": page,
        "hosts": list(page.hosts),
        "any_edit": bool(found.hosts),
        "look": look,
        "form": shown_form,
        "reasons": [reason for reason in reasons if reason not in look.problems],
    }
    return shown(request, PAGE, context, part="preview", status=status)


def _form(form: ProposeForm | None, found: Proposable, wanted: frozenset[UUID]) -> ProposeForm:
    """The form as it was sent, else a new one with a title after the picked edits."""
    given = form.data if form is not None else {}
    if form is not None and form.is_bound and not any(n in given for n in ("look", "mark", "turn")):
        return form
    edits = [edit for identity, edit in found.by_id.items() if identity in wanted]
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


def _look(found: Proposable, picked: frozenset[UUID]) -> Preview:
    if not picked:
        return Preview(None, (), frozenset(), 0, ("Tick at least one edit.",))
    if found.lines > LOOKED_AT:
        wanted = found.with_pulled(picked)
        return Preview(None, (), wanted - picked, len(wanted), (), unseen=True)
    try:
        drafts = preview(picked=picked)
    except InvalidIntent as error:
        return Preview(None, (), frozenset(), len(picked), _texts(error))
    except NotAllowed as error:
        return Preview(None, (), frozenset(), len(picked), error.reasons)
    pulled = frozenset(identity for draft in drafts for identity in draft.pulled_in)
    guards = tuple(guard for draft in drafts for guard in open_guards(draft.guards))
    wanted = picked | pulled
    against = tuple(refusals(drafts))
    return Preview(_changes(drafts, found, wanted), guards, pulled, len(wanted), against)


def _texts(error: InvalidIntent) -> tuple[str, ...]:
    return tuple(dict.fromkeys(str(finding) for finding in error.findings))


def _changes(
    drafts: tuple[Draft, ...], found: Proposable, wanted: frozenset[UUID]
) -> Changes | None:
    if not drafts:
        return None
    opened = found.opened(wanted).values()
    wrote = {item.edit.name: Wrote(item.by, item.at) for item in opened}
    plans = [draft.plan for draft in drafts]
    through = by_relay(wrote, plans)
    groups = tuple(group(draft.host.name, draft.plan, wrote, through) for draft in drafts)
    return summed(groups, plans, "")
