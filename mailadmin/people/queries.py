"""People as their pages show them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from allauth.mfa.models import Authenticator
from django.db.models import Exists, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Coalesce
from django.utils import timezone

from mailadmin.asked import Asked
from mailadmin.audit.models import AuditEvent
from mailadmin.paging import Order, Page, Turn, page_of
from mailadmin.people.models import PasswordLink, Person
from mailadmin.people.roles import Permission, PersonRole, roles_granting

NEVER = datetime(1970, 1, 1, tzinfo=UTC)
ORDERS: Mapping[str, Order] = {
    f"{sign}{name}": Order(field, down=bool(sign))
    for name, field in (("name", "full_name"), ("username", "username"), ("seen", "seen"))
    for sign in ("", "-")
}
FACTORS: Mapping[str, str] = {
    Authenticator.Type.TOTP: "TOTP",
    Authenticator.Type.WEBAUTHN: "passkey",
}
"""What counts as a second factor, in words; recovery codes are for the day that it is lost."""


FACTORS_REMOVED = "person.factors_removed"
"""The event of an administrator who removed somebody's second factors."""


class PeopleShown(StrEnum):
    """What the list can be narrowed to."""

    OPEN = "open"
    CLOSED = "closed"
    ONE_FACTOR = "one_factor"
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class LinkRow:
    """A link that may still set the password."""

    made_by: str
    made_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class PersonRow:
    """One account. `factors` are the kinds of second factor, in words; `link` is one not used."""

    username: str
    full_name: str
    email: str
    roles: tuple[PersonRole, ...]
    is_active: bool
    last_login: datetime | None
    factors: tuple[str, ...] = ()
    link: LinkRow | None = None
    has_password: bool = True


@dataclass(frozen=True, slots=True)
class PeopleList:
    """A page of accounts; `counts` has how many there are in each state."""

    rows: tuple[PersonRow, ...]
    total: int
    turn: Turn
    counts: Mapping[PeopleShown, int]


def list_people(asked: Asked) -> PeopleList:
    """One page of accounts. An unknown order, state or role is the plain list."""
    every = _every()
    matching = every.filter(_says(asked.text) & _in_state(asked.state))
    if asked.also.get("role") in set(PersonRole):
        matching = matching.filter(roles__role=asked.also["role"])
    order = ORDERS.get(asked.sort, ORDERS["name"])
    page: Page[Person] = page_of(
        matching.prefetch_related("roles"), order=order, cursor=asked.cursor
    )
    return PeopleList(
        rows=_rows(page.rows),
        total=Person.objects.count(),
        turn=page.turn,
        counts={state: every.filter(_in_state(state)).count() for state in PeopleShown},
    )


def person_row(person: Person) -> PersonRow:
    """One account."""
    return _rows([person])[0]


def factors_of(person: Person) -> tuple[str, ...]:
    """The kinds of second factor that somebody has, in words."""
    return _rows([person])[0].factors


@dataclass(frozen=True, slots=True)
class Removal:
    """Who removed the second factors of somebody, which, when and why."""

    by: str
    factors: tuple[str, ...]
    at: datetime
    reason: str


def removal_to_tell(person: Person, *, since: datetime) -> Removal | None:
    """The last removal of this person's second factors, unless there is another factor since."""
    event = AuditEvent.objects.filter(
        subject=person.username, action=FACTORS_REMOVED, at__gt=since
    ).first()
    if event is None or factors_of(person):
        return None
    factors = tuple((event.old or {}).get("factors", ()))
    return Removal(by=event.actor_name, factors=factors, at=event.at, reason=event.note)


def who_may(permission: Permission, *, but: Iterable[str] = ()) -> tuple[str, ...]:
    """Full names of the active people who hold a permission, without the usernames in `but`."""
    holders = Person.objects.filter(is_active=True, roles__role__in=roles_granting(permission))
    rest = holders.exclude(username__in=list(but)).distinct().order_by("full_name")
    return tuple(rest.values_list("full_name", flat=True))


def _every() -> QuerySet[Person]:
    factors = Authenticator.objects.filter(user=OuterRef("pk"), type__in=list(FACTORS))
    return Person.objects.annotate(
        seen=Coalesce("last_login", Value(NEVER)), has_factor=Exists(factors)
    )


def _says(text: str) -> Q:
    if not text:
        return Q()
    return Q(full_name__icontains=text) | Q(username__icontains=text) | Q(email__icontains=text)


def _in_state(state: str) -> Q:
    match state:
        case PeopleShown.OPEN:
            return Q(is_active=True)
        case PeopleShown.CLOSED:
            return Q(is_active=False)
        case PeopleShown.ONE_FACTOR:
            return Q(is_active=True, has_factor=False)
        case PeopleShown.NEVER:
            return Q(is_active=True, last_login=None)
        case _:
            return Q()


def _rows(people: Iterable[Person]) -> tuple[PersonRow, ...]:
    found = list(people)
    factors: dict[int, set[str]] = {}
    held = Authenticator.objects.filter(user__in=[person.pk for person in found])
    for user, kind in held.values_list("user", "type"):
        if kind in FACTORS:
            factors.setdefault(user, set()).add(FACTORS[kind])
    open_links = PasswordLink.objects.filter(person__in=found, expires_at__gt=timezone.now())
    links = {
        link.person_id: LinkRow(link.made_by, link.made_at, link.expires_at) for link in open_links
    }
    return tuple(
        PersonRow(
            username=person.username,
            full_name=person.full_name,
            email=person.email,
            roles=tuple(sorted(person.role_set)),
            is_active=person.is_active,
            last_login=person.last_login,
            factors=tuple(sorted(factors.get(person.pk, ()))),
            link=links.get(person.pk),
            has_password=person.has_usable_password(),
        )
        for person in found
    )
