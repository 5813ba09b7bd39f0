"""A second factor that somebody lost is removed by an administrator, for all to see."""

from __future__ import annotations

from allauth.mfa.models import Authenticator
from django.db import transaction

from mailadmin.audit.services import Actor, Happened, record
from mailadmin.people.models import Person
from mailadmin.people.queries import factors_of
from mailadmin.people.services import NotPossible, end_sessions


def remove_factors(*, person: Person, reason: str, by: Actor) -> None:
    """Remove every second factor of a person, recovery codes too, and end the person's sessions.

    The password alone signs in then, so the person is told (`mailadmin.ui.own_account`). Raises
    NotPossible with every reason.
    """
    with transaction.atomic():
        person = Person.objects.select_for_update(no_key=True).get(pk=person.pk)
        reasons = list(why_not_remove(person=person, by=by))
        if not reason.strip():
            reasons.append("Say why the second factor is removed.")
        if reasons:
            raise NotPossible(reasons)
        held = factors_of(person)
        Authenticator.objects.filter(user=person).delete()
        end_sessions(person)
        happened = Happened(
            action="person.factors_removed",
            subject=person.username,
            old={"factors": list(held)},
            new={"factors": []},
            note=reason.strip(),
        )
        record(by=by, happened=happened)


def why_not_remove(*, person: Person, by: Actor) -> tuple[str, ...]:
    """Every reason against it; for the page and for the service."""
    reasons: list[str] = []
    if by.username == person.username:
        reasons.append(
            "It is your own account. Remove it on the page of your account, or ask another "
            "administrator when you have lost it."
        )
    if not factors_of(person):
        reasons.append("There is no second factor to remove.")
    return tuple(reasons)
