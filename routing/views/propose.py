"""Propose: choose edits, see what they change on each mail host, and freeze them into a push.

One page of edits is shown, whatever their number; the ticks of the others ride in the form.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any
from uuid import UUID, uuid4

from django.http import HttpRequest, HttpResponse, QueryDict
from django.urls import reverse

from mailadmin.listing import Pager
from mailadmin.methods import asks_first
from mailadmin.nudge import nudged
from mailadmin.paging import Turn, page_among
from mailadmin.people.access import requires
from mailadmin.people.roles import Permission
from mailadmin.people.session import signed_in
from mailadmin.ui.push_page import Changes, Guard
from mailadmin.ui.words import number
from routing.core.edits import RELAY_TARGET, Edit
from routing.core.findings import InvalidIntent
from routing.forms.pushes import ProposeForm
from routing.queries.proposals import OpenEdit, Proposable, proposable
from routing.services.draft import Draft, preview
from routing.services.errors import NotAllowed
from routing.services.propose import propose, refusals
from routing.views.answers import moved, shown
from routing.views.edit_words import change_words, relay_names, subject_words, suggest_title
from routing.views.push.changes import Wrote, by_relay, group, open_guards, summed
from routing.views.ticks import Filter, Line, Start, Ticks, TooManyTicks, read_ticks

PAGE = "routing/propose.html"
LOOKED_AT = 10_000
"""Saved lines up to which the page shows what the ticked edits would change: it is rendered whole,
about a second."""
OTHERS = "The edits are others than this page showed. Look at them, then propose again."
TOO_MANY = "Too many single ticks for one form: tick or untick by a filter instead."


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
    """What the picked edits would change, or why they cannot be proposed. `unseen`: too many lines
    to find out while somebody waits; it is found out when the push is made."""

    changes: Changes | None
    guards: tuple[Guard, ...]
    pulled: frozenset[UUID]
    edits: int
    problems: tuple[str, ...]
    unseen: bool = False


@dataclass(frozen=True, slots=True)
class EditsPage:
    """One page of edits by server with how many there are there, and what the form carries.

    `matched` of `total` edits fit the filter. `shown` are the ids of the page, `digest` is of the
    ticked ones.
    """

    hosts: tuple[tuple[str, Sequence[EditLine], int], ...]
    turn: Turn
    total: int
    picked: int
    filter: Filter
    servers: tuple[str, ...]
    ticks: str
    shown: str
    digest: str
    at: str
    was: str

    ops = (("create", "New"), ("update", "Changed"), ("delete", "Removed"))

    @property
    def carried(self) -> tuple[tuple[str, str], ...]:
        """What the form says of edits that are not on the page, and of the page itself."""
        names = ("ticks", "shown", "digest", "at", "was")
        return tuple((name, getattr(self, name)) for name in names)

    @property
    def fit(self) -> str:
        """How many edits fit the filter, in words; "" where all do."""
        return "" if self.filter.is_open else f"{number(self.turn.total)} of {number(self.total)}"

    @property
    def pager(self) -> Pager | None:
        """Buttons: the ticks go along."""
        turn = self.turn
        if not (turn.back or turn.next):
            return None
        summary = f"{number(turn.first)} to {number(turn.last)} of {number(turn.total)}"
        return Pager(summary, older_href=turn.next, newer_href=turn.back)

    @property
    def is_long(self) -> bool:
        """Whether not all are shown: then there is a filter, and ticks for all that fit."""
        return self.total > self.turn.last - self.turn.first + 1


@dataclass(frozen=True, slots=True)
class _Asked:
    """What a form says of its edits: what is ticked now, what was when its page was shown, and
    which page of which edits is wanted. `reasons`: why that cannot be."""

    ticks: Ticks
    picked: frozenset[UUID]
    before: frozenset[UUID]
    filter: Filter = Filter()
    at: str = ""
    reasons: tuple[str, ...] = ()


@asks_first
@requires(Permission.EDIT)
def propose_page(request: HttpRequest) -> HttpResponse:
    """Choose, look, propose."""
    found, username = proposable(), signed_in(request).username
    if request.method != "POST":
        mine = found.picked_at_first(username)
        return _show(request, found, _Asked(Ticks(Start.MINE), mine, mine), None)
    asked = _asked(request.POST, found, lambda: found.picked_at_first(username))
    form = ProposeForm(request.POST)
    looks = any(name in request.POST for name in ("look", "mark", "turn"))
    if looks or asked.reasons or not form.is_valid():
        return _show(request, found, asked, form, asked.reasons, status=200 if looks else 422)
    if request.POST.get("digest", "") not in ("", _digest(asked.before)):
        return _show(request, found, asked, form, [OTHERS], status=409)
    return _propose(request, found, asked, form)


def _propose(
    request: HttpRequest, found: Proposable, asked: _Asked, form: ProposeForm
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


def _asked(data: QueryDict, found: Proposable, mine: Callable[[], frozenset[UUID]]) -> _Asked:
    wanted = Filter(data.get("q", "").strip(), data.get("op", ""), data.get("server", ""))
    lines, ticks = _all_lines(found), read_ticks(data.get("ticks", ""))
    reasons: tuple[str, ...] = ()
    before = ticks.of(lines, mine)
    boxes, ticked = _ids(data.get("shown", "").split()), _ids(data.getlist("pick"))
    moved_now = {
        identity: identity in ticked
        for identity in boxes | ticked
        if identity in found.by_id and (identity in ticked) != (identity in before)
    }
    try:
        ticks = _marked(data.get("mark", ""), ticks.one_by_one(moved_now), wanted, lines)
    except TooManyTicks:
        reasons = (TOO_MANY,)
    here = data.get("at", "") if data.get("was", "") == _words(wanted) else ""
    return _Asked(
        ticks, ticks.of(lines, mine), before, wanted, data.get("turn", "") or here, reasons
    )


def _marked(mark: str, ticks: Ticks, wanted: Filter, lines: Sequence[Line]) -> Ticks:
    """After one of the buttons that tick many."""
    if mark in (Start.ALL, Start.NONE, Start.MINE):
        return Ticks(Start(mark))
    if mark in ("fit", "unfit"):
        return ticks.by_filter(mark == "fit", wanted, lines)
    return ticks


def _words(wanted: Filter) -> str:
    """A filter as a form remembers it: another one begins on its first page."""
    return f"{wanted.op} {wanted.server} {wanted.text}"


def _ids(texts: Iterable[str]) -> set[UUID]:
    found = set()
    for text in texts:
        try:
            found.add(UUID(text))
        except ValueError:  # nobody's tick
            continue
    return found


def _digest(picked: Iterable[UUID]) -> str:
    return sha256("".join(sorted(identity.hex for identity in picked)).encode()).hexdigest()


def _all_lines(found: Proposable) -> list[Line]:
    return [
        Line(edit.object_id, edit.name, edit.op, part.host.name)
        for part in found.hosts
        for edit in part.edits
    ]


def _show(
    request: HttpRequest,
    found: Proposable,
    asked: _Asked,
    form: ProposeForm | None,
    reasons: Iterable[str] = (),
    status: int = 200,
) -> HttpResponse:
    look = _look(found, asked.picked)
    shown_form = _form(form, found, asked.picked | look.pulled)
    # What is unusual needs a reason; the service says so too.
    shown_form.fields["guard_reason"].required = bool(look.guards)
    page = _page(found, asked, look)
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


Place = tuple[int, int, str, str]


@dataclass(frozen=True, slots=True)
class _Item:
    """An edit on one server, and where it stands in the list."""

    host: str
    edit: Edit
    place: Place


def _page(found: Proposable, asked: _Asked, look: Preview) -> EditsPage:
    items = list(_items(found, asked.filter))
    some, turn = page_among(items, place=lambda item: item.place, cursor=asked.at)
    opened = found.opened({item.edit.object_id for item in some})
    relays = relay_names(found.by_id.values(), found.relays)
    hosts = []
    for part in found.hosts:
        here = [item.edit for item in some if item.host == part.host.name]
        lines = [_line(opened[edit.object_id], relays, asked, look) for edit in here]
        if lines or not turn.total:
            hosts.append((part.host.name, lines, len(part.edits)))
    return EditsPage(
        hosts=tuple(hosts),
        turn=turn,
        total=sum(len(part.edits) for part in found.hosts),
        picked=len(asked.picked),
        filter=asked.filter,
        servers=tuple(part.host.name for part in found.hosts),
        ticks=asked.ticks.packed(),
        shown=" ".join(item.edit.object_id.hex for item in some),
        digest=_digest(asked.picked),
        at=asked.at,
        was=_words(asked.filter),
    )


def _items(found: Proposable, wanted: Filter) -> Iterator[_Item]:
    for index, part in enumerate(found.hosts):
        for edit in part.edits:
            if wanted.fits(name=edit.name, op=edit.op, server=part.host.name):
                is_object = int(edit.subject != RELAY_TARGET)
                place = (index, is_object, edit.name, str(edit.object_id))
                yield _Item(part.host.name, edit, place)


def _line(item: OpenEdit, relays: Mapping[UUID, str], asked: _Asked, look: Preview) -> EditLine:
    edit = item.edit
    return EditLine(
        id=str(edit.object_id),
        op=edit.op,
        name=edit.name,
        subject=subject_words(edit),
        text=change_words(edit, relays),
        open=item,
        picked=edit.object_id in asked.picked,
        pulled=edit.object_id in look.pulled,
    )
