"""One-time links with which somebody sets a password. No administrator ever knows one."""

from __future__ import annotations

import secrets
from datetime import timedelta
from hashlib import sha256

from django.contrib.auth.password_validation import validate_password
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from mailadmin.audit.services import Actor, Happened, record
from mailadmin.people.models import PasswordLink, Person
from mailadmin.people.roles import PersonRole
from mailadmin.people.services import (
    NotPossible,
    actor,
    create_person,
    end_sessions,
)
from mailadmin.race import looks_again

VALID = timedelta(days=3)
SECRET_BYTES = 32
GONE = "This link was used, is too old, or another one took its place."


def invite_person(
    *, username: str, full_name: str, email: str, roles: frozenset[PersonRole], by: Actor
) -> tuple[Person, str]:
    """Make an account without a password; the secret of the link that sets one is told once.

    Raises ValidationError with everything that is wrong with it.
    """
    with transaction.atomic():
        person = create_person(
            username=username,
            full_name=full_name,
            email=email,
            password=None,
            roles=roles,
            by=by,
        )
        return person, make_link(person=person, by=by)


@looks_again
def make_link(*, person: Person, by: Actor) -> str:
    """The secret of a new link, told once. The link of before works no more; the password does
    until the link is used. Raises NotPossible with every reason."""
    secret, now = secrets.token_urlsafe(SECRET_BYTES), timezone.now()
    with transaction.atomic():
        person = Person.objects.select_for_update(no_key=True).get(pk=person.pk)
        if reasons := why_not_link(person=person, by=by):
            raise NotPossible(reasons)
        PasswordLink.objects.filter(person=person).delete()
        link = PasswordLink.objects.create(
            person=person,
            digest=digest_of(secret),
            made_by=by.name,
            made_at=now,
            expires_at=now + VALID,
        )
        happened = Happened(
            action="person.link_made",
            subject=person.username,
            new={"valid_until": link.expires_at.isoformat(timespec="seconds")},
        )
        record(by=by, happened=happened)
    return secret


def why_not_link(*, person: Person, by: Actor) -> tuple[str, ...]:
    """Every reason against a link; for the page and for the service."""
    reasons: list[str] = []
    if by.username == person.username:
        reasons.append("It is your own account. Change your password on the page of your account.")
    if not person.is_active:
        reasons.append("The account is closed. Let it sign in again first.")
    return tuple(reasons)


def digest_of(secret: str) -> str:
    """What stands for a link wherever it is kept: in its row, and in the session that holds it.

    Nobody guesses the secret, so a plain digest keeps it as well as a slow one.
    """
    return sha256(secret.encode()).hexdigest()


def person_of_link(digest: str) -> Person | None:
    """Whose password the link sets, None when it does not work any more."""
    found = _working(digest).first()
    return found.person if found else None


def use_link(*, digest: str, password: str) -> Person:
    """Set the password, once; whoever was signed in with the account is no more.

    Raises NotPossible when the link does not work any more, ValidationError for a weak password:
    the link works on then.
    """
    with transaction.atomic():
        # The person first, as everybody who closes accounts takes them: then the link is ours.
        holders = Person.objects.select_for_update(no_key=True)
        person = holders.filter(pk__in=_working(digest).values("person")).first()
        if person is None or not _working(digest).exists():
            raise NotPossible([GONE])
        validate_password(password, person)
        PasswordLink.objects.filter(person=person).delete()
        person.set_password(password)
        person.save(update_fields=["password"])
        end_sessions(person)
        record(
            by=actor(person),
            happened=Happened(action="person.password_set", subject=person.username),
        )
    return person


def _working(digest: str) -> QuerySet[PasswordLink]:
    open_now = PasswordLink.objects.filter(expires_at__gt=timezone.now(), person__is_active=True)
    return open_now.filter(digest=digest).select_related("person")
