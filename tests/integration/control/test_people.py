"""Accounts, the roles that they hold, and what a role lets somebody do."""

from __future__ import annotations

import io
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.test import Client
from pytest_django import Settings

from mailadmin.audit.models import AuditEvent
from mailadmin.audit.services import SETUP
from mailadmin.people.models import HeldRole, Person
from mailadmin.people.queries import who_may
from mailadmin.people.roles import Permission, PersonRole
from mailadmin.people.services import actor, change_password, create_person, set_roles
from tests.fixtures.audited import unaudited
from tests.integration.control.conftest import Trail
from tests.integration.pages.world import PASSWORD

GOOD: dict[str, Any] = {
    "username": "zoe",
    "full_name": "Zoé Martin",
    "password": PASSWORD,
    "roles": [PersonRole.EDITOR, PersonRole.APPROVER],
    "email": "zoe@renater.fr",
}


@pytest.fixture
def site_cache(settings: Settings, redis_url: str) -> None:
    """allauth counts tries in the cache, which is a Redis here as on a site."""
    backend = "django.core.cache.backends.redis.RedisCache"
    settings.CACHES = {"default": {"BACKEND": backend, "LOCATION": redis_url}}


def command(monkeypatch: pytest.MonkeyPatch, *arguments: str, password: str = PASSWORD) -> str:
    """`manage.py create_person`, with the password on standard input; what it said."""
    out = io.StringIO()
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{password}\n"))
    call_command("create_person", *arguments, stdout=out)
    return out.getvalue()


def test_an_account_has_its_roles_and_an_event_without_the_password(db: None, trail: Trail) -> None:
    person = create_person(**GOOD, by=SETUP)

    event = trail.only()
    assert person.role_set == {PersonRole.EDITOR, PersonRole.APPROVER}
    assert person.check_password(PASSWORD)
    assert (event.action, event.subject, event.actor) == ("person.created", "zoe", "setup")
    assert event.new == {"full_name": "Zoé Martin", "roles": ["approver", "editor"]}
    assert PASSWORD not in str(vars(event))


def test_everything_wrong_is_told_at_once_and_nothing_is_written(db: None, trail: Trail) -> None:
    wrong = {"username": "zo e", "full_name": "", "password": "zo e", "roles": [], "email": "zoe"}
    with pytest.raises(ValidationError) as error:
        create_person(**(GOOD | wrong), by=SETUP)

    told = " ".join(error.value.messages)
    for part in ("Name at least one role", "valid username", "blank", "email", "too short"):
        assert part in told
    assert not Person.objects.exists()
    assert trail.events() == []


@pytest.mark.parametrize("password", ["", "short", "1234567890", "password1234", "zoe-martin"])
def test_a_weak_password_is_refused(db: None, password: str) -> None:
    with pytest.raises(ValidationError):
        create_person(**(GOOD | {"password": password, "username": "zoe-martin"}), by=SETUP)

    assert not Person.objects.exists()


def test_a_username_is_taken_once(db: None) -> None:
    create_person(**GOOD, by=SETUP)
    with pytest.raises(ValidationError, match="already exists"):
        create_person(**GOOD, by=SETUP)

    assert Person.objects.count() == 1


def test_roles_are_set_exactly_and_the_event_tells_both(
    people: dict[str, Person], trail: Trail
) -> None:
    luc, anne = people["luc"], actor(people["anne"])
    set_roles(person=luc, roles=[PersonRole.APPROVER, PersonRole.OPERATOR], by=anne)

    event = trail.only()
    held = set(HeldRole.objects.filter(person=luc).values_list("role", flat=True))
    assert held == {"approver", "operator"}
    assert (event.action, event.actor, event.subject) == ("person.roles_changed", "anne", "luc")
    assert event.old == {"roles": ["approver", "editor"]}
    assert event.new == {"roles": ["approver", "operator"]}


def test_roles_that_are_held_already_are_no_event(people: dict[str, Person], trail: Trail) -> None:
    set_roles(person=people["vera"], roles=[PersonRole.VIEWER], by=SETUP)

    assert trail.events() == []


MAY = {
    "vera": {Permission.READ},
    "claire": {Permission.READ, Permission.EDIT},
    "luc": {Permission.READ, Permission.EDIT, Permission.APPROVE, Permission.ANSWER},
    "paul": {Permission.READ, Permission.APPROVE, Permission.ANSWER},
    "otto": {Permission.READ, Permission.OPERATE, Permission.ANSWER},
    "anne": {Permission.READ, Permission.ADMINISTER},
}


