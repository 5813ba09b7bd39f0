"""What a list offers of what somebody kept: its columns, and filters by name."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import parse_qsl

from django.db.models import Q
from django.urls import reverse

from mailadmin.asked import Asked
from mailadmin.listing import Column, ColumnMenu, SavedLink, SavedMenu
from mailadmin.people.models import Person
from mailadmin.saved.models import ChosenColumns, SavedFilter
from mailadmin.saved.services import may_change

MOST_LINKS = 200


def columns_for(person: Person, place: str, columns: Sequence[Column], asked: Asked) -> ColumnMenu:
    """The columns of a list, and which of them this person sees: those that they chose, or those
    that everybody sees at first. One without a name is always there."""
    found = ChosenColumns.objects.filter(person=person, place=place)
    chosen = found.values_list("columns", flat=True).first()
    names = None if chosen is None else chosen.split()
    shown = tuple(
        column
        for column in columns
        if not column.name or (column.standard if names is None else column.name in names)
    )
    return ColumnMenu(
        action=reverse("list-columns", args=[place]),
        query=query_of(asked),
        every=tuple(column for column in columns if column.name),
        shown=shown,
        is_chosen=names is not None,
    )


def saved_for(person: Person, place: str, asked: Asked) -> SavedMenu:
    """The filters of a list that this person keeps or that somebody shares, by name."""
    rows = SavedFilter.objects.filter(Q(owner=person) | Q(shared=True), place=place)
    here, links = _said(query_of(asked)), []
    for row in rows.select_related("owner").order_by("name", "pk")[:MOST_LINKS]:
        links.append(
            SavedLink(
                name=row.name,
                href=f"{asked.place}?{row.query}",
                change_href=reverse("saved-filter", args=[row.pk])
                if may_change(row, person)
                else "",
                owner="" if row.owner_id == person.pk else row.owner.full_name,
                shared=row.shared,
                current=bool(here) and _said(row.query) == here,
            )
        )
    query = query_of(asked)
    save = reverse("save-filter", args=[place])
    return SavedMenu(tuple(links), f"{save}?{query}" if query else "")


def query_of(asked: Asked) -> str:
    """The query of an address, without a page of it."""
    return asked.href().partition("?")[2]


def _said(query: str) -> frozenset[tuple[str, str]]:
    return frozenset(parse_qsl(query))
