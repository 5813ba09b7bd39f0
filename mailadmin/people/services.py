"""Make people and change what they may do. Every write is audited."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction

from mailadmin.audit.services import Actor, Happened, record
from mailadmin.people.models import HeldRole, Person
from mailadmin.people.roles import PersonRole
from mailadmin.race import looks_again


def actor(person: Person) -> Actor:
    """A person as the audit trail names them."""
    return Actor(person.username, person.full_name)


def acting(by: Person | Actor) -> Actor:
    """A person or a program, as the audit trail names them."""
    return by if isinstance(by, Actor) else actor(by)


@looks_again
def create_person(
    *,
    username: str,
    full_name: str,
    password: str,
    roles: Iterable[PersonRole],
    email: str = "",
    by: Actor,
) -> Person:
    """Make an account. Raises ValidationError with everything that is wrong with it."""
    person = Person(username=username, full_name=full_name, email=email)
    held = frozenset(roles)
    errors = _errors(person, password, held)
    if errors:
        raise ValidationError(errors)
    person.set_password(password)
    with transaction.atomic():
        person.save(force_insert=True)
        HeldRole.objects.bulk_create(HeldRole(person=person, role=role) for role in sorted(held))
        new = {"full_name": full_name, "roles": sorted(held)}
        record(by=by, happened=Happened(action="person.created", subject=username, new=new))
    return person


def set_roles(*, person: Person, roles: Iterable[PersonRole], by: Actor) -> None:
    """Give a person exactly these roles. Nothing is written when they are held already."""
    wanted = frozenset(roles)
    with transaction.atomic():
        # Of two changes at once the second begins where the first has ended.
        Person.objects.select_for_update(no_key=True).get(pk=person.pk)
        held = {PersonRole(row.role) for row in HeldRole.objects.filter(person=person)}
        if held == wanted:
            return
        HeldRole.objects.filter(person=person).exclude(role__in=wanted).delete()
        HeldRole.objects.bulk_create(
            HeldRole(person=person, role=role) for role in sorted(wanted - held)
        )
        happened = Happened(
            action="person.roles_changed",
            subject=person.username,
            old={"roles": sorted(held)},
            new={"roles": sorted(wanted)},
        )
        record(by=by, happened=happened)


def change_password(*, person: Person, password: str, by: Actor) -> None:
    """Give a person another password, which was validated. The event does not tell which."""
    person.set_password(password)
    with transaction.atomic():
        person.save(update_fields=["password"])
        happened = Happened(action="person.password_changed", subject=person.username)
        record(by=by, happened=happened)


def _errors(person: Person, password: str, roles: frozenset[PersonRole]) -> list[ValidationError]:
    errors: list[ValidationError] = []
    if not roles:
        errors.append(ValidationError("Name at least one role: a person without one sees nothing."))
    checks: tuple[Callable[[], None], ...] = (
        lambda: person.full_clean(exclude=["password"]),
        lambda: validate_password(password, person),
    )
    for check in checks:
        try:
            check()
        except ValidationError as error:
            errors.append(error)
    return errors
