"""People as their page shows them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from mailadmin.people.models import Person
from mailadmin.people.roles import Permission, PersonRole, roles_granting


@dataclass(frozen=True, slots=True)
class PersonRow:
    """One account."""

    username: str
    full_name: str
    email: str
    roles: tuple[PersonRole, ...]
    is_active: bool
    last_login: datetime | None


def people() -> tuple[PersonRow, ...]:
    """Every account, by name."""
    return tuple(
        _row(person) for person in Person.objects.prefetch_related("roles").order_by("full_name")
    )


def person_row(person: Person) -> PersonRow:
    """One account."""
    return _row(person)


def who_may(permission: Permission, *, but: Iterable[str] = ()) -> tuple[str, ...]:
    """Full names of the active people who hold a permission, without the usernames in `but`."""
    holders = Person.objects.filter(is_active=True, roles__role__in=roles_granting(permission))
    rest = holders.exclude(username__in=list(but)).distinct().order_by("full_name")
    return tuple(rest.values_list("full_name", flat=True))


def _row(person: Person) -> PersonRow:
    return PersonRow(
        username=person.username,
        full_name=person.full_name,
        email=person.email,
        roles=tuple(sorted(person.role_set)),
        is_active=person.is_active,
        last_login=person.last_login,
    )
