"""Make people and change what they may do. Every write is audited."""

from __future__ import annotations

from collections.abc import Iterable

from django.contrib.auth import SESSION_KEY
from django.contrib.auth.password_validation import validate_password
from django.contrib.sessions.models import Session
from django.core.exceptions import ValidationError
from django.db import transaction

from mailadmin.audit.services import Actor, Happened, record
from mailadmin.people.models import HeldRole, PasswordLink, Person
from mailadmin.people.roles import PersonRole
from mailadmin.race import looks_again


class NotPossible(Exception):
    """Nobody may do this now. `reasons` are sentences, all of them."""

    def __init__(self, reasons: Iterable[str]) -> None:
        self.reasons = tuple(reasons)
        super().__init__(" ".join(self.reasons))


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
    password: str | None,
    roles: Iterable[PersonRole],
    email: str = "",
    by: Actor,
) -> Person:
    """Make an account; without a password nobody signs in until a link has set one.

    Raises ValidationError with everything that is wrong with it, by field.
    """
    person = Person(username=username, full_name=full_name, email=email)
    held = frozenset(roles)
    errors = _errors(person, password, held)
    if errors:
        raise ValidationError(errors)
    if password is None:
        person.set_unusable_password()
    else:
        person.set_password(password)
    with transaction.atomic():
        person.save(force_insert=True)
        HeldRole.objects.bulk_create(HeldRole(person=person, role=role) for role in sorted(held))
        new = {"full_name": full_name, "roles": sorted(held)}
        record(by=by, happened=Happened(action="person.created", subject=username, new=new))
    return person


def set_roles(*, person: Person, roles: Iterable[PersonRole], by: Actor) -> None:
    """Give a person exactly these roles. Nothing is written when they are held already.

    Raises NotPossible when nobody active would be an administrator any more.
    """
    wanted = frozenset(roles)
    with transaction.atomic():
        _one_at_a_time()
        if PersonRole.ADMINISTRATOR not in wanted and _is_last_administrator(person):
            raise NotPossible([LAST])
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


def set_active(*, person: Person, active: bool, reason: str = "", by: Actor) -> None:
    """Close an account or open it again. A closed one is nobody's: its sessions end, it signs in no
    more and holds no permission, and its approvals count for nothing while it is closed.

    Raises NotPossible with every reason.
    """
    with transaction.atomic():
        _one_at_a_time()
        if Person.objects.get(pk=person.pk).is_active == active:
            return
        reasons = () if active else why_not_close(person=person, by=by)
        if reasons:
            raise NotPossible(reasons)
        Person.objects.filter(pk=person.pk).update(is_active=active)
        if not active:
            PasswordLink.objects.filter(person=person).delete()
            end_sessions(person)
        happened = Happened(
            action="person.opened" if active else "person.closed",
            subject=person.username,
            old={"active": not active},
            new={"active": active},
            note=reason.strip(),
        )
        record(by=by, happened=happened)


def why_not_close(*, person: Person, by: Actor) -> tuple[str, ...]:
    """Every reason against closing an account; for the page and for the service."""
    reasons: list[str] = []
    if by.username == person.username:
        reasons.append("It is your own account. Another administrator can close it.")
    if _is_last_administrator(person):
        reasons.append(LAST)
    return tuple(reasons)


LAST = "Nobody else is an administrator: make somebody one first."


def _is_last_administrator(person: Person) -> bool:
    held = HeldRole.objects.filter(role=PersonRole.ADMINISTRATOR)
    holders = set(held.filter(person__is_active=True).values_list("person", flat=True))
    return holders == {person.pk}


def _one_at_a_time() -> None:
    """Of two changes of accounts the second begins where the first has ended.

    All rows are taken, in one order: two administrators who close each other's account at the same
    moment would each find the other one left.
    """
    list(Person.objects.select_for_update(no_key=True).order_by("pk").values_list("pk"))


def end_sessions(person: Person) -> None:
    """Delete them: left alone, they would go on when the account is opened again."""
    own = [
        session.pk
        for session in Session.objects.all()
        if session.get_decoded().get(SESSION_KEY) == str(person.pk)
    ]
    Session.objects.filter(pk__in=own).delete()


def change_password(*, person: Person, password: str, by: Actor) -> None:
    """Give a person another password, which was validated. The event does not tell which."""
    person.set_password(password)
    with transaction.atomic():
        person.save(update_fields=["password"])
        happened = Happened(action="person.password_changed", subject=person.username)
        record(by=by, happened=happened)


def _errors(
    person: Person, password: str | None, roles: frozenset[PersonRole]
) -> dict[str, list[ValidationError]]:
    """Everything that is wrong, by the field that it is about."""
    errors: dict[str, list[ValidationError]] = {}
    if not roles:
        text = "Name at least one role: a person without one sees nothing."
        errors["roles"] = [ValidationError(text)]
    try:
        person.full_clean(exclude=["password"])
    except ValidationError as error:
        errors |= error.error_dict
    try:
        if password is not None:
            validate_password(password, person)
    except ValidationError as error:
        errors["password"] = error.error_list
    return errors
