"""Second factors: what people change of their own is recorded, a lost one is removed by another.

allauth writes the rows of one's own factors.
"""

from __future__ import annotations

from collections.abc import Mapping

from allauth.mfa.models import Authenticator
from django.db import transaction

from mailadmin.audit.services import Actor, Happened, record
from mailadmin.people.models import Person
from mailadmin.people.queries import factors_of
from mailadmin.people.services import NotPossible, actor, end_sessions

OWN_CHANGES: Mapping[str, str] = {
    "mfa/email/totp_activated": "set up an authenticator app",
    "mfa/email/totp_deactivated": "gave up the authenticator app",
    "mfa/email/webauthn_added": "added a security key",
    "mfa/email/webauthn_removed": "removed a security key",
    "mfa/email/recovery_codes_generated": "made new recovery codes",
}
"""What somebody did, by the name of the message that allauth would send about it."""


@transaction.atomic
def record_own_change(*, person: Person, message: str) -> None:
    """Record what somebody changed of the own second factors, unless the message is another one."""
    if message in OWN_CHANGES:
        happened = Happened(
            action="person.factors_changed", subject=person.username, note=OWN_CHANGES[message]
        )
        record(by=actor(person), happened=happened)


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
