"""What every list of the site has: search, states, sort by its heads, counts, keyset paging.

`ListPage` is what `templates/list.html` writes down, whatever the rows are.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from mailadmin.asked import Asked
from mailadmin.paging import Turn
from mailadmin.ui.words import number


@dataclass(frozen=True, slots=True)
class ViewChip:
    """One ready-made selection of a list."""

    label: str
    href: str
    current: bool = False
    count: int | None = None


@dataclass(frozen=True, slots=True)
class FilterChip:
    """A filter that holds now, and the address without it."""

    label: str
    remove_href: str


@dataclass(frozen=True, slots=True)
class Pager:
    """Keyset paging. `summary` is "1 to 50 of 4 812"."""

    summary: str
    older_href: str = ""
    newer_href: str = ""
    older: str = "Older"
    newer: str = "Newer"


@dataclass(frozen=True, slots=True)
class SortHead:
    """A column head that sorts. direction: "", ascending, descending. A `roomy` one is left out
    where the list has little room; tags and notes are lines under the row there."""

    label: str
    href: str = ""
    direction: str = ""
    numeric: bool = False
    roomy: bool = False


class Words(Protocol):
    """How a list speaks of its rows: "Virtual domains", "domain", and what an empty one says."""

    @property
    def many(self) -> str: ...  # "Virtual domains", the title

    @property
    def short(self) -> str: ...  # "domain", for the button that adds one

    @property
    def icon(self) -> str: ...  # of the empty list

    @property
    def empty(self) -> str: ...  # one sentence under "No virtual domains yet"


@dataclass(frozen=True, slots=True)
class ListWords:
    """`Words` of a list whose rows have no other name."""

    many: str
    short: str
    icon: str
    empty: str


@dataclass(frozen=True, slots=True)
class Column:
    """A head of the table. It sorts when it has a `sort`; `latest`: the most or newest first.

    One with a `name` can be chosen; a `standard` one is seen by who chose none. Between a phone and
    a desk a `roomy` one gives its room to the others; tags and notes become lines under the row.
    """

    label: str
    sort: str = ""
    numeric: bool = False
    latest: bool = False
    name: str = ""
    standard: bool = True
    roomy: bool = False


@dataclass(frozen=True, slots=True)
class ColumnMenu:
    """The columns that can be chosen, and those that the reader sees; `action` takes the choice and
    goes back to the list with this `query`. `is_chosen`: the reader chose them once."""

    action: str
    query: str
    every: tuple[Column, ...]
    shown: tuple[Column, ...]
    is_chosen: bool = False

    @property
    def names(self) -> frozenset[str]:
        """Of those that are seen."""
        return frozenset(column.name for column in self.shown)


@dataclass(frozen=True, slots=True)
class SavedLink:
    """A filter that somebody saved. `owner` is "" for one's own; without `change_href` it is not
    the reader's to change."""

    name: str
    href: str
    change_href: str = ""
    owner: str = ""
    shared: bool = False
    current: bool = False