def test_each_role_grants_its_permissions_and_no_other(people: dict[str, Person]) -> None:
    found = {
        name: {permission for permission in Permission if person.may(permission)}
        for name, person in people.items()
    }

    assert found == MAY
    assert [name for name, person in people.items() if person.is_staff] == ["anne"]


def make_inactive(person: Person) -> None:
    """There is no page yet that does it."""
    person.is_active = False
    with unaudited():
        person.save(update_fields=["is_active"])


def test_somebody_inactive_may_nothing_and_is_not_named(people: dict[str, Person]) -> None:
    assert who_may(Permission.APPROVE, but=["luc"]) == ("Paul Leroy",)
    make_inactive(people["paul"])

    assert [permission for permission in Permission if people["paul"].may(permission)] == []
    assert who_may(Permission.APPROVE) == ("Luc Petit",)


def test_the_command_makes_an_account(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    said = command(monkeypatch, "zoe", "--name", "Zoé", "--role", "editor", "--role", "viewer")

    assert said == "zoe: editor, viewer\n"
    assert Person.objects.get().role_set == {PersonRole.EDITOR, PersonRole.VIEWER}
    assert Person.objects.get().check_password(PASSWORD)


def test_the_command_tells_everything_that_is_wrong(
    db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(CommandError) as error:
        command(
            monkeypatch, "zo e", "--name", "Zoé", "--role", "editor", "--email", "no", password="x"
        )

    told = str(error.value)
    assert "valid username" in told and "email" in told and "too short" in told
    assert not Person.objects.exists()
    assert not AuditEvent.objects.exists()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["zoe", "--role", "editor"], "--name"),
        (["zoe", "--name", "Zoé"], "--role"),
        (["zoe", "--name", "Zoé", "--role", "king"], "invalid choice: 'king'"),
    ],
)
def test_the_command_says_which_argument_it_lacks(
    db: None, monkeypatch: pytest.MonkeyPatch, arguments: list[str], says: str
) -> None:
    with pytest.raises(CommandError, match=says):
        command(monkeypatch, *arguments)


def test_the_command_leaves_an_account_alone_when_asked_to(
    db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    arguments = ["zoe", "--name", "Zoé", "--role", "editor"]
    command(monkeypatch, *arguments)
    again = command(monkeypatch, *arguments, "--if-missing", password="another good one 17")

    assert again == ""
    assert Person.objects.get().check_password(PASSWORD)
    with pytest.raises(CommandError, match="already exists"):
        command(monkeypatch, *arguments)


def test_another_password_is_an_event_that_does_not_tell_it(claire: Person, trail: Trail) -> None:
    change_password(person=claire, password="another good one 17", by=actor(claire))

    event = trail.only()
    claire.refresh_from_db()
    assert claire.check_password("another good one 17")
    assert (event.action, event.subject, event.old, event.new) == (
        "person.password_changed",
        "claire",
        None,
        None,
    )


def test_somebody_changes_the_own_password_on_the_page_for_it(
    claire: Person, trail: Trail, site_cache: None
) -> None:
    browser = Client()
    assert browser.post("/sign-in/", {"login": "claire", "password": PASSWORD}).status_code == 302
    sent = {"oldpassword": PASSWORD, "password1": "another good one 17"}
    answer = browser.post("/account/password/change/", sent | {"password2": "another good one 17"})

    assert answer.status_code == 302
    assert (trail.only().actor, trail.only().action) == ("claire", "person.password_changed")
    claire.refresh_from_db()
    assert claire.check_password("another good one 17")


@pytest.mark.parametrize(
    ("username", "password"), [("claire", "wrong"), ("nobody", PASSWORD), ("claire", "")]
)
def test_a_wrong_sign_in_says_the_same_for_name_and_password(
    claire: Person, site_cache: None, username: str, password: str
) -> None:
    browser = Client()
    answer = browser.post("/sign-in/", {"login": username, "password": password})

    assert answer.status_code == 200
    assert "_auth_user_id" not in browser.session


def test_somebody_inactive_does_not_sign_in(claire: Person, site_cache: None) -> None:
    make_inactive(claire)
    browser = Client()
    browser.post("/sign-in/", {"login": "claire", "password": PASSWORD})

    assert "_auth_user_id" not in browser.session
