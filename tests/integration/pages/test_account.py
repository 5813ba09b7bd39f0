"""The pages of one's own account, for somebody who has every second factor."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from allauth.mfa.totp.internal.auth import (
    format_hotp_value,
    hotp_value,
    yield_hotp_counters_from_time,
)
from django.conf import settings
from django.template.loader import get_template
from django.test import Client

from mailadmin.audit.models import AuditEvent
from mailadmin.people.factors import OWN_CHANGES
from mailadmin.people.queries import factors_of
from tests.e2e.look import worlds
from tests.e2e.look.booth import client_of
from tests.e2e.look.catalogue import PAGES
from tests.integration.pages.conftest import Site, text
from tests.integration.pages.test_redis_away import reader_of
from tests.integration.pages.world import PASSWORD

OURS = Path(settings.BASE_DIR) / "templates"
NEW = "another sentence that nobody guesses"


def test_every_page_of_a_second_factor_opens(db: None) -> None:
    del db
    key = worlds.make("full")["key"]
    client = client_of("tess")
    pages = ["", "totp/deactivate/", "recovery-codes/", "webauthn/", "webauthn/add/"]
    pages += [f"webauthn/keys/{key}/{act}/" for act in ("edit", "remove")]
    assert {p: client.get(f"/account/2fa/{p}").status_code for p in pages} == dict.fromkeys(
        pages, 200
    )


def page_of(answer: Any) -> Path:
    """The file that a page was made from."""
    return Path(answer.templates[0].origin.name)


def test_every_page_of_an_account_is_one_of_this_site(db: None) -> None:
    names = worlds.make("full")
    mine = [page for page in PAGES if page.route.startswith(("account_", "mfa_"))]
    assert len({page.route for page in mine}) > 15

    foreign = {}
    for page in mine:
        answer = reader_of(page).get(page.path.format(**names))
        assert answer.status_code == 200, page.label
        if OURS not in page_of(answer).parents:
            foreign[page.label] = page_of(answer)

    assert foreign == {}


def test_the_menu_of_a_person_leads_to_the_own_account(site: Site) -> None:
    page = text(site.sign_in("vera").get("/"))
    assert 'href="/account/password/change/"' in page and 'href="/account/2fa/"' in page


def test_a_password_is_changed_and_sessions_elsewhere_end(site: Site) -> None:
    here, elsewhere = site.sign_in("vera"), site.sign_in("vera")
    form = {"oldpassword": "wrong", "password1": NEW, "password2": "something else"}
    refused = here.post("/account/password/change/", form)
    assert set(refused.context["form"].errors) == {"oldpassword", "password2"}

    changed = here.post(
        "/account/password/change/",
        {"oldpassword": PASSWORD, "password1": NEW, "password2": NEW},
        follow=True,
    )
    assert "Your password is changed. Everywhere else you are signed out." in text(changed)
    assert here.get("/domains/").status_code == 200
    assert elsewhere.get("/domains/").status_code == 302
    again = Client()
    again.post("/sign-in/", {"login": "vera", "password": NEW})
    assert "_auth_user_id" in again.session


def test_who_has_been_here_for_a_while_confirms_and_goes_on(site: Site) -> None:
    client, place = site.sign_in("vera"), "/account/2fa/totp/activate/"
    asked = client.get(place, follow=True)
    assert "Confirm that it is you" in text(asked)
    went = client.post(asked.redirect_chain[-1][0], {"password": PASSWORD})
    assert went["Location"] == place
    assert "Set up an authenticator app" in text(client.get(place))


def test_without_javascript_a_page_for_a_key_says_what_it_needs(db: None) -> None:
    worlds.make("empty")
    page = text(client_of("tess").get("/account/2fa/webauthn/add/"))
    assert "<noscript>" in page and "JavaScript alone" in page


def test_the_codes_that_are_shown_are_those_that_are_downloaded(db: None) -> None:
    worlds.make("empty")
    tess = client_of("tess")
    shown = tess.get("/account/2fa/recovery-codes/")
    file = tess.get("/account/2fa/recovery-codes/download/")
    codes = text(file).split()
    assert len(codes) == 10
    assert "recovery-codes.txt" in file["Content-Disposition"]
    assert [code for code in codes if code not in text(shown)] == []


def test_what_somebody_changes_of_the_own_second_factor_is_in_the_audit(
    site: Site, django_capture_on_commit_callbacks: Any
) -> None:
    vera = site.people["vera"]
    client, place = client_of("vera"), "/account/2fa/totp/"
    secret = client.get(f"{place}activate/").context["form"].secret
    code = format_hotp_value(hotp_value(secret, next(yield_hotp_counters_from_time())))
    with django_capture_on_commit_callbacks(execute=True):
        client.post(f"{place}activate/", {"code": code})
    assert factors_of(vera) == ("TOTP",)
    with django_capture_on_commit_callbacks(execute=True):
        client.post("/account/2fa/recovery-codes/generate/")
    client.post(f"{place}deactivate/")
    assert factors_of(vera) == ()

    told = AuditEvent.objects.filter(subject="vera", action="person.factors_changed")
    assert [(event.actor, event.note) for event in told.order_by("number")] == [
        ("vera", "set up an authenticator app"),
        ("vera", "made new recovery codes"),
        ("vera", "gave up the authenticator app"),
    ]
    assert secret not in str([vars(event) for event in told])


def test_each_message_about_a_second_factor_is_one_that_allauth_knows() -> None:
    for message in OWN_CHANGES:
        get_template(f"{message}_subject.txt")
