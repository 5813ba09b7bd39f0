"""Accounts are made in the browser, and a password is set by a link that works once."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.test import Client
from django.utils import timezone

from mailadmin.audit.models import AuditEvent
from mailadmin.audit.services import SETUP
from mailadmin.people.links import VALID, make_link
from mailadmin.people.models import PasswordLink, Person
from mailadmin.people.roles import PersonRole
from mailadmin.people.services import create_person
from tests.fixtures.audited import unaudited
from tests.integration.pages import world
from tests.integration.pages.conftest import Site, form_of, text

ADD, FORM = "/people/~add/", "/set-password/"
NORA = {
    "full_name": "Nora Noir",
    "username": "nora",
    "email": "nora@renater.fr",
    "roles": ["viewer", "editor"],
}
NEW = "a sentence that nobody guesses"
SET = {"password": NEW, "again": NEW}


def link_of(answer: Any) -> str:
    """The address that a page shows once."""
    found = re.search(r"<code[^>]*>http://testserver(/set-password/[^<]+)</code>", text(answer))
    assert found is not None
    return found[1]


def kept_to_itself(answer: Any) -> Any:
    """The same answer, of which no cache and no page after it learns anything."""
    assert answer["Cache-Control"] == "no-store"
    assert answer["Referrer-Policy"] == "strict-origin"
    return answer


def opened(link: str) -> Client:
    """The browser of somebody who opened a link."""
    client = Client()
    client.get(link)
    return client


def signs_in(username: str, password: str) -> bool:
    client = Client()
    client.post("/sign-in/", {"login": username, "password": password})
    return "_auth_user_id" in client.session


def rows(client: Client, address: str) -> list[str]:
    return [row.username for row, _ in client.get(address).context["list"].rows]


def test_an_administrator_adds_a_person_who_sets_a_password_with_the_link(site: Site) -> None:
    anne = site.sign_in("anne")
    sent = form_of(anne.get(ADD), ADD) | NORA
    answer = anne.post(ADD, sent)
    link, nora = link_of(answer), Person.objects.get(username="nora")

    assert answer["Cache-Control"] == "no-store"
    assert not nora.has_usable_password()
    assert {role.value for role in nora.role_set} == {"viewer", "editor"}
    stranger = Client()
    assert kept_to_itself(stranger.get(link))["Location"] == FORM
    assert kept_to_itself(stranger.get(FORM)).status_code == 200
    assert stranger.post(FORM, SET)["Location"] == "/sign-in/"
    assert signs_in("nora", NEW)
    for gone in (stranger.get(link), stranger.get(FORM), stranger.post(FORM, SET)):
        assert kept_to_itself(gone).status_code == 410
    told = AuditEvent.objects.filter(subject="nora").order_by("number")
    assert [(event.action, event.actor) for event in told] == [
        ("person.created", "anne"),
        ("person.link_made", "anne"),
        ("person.password_set", "nora"),
    ]
    secret = link.split("/")[2]
    assert not [event for event in told if secret in str(vars(event))]
    assert secret not in str(PasswordLink.objects.values())


def test_everything_wrong_with_a_new_account_is_told_at_once(site: Site) -> None:
    anne = site.sign_in("anne")
    wrong = NORA | {"username": "vera", "email": "nora", "roles": []}
    answer = anne.post(ADD, wrong)
    assert answer.status_code == 422
    assert set(answer.context["form"].errors) == {"email", "roles"}

    answer = anne.post(ADD, NORA | {"username": "Vera Viewer"})
    assert answer.status_code == 422
    assert "valid username" in str(answer.context["form"].errors["username"])
    answer = anne.post(ADD, NORA | {"username": "vera"})
    assert "already exists" in str(answer.context["form"].errors["username"])
    assert 'value="Nora Noir"' in text(answer)
    assert not Person.objects.filter(full_name="Nora Noir").exists()


def test_a_reset_link_keeps_the_old_password_until_it_is_used_and_ends_sessions_then(
    site: Site,
) -> None:
    claire = site.sign_in("claire")
    link = link_of(site.sign_in("anne").post("/people/claire/link/"))
    assert claire.get("/domains/").status_code == 200
    assert signs_in("claire", world.PASSWORD)

    opened(link).post(FORM, SET)

    assert claire.get("/domains/").status_code == 302
    assert not signs_in("claire", world.PASSWORD)
    assert signs_in("claire", NEW)


@pytest.mark.parametrize(
    "sent",
    [
        {"password": NEW, "again": "another"},
        {"password": "claire1", "again": "claire1"},
        {"password": "", "again": ""},
    ],
    ids=["two", "weak", "none"],
)
def test_a_password_that_will_not_do_leaves_the_link_as_it_is(
    site: Site, sent: dict[str, str]
) -> None:
    secret = make_link(person=site.people["claire"], by=SETUP)
    answer = opened(f"/set-password/{secret}/").post(FORM, sent)
    assert answer.status_code == 422
    assert PasswordLink.objects.count() == 1


def test_a_link_ends_by_age_by_a_newer_one_and_when_the_account_is_closed(site: Site) -> None:
    claire, anne = site.people["claire"], site.sign_in("anne")
    first = make_link(person=claire, by=SETUP)
    second = make_link(person=claire, by=SETUP)
    assert Client().get(f"/set-password/{first}/").status_code == 410
    held = opened(f"/set-password/{second}/")
    assert held.get(FORM).status_code == 200

    anne.post("/people/claire/close/", {"reason": "left"})
    anne.post("/people/claire/open/")
    assert Client().get(f"/set-password/{second}/").status_code == 410
    assert held.get(FORM).status_code == 410

    third = make_link(person=claire, by=SETUP)
    held = opened(f"/set-password/{third}/")
    with unaudited():
        PasswordLink.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert held.post(FORM, SET).status_code == 410
    assert Client().get(f"/set-password/{third}/").status_code == 410
    assert timedelta(days=1) < VALID < timedelta(days=8)


def test_nobody_makes_a_link_for_the_own_or_a_closed_account(site: Site) -> None:
    anne = site.sign_in("anne")
    own = anne.post("/people/anne/link/")
    assert own.status_code == 409
    assert "It is your own account. Change your password on the page of your account." in text(own)
    anne.post("/people/claire/close/", {"reason": "left"})
    closed = anne.post("/people/claire/link/")
    assert closed.status_code == 409
    assert "The account is closed. Let it sign in again first." in text(closed)
    assert not PasswordLink.objects.exists()


@pytest.mark.parametrize("place", ["/people/", ADD, "/people/vera/link/"])
def test_only_administrators_see_and_make_accounts(site: Site, place: str) -> None:
    for name in ("vera", "claire", "luc", "paul", "otto"):
        client = site.sign_in(name)
        refused = client.post(place, NORA)
        assert refused.status_code == 403
        assert "Anne Roy" in text(refused)
    assert Person.objects.count() == len(world.PEOPLE)


def test_people_are_searched_narrowed_sorted_and_say_their_second_factor(site: Site) -> None:
    anne = site.sign_in("anne")
    TOTP.activate(site.people["paul"], generate_totp_secret())
    anne.post("/people/vera/close/", {"reason": "left"})

    assert rows(anne, "/people/?q=MARTIN") == ["claire"]
    assert rows(anne, "/people/?state=closed") == ["vera"]
    assert "paul" not in rows(anne, "/people/?state=one_factor")
    assert rows(anne, "/people/?role=approver&sort=-username") == ["paul", "luc"]
    assert rows(anne, "/people/?sort=-seen")[0] == "anne"
    page = anne.get("/people/?role=approver").context["list"]
    assert [(chip.label, chip.remove_href) for chip in page.chips] == [
        ("Role: approver", "/people/")
    ]
    shown = {row.username: row.factors for row, _ in page.rows}
    assert shown == {"luc": (), "paul": ("TOTP",)}
    assert "TOTP" in text(anne.get("/people/paul/"))
    assert "Nothing matches nobody" in text(anne.get("/people/?q=nobody"))


def test_pages_of_people_skip_nobody_whether_they_signed_in_or_not(site: Site) -> None:
    for n in range(60):
        create_person(
            username=f"p{n:02}",
            full_name="Same Name",
            password=None,
            roles={PersonRole.VIEWER},
            by=SETUP,
        )
    anne, seen, address = site.sign_in("anne"), list[str](), "/people/?sort=-seen"
    while address:
        page = anne.get(address).context["list"]
        seen += [row.username for row, _ in page.rows]
        address = page.pager.older_href
    assert len(seen) == len(set(seen)) == Person.objects.count()


def test_the_secret_stands_in_no_address_page_or_session_after_the_first_one(site: Site) -> None:
    secret = make_link(person=site.people["claire"], by=SETUP)
    client = Client()
    came = client.get(f"/set-password/{secret}/", follow=True)

    assert came.redirect_chain == [(FORM, 302)]
    assert secret not in text(came)
    assert secret not in str(dict(client.session))


def test_without_a_link_in_hand_the_page_says_to_open_it(db: None) -> None:
    for answer in (Client().get(FORM), Client().post(FORM, SET)):
        assert answer.status_code == 410
        assert "No link was opened in this browser" in text(answer)


def test_a_session_that_somebody_knew_before_does_not_hold_the_link(site: Site) -> None:
    known, victim = Client(), Client()
    known.get(f"/set-password/{make_link(person=site.people['vera'], by=SETUP)}/")
    victim.cookies["sessionid"] = known.cookies["sessionid"].value
    victim.get(f"/set-password/{make_link(person=site.people['claire'], by=SETUP)}/")

    assert "claire" in text(victim.get(FORM))
    assert "claire" not in text(known.get(FORM))


@pytest.mark.parametrize(("who", "stays"), [("claire", False), ("anne", True)])
def test_who_is_signed_in_meanwhile_stays_so_unless_it_is_their_own_account(
    site: Site, who: str, stays: bool
) -> None:
    client = site.sign_in(who)
    client.get(f"/set-password/{make_link(person=site.people['claire'], by=SETUP)}/")
    assert client.post(FORM, SET)["Location"] == "/sign-in/"
    assert ("_auth_user_id" in client.session) is stays
    assert client.get(FORM).status_code == 410
    assert signs_in("claire", NEW)
