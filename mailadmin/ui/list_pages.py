"""What the lists of pushes and of objects show, as values."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from mailadmin.listing import FilterChip, ListPage, Pager, ViewChip


@dataclass(frozen=True, slots=True)
class PushRow:
    """One push of the list. `mine`: it waits for the reader."""

    number: int
    href: str
    subject: str
    state: str
    created: int
    updated: int
    deleted: int
    hosts: str
    author: str
    approver: str
    digest: str
    at: datetime
    mine: bool = False


@dataclass(frozen=True, slots=True)
class PushesPage:
    """The list of config pushes. `propose_reason` disables the button and says why."""

    views: tuple[ViewChip, ...]
    rows: tuple[PushRow, ...]
    total: int
    propose_href: str
    version: str
    poll_href: str
    propose_reason: str = ""
    pager: Pager | None = None
    query: str = ""
    chips: tuple[FilterChip, ...] = ()
    hidden: tuple[tuple[str, str], ...] = ()
    count_words: str = ""
    filtered: bool = False


@dataclass(frozen=True, slots=True)
class RowAction:
    """An entry of a row's menu: a link, or a page that asks before it writes."""

    label: str
    href: str
    icon: str
    danger: bool = False


@dataclass(frozen=True, slots=True)
class DomainRow:
    """One routing object of a list; without `href` it is gone from the rows and still live.

    `unicode` only when it differs from the name; `push` is the open one; `server_href` shows the
    objects of that server alone. `pick` is what its tick sends: its id and the version shown.
    """

    name: str
    href: str
    route: str
    state: str
    server: str
    server_href: str = ""
    changed_by: str = ""
    changed_at: datetime | None = None
    unicode: str = ""
    push: int | None = None
    findings: int = 0
    finding_kind: str = "ok"
    finding_text: str = ""
    actions: tuple[RowAction, ...] = ()
    pick: str = ""
    tags: tuple[str, ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DomainsPage(ListPage):
    """A list of routing objects of one kind."""

    rows: tuple[DomainRow, ...]