@dataclass(frozen=True, slots=True)
class SavedMenu:
    """The saved filters of a list; `save_href` is "" while the list asks for nothing special."""

    links: tuple[SavedLink, ...]
    save_href: str = ""

    @property
    def current(self) -> SavedLink | None:
        """The one that the list shows now."""
        return next((link for link in self.links if link.current), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class ListPage:
    """A list: `total` there are, `matched` fit the filter, or `more` than those. Rows belong to the
    list's own type.

    `add_reason` says why the reader may not add one; without `add_href` nothing can be added here.
    `import_href` is where an empty list is filled from what a host has already.
    `acts` are (value, label) of what can be done with ticked rows. `hidden` are the filters that a
    new search must keep, `tags` the words that rows have, each with the address that asks for it.
    `gone` says what the filters name and nobody has any more, `exports` are (format, address) of
    the list as a file.
    """

    words: Words
    heads: tuple[SortHead, ...]
    total: int
    matched: int
    action: str
    more: bool = False
    add_href: str = ""
    query: str = ""
    add_reason: str = ""
    import_href: str = ""
    chips: tuple[FilterChip, ...] = ()
    views: tuple[ViewChip, ...] = ()
    tags: tuple[tuple[str, str], ...] = ()
    pager: Pager | None = None
    hidden: tuple[tuple[str, str], ...] = ()
    columns: ColumnMenu | None = None
    saved: SavedMenu | None = None
    gone: tuple[str, ...] = ()
    exports: tuple[tuple[str, str], ...] = ()
    acts: tuple[tuple[str, str], ...] = ()

    @property
    def shows(self) -> frozenset[str]:
        """The names of the columns that are seen."""
        return self.columns.names if self.columns else frozenset()

    @property
    def count_words(self) -> str:
        """How many fit, announced beside the filter; all of them is said by the heading.

        Nothing while nobody asked for anything: the first view may leave some out by itself.
        """
        first = not self.views or self.views[0].current
        if first and not (self.query or self.chips):
            return ""
        return counted(self.matched, self.total, more=self.more)

    @property
    def matched_words(self) -> str:
        """How many fit."""
        return at_least(self.matched, more=self.more)

    @property
    def no_match(self) -> str:
        """The heading when nothing fits the filter."""
        return f"Nothing matches {self.query}" if self.query else "Nothing fits these filters"

    @property
    def empty_href(self) -> str:
        """Where the empty list leads; nowhere for somebody who may not add."""
        return "" if self.add_reason else self.add_href


def counted(matched: int, total: int, *, more: bool = False) -> str:
    """How many of all fit a filter, "" for all of them."""
    return "" if matched == total else f"{at_least(matched, more=more)} of {number(total)}"


def at_least(count: int, *, more: bool) -> str:
    """A number, or that there are more: nobody counts a million rows for a page."""
    return f"more than {number(count)}" if more else number(count)


def heads_of(asked: Asked, columns: Sequence[Column]) -> tuple[SortHead, ...]:
    """The column heads; the one that sorts now turns its order round."""
    return tuple(_head(asked, column) for column in columns)


def views_of(
    asked: Asked, states: Mapping[str, str], counts: Mapping[Any, int]
) -> tuple[ViewChip, ...]:
    """One chip for each state, with how many are in it where that was counted."""
    return tuple(
        ViewChip(label, asked.href(state=state), asked.state == state, counts.get(state))
        for state, label in states.items()
    )


def chips_of(asked: Asked, labels: Mapping[str, str]) -> tuple[FilterChip, ...]:
    """The further filters that hold now, each with the address without it."""
    return tuple(
        FilterChip(f"{label}: {asked.also[name]}", asked.href(**{name: ""}))
        for name, label in labels.items()
        if asked.also.get(name)
    )


def with_tags_first(columns: Iterable[Column], words: Iterable[str]) -> tuple[Column, ...]:
    """Columns of which the one of tags is seen at first where there are any."""
    tagged = any(words)
    return tuple(
        replace(column, standard=True) if tagged and column.name == "tags" else column
        for column in columns
    )


def tag_links(asked: Asked, words: Iterable[str]) -> tuple[tuple[str, str], ...]:
    """Each word that the list is not narrowed to yet, with the address that narrows it."""
    wanted = asked.also.get("tag", "").split()
    return tuple(
        (word, asked.href(tag=" ".join([*wanted, word]))) for word in words if word not in wanted
    )


def tag_chips(asked: Asked) -> tuple[FilterChip, ...]:
    """A chip for each tag that rows must have now."""
    words = asked.also.get("tag", "").split()
    return tuple(
        FilterChip(f"Tag: {word}", asked.href(tag=" ".join(w for w in words if w != word)))
        for word in words
    )


def pager_of(asked: Asked, turn: Turn, *, by_time: Iterable[str] = ("changed",)) -> Pager | None:
    """The way to the pages before and after; none where everything is on one page.

    `by_time` are the orders in which the next page is the older one.
    """
    if not (turn.back or turn.next):
        return None
    timely = asked.sort.removeprefix("-") in set(by_time)
    return Pager(
        f"{number(turn.first)} to {number(turn.last)} of {at_least(turn.total, more=turn.more)}",
        older_href=asked.turned(turn.next),
        newer_href=asked.turned(turn.back),
        older="Older" if timely else "Next",
        newer="Newer" if timely else "Back",
    )


def _head(asked: Asked, column: Column) -> SortHead:
    head, sort = SortHead(column.label, numeric=column.numeric, roomy=column.roomy), column.sort
    if not sort:
        return head
    down = f"-{sort}"
    if asked.sort == sort:
        return replace(head, href=asked.href(sort=down), direction="ascending")
    if asked.sort == down:
        return replace(head, href=asked.href(sort=sort), direction="descending")
    return replace(head, href=asked.href(sort=down if column.latest else sort))
