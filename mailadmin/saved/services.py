"""Keep columns and filters. Every write is audited."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction

from mailadmin.audit.services import Happened, record
from mailadmin.people.models import Person
from mailadmin.people.roles import Permission
from mailadmin.people.services import NotPossible, actor
from mailadmin.race import looks_again
from mailadmin.saved.models import ChosenColumns, SavedFilter

MOST_FILTERS = 50
"""Of one person on one list."""


@looks_again
def choose_columns(*, person: Person, place: str, columns: Iterable[str] | None) -> None:
    """Show these columns of a list to this person from now on; None: those that everybody sees."""
    wanted = None if columns is None else " ".join(columns)
    with transaction.atomic():
        found = ChosenColumns.objects.select_for_update().filter(person=person, place=place)
        before = found.values_list("columns", flat=True).first()
        if before == wanted:
            return
        if wanted is None:
            found.delete()
        elif before is None:
            ChosenColumns.objects.create(person=person, place=place, columns=wanted)
        else:
            found.update(columns=wanted)
        old, new = {"columns": before or ""}, {"columns": wanted or ""}
        happened = Happened(action="columns.chosen", subject=place, old=old, new=new)
        record(by=actor(person), happened=happened)


@looks_again
def save_filter(
    *, identity: UUID, place: str, name: str, query: str, shared: bool, person: Person
) -> SavedFilter:
    """Keep a filter under a name; the same form sent twice keeps it once.

    Raises ValidationError by field, NotPossible where the person may not share or has too many.
    """
    row = SavedFilter(id=identity, owner=person, place=place, name=name.strip(), query=query)
    row.shared = shared
    with transaction.atomic():
        if (there := SavedFilter.objects.filter(pk=identity).first()) is not None:
            _only_who_may(there, person)
            return there
        _check(row, person, shares=shared)
        if SavedFilter.objects.filter(owner=person, place=place).count() >= MOST_FILTERS:
            raise NotPossible([f"You have {MOST_FILTERS} filters of this list. Delete one first."])
        row.save(force_insert=True)
        happened = _happened(row, "created", old=None, new=_values(row))
        record(by=actor(person), happened=happened)
    return row


@looks_again
def change_filter(
    *, identity: UUID, name: str, shared: bool, person: Person, was: str = ""
) -> SavedFilter:
    """Give a filter another name, share it or take it back.

    `was` is what the page showed (`SavedFilter.as_shown`), "" where none did. Raises
    SavedFilter.DoesNotExist, ValidationError by field, NotPossible with the reasons, also where
    somebody changed it since.
    """
    with transaction.atomic():
        row = SavedFilter.objects.select_for_update(of=("self",)).get(pk=identity)
        before = _values(row)
        _only_who_may(row, person)
        if was not in ("", row.as_shown):
            raise NotPossible([_changed_meanwhile(row)])
        shares = shared and not row.shared
        row.name, row.shared = name.strip(), shared
        if _values(row) == before:
            return row
        _check(row, person, shares=shares)
        row.save(update_fields=["name", "shared"])
        happened = _happened(row, "changed", old=before, new=_values(row))
        record(by=actor(person), happened=happened)
    return row


def delete_filter(*, identity: UUID, person: Person) -> None:
    """Delete a filter; one that is gone already is well. Raises NotPossible with the reasons."""
    with transaction.atomic():
        row = SavedFilter.objects.select_for_update(of=("self",)).filter(pk=identity).first()
        if row is None:
            return
        _only_who_may(row, person)
        happened = _happened(row, "deleted", old=_values(row), new=None)
        SavedFilter.objects.filter(pk=identity).delete()
        record(by=actor(person), happened=happened)


def may_change(row: SavedFilter, person: Person) -> bool:
    """Whether it is theirs, or shared and they look after the site."""
    return row.owner_id == person.pk or (row.shared and person.may(Permission.ADMINISTER))


def _only_who_may(row: SavedFilter, person: Person) -> None:
    if not may_change(row, person):
        raise NotPossible([f"{row.name} belongs to {row.owner}."])


def _changed_meanwhile(row: SavedFilter) -> str:
    offered = "offered to everybody" if row.shared else "seen by its owner alone"
    text = f"Somebody changed it meanwhile: it is called {row.name} and {offered}."
    return f"{text} Save once more to have it as it is written below."


def _check(row: SavedFilter, person: Person, *, shares: bool) -> None:
    if shares and not person.may(Permission.EDIT):
        raise NotPossible(["Editors share filters. Save it for yourself."])
    errors: dict[str, Any] = {}
    try:
        row.clean_fields(exclude=["owner"])
    except ValidationError as error:
        errors = dict(error.error_dict)
    others = SavedFilter.objects.filter(owner=row.owner_id, place=row.place, name=row.name)
    if others.exclude(pk=row.pk).exists():
        errors["name"] = [ValidationError(f"There is a filter {row.name} already. Write another.")]
    if errors:
        raise ValidationError(errors)


def _values(row: SavedFilter) -> dict[str, Any]:
    return {name: getattr(row, name) for name in ("place", "name", "query", "shared")}


def _happened(
    row: SavedFilter, what: str, *, old: dict[str, Any] | None, new: dict[str, Any] | None
) -> Happened:
    return Happened(
        action=f"saved_filter.{what}", subject=row.name, object_id=row.pk, old=old, new=new
    )
