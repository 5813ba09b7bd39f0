"""One page of the edits that are not live, with their ticks, and what its form says of others."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from uuid import UUID

from django.http import QueryDict

from mailadmin.listing import Pager
from mailadmin.paging import Turn, page_among
from mailadmin.ui.words import number
from routing.core.edits import RELAY_TARGET, Edit
from routing.queries.proposals import OpenEdit, Proposable
from routing.views.edit_words import change_words, relay_names, subject_words
from routing.views.ticks import Filter, Line, Start, Ticks, TooManyTicks, read_ticks

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
class AskedEdits:
    """What a form says of its edits: what is ticked now, what was when its page was shown, and
    which page of which edits is wanted. `reasons`: why that cannot be."""

    ticks: Ticks
    picked: frozenset[UUID]
    before: frozenset[UUID]
    filter: Filter = Filter()
    at: str = ""
    reasons: tuple[str, ...] = ()


def read_edits(
    data: QueryDict, found: Proposable, mine: Callable[[], frozenset[UUID]]
) -> AskedEdits:
    """What a form says; `mine` are the ids that one's own edits tick, asked where it counts."""
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
    return AskedEdits(
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


def digest_of(picked: Iterable[UUID]) -> str:
    """Of ticked edits, whatever their order."""
    return sha256("".join(sorted(identity.hex for identity in picked)).encode()).hexdigest()


def _all_lines(found: Proposable) -> list[Line]:
    return [
        Line(edit.object_id, edit.name, edit.op, part.host.name)
        for part in found.hosts
        for edit in part.edits
    ]


Place = tuple[int, int, str, str]


@dataclass(frozen=True, slots=True)
class _Item:
    """An edit on one server, and where it stands in the list."""

    host: str
    edit: Edit
    place: Place


def edits_page(found: Proposable, asked: AskedEdits, pulled: frozenset[UUID]) -> EditsPage:
    """The page that is asked for; `pulled` are edits that picked ones refer to."""
    items = list(_items(found, asked.filter))
    some, turn = page_among(items, place=lambda item: item.place, cursor=asked.at)
    opened = found.opened({item.edit.object_id for item in some})
    relays = relay_names(found.by_id.values(), found.relays)
    hosts = []
    for part in found.hosts:
        here = [item.edit for item in some if item.host == part.host.name]
        lines = [_line(opened[edit.object_id], relays, asked, pulled) for edit in here]
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
        digest=digest_of(asked.picked),
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


def _line(
    item: OpenEdit, relays: Mapping[UUID, str], asked: AskedEdits, pulled: frozenset[UUID]
) -> EditLine:
    edit = item.edit
    return EditLine(
        id=str(edit.object_id),
        op=edit.op,
        name=edit.name,
        subject=subject_words(edit),
        text=change_words(edit, relays),
        open=item,
        picked=edit.object_id in asked.picked,
        pulled=edit.object_id in pulled,
    )
