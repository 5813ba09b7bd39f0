"""A second factor that somebody lost is removed by an administrator, and everybody can know it."""

from __future__ import annotations

from html import unescape

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.test import Client

from mailadmin.audit.models import AuditEvent
from mailadmin.audit.services import SETUP
from mailadmin.people.factors import remove_factors
from mailadmin.people.services import NotPossible
from tests.integration.pages import world
from tests.integration.pages.conftest import Site, text

PLACE = "/people/paul/factors/remove/"
WHY = "Lost his phone; I called him back."
TOLD = "Anne Roy removed your second factor (TOTP)"


@pytest.fixture
def locked(site: Site) -> Site:
    """Paul has an app and recovery codes, and neither at hand."""
    TOTP.activate(site.people["paul"], generate_totp_secret())
    RecoveryCodes.activate(site.people["paul"])
    return site


def signed_in(username: str) -> Client:
    """A browser in which this person gave the password, and nothing else."""
    client = Client()
    client.post("/sign-in/", {"login": username, "password": world.PASSWORD})
    return client


def test_who_lost_it_signs_in_with_the_password_again_and_reads_who_removed_it(
    locked: Site,
) -> None:
    before, anne = locked.sign_in("paul"), locked.sign_in("anne")
    assert "_auth_user_id" not in signed_in("paul").session
    assert PLACE in text(anne.get("/people/paul/"))

    assert anne.post(PLACE, {"reason": WHY})["Location"] == "/people/paul/"

    assert not Authenticator.objects.filter(user=locked.people["paul"]).exists()
    assert before.get("/domains/").status_code == 302
    paul = signed_in("paul")
    for place in ("/", "/domains/", "/account/2fa/"):
        page = unescape(text(paul.get(place)))
        assert TOLD in page and WHY in page and 'href="/account/2fa/"' in page
    assert TOLD not in text(anne.get("/"))
    event = AuditEvent.objects.get(action="person.factors_removed")
    assert (event.subject, event.actor, event.note) == ("paul", "anne", WHY)
    assert (event.old, event.new) == ({"factors": ["TOTP"]}, {"factors": []})
    assert "removed the second factor of" in text(anne.get("/audit/"))


def test_it_is_told_until_there_is_another_one(locked: Site) -> None:
    locked.sign_in("anne").post(PLACE, {"reason": WHY})
    paul = locked.sign_in("paul")
    assert TOLD in text(paul.get("/domains/"))
    TOTP.activate(locked.people["paul"], generate_totp_secret())
    assert TOLD not in text(paul.get("/domains/"))


@pytest.mark.parametrize("reason", ["", "  \n"])
def test_it_is_not_removed_without_a_reason(locked: Site, reason: str) -> None:
    answer = locked.sign_in("anne").post(PLACE, {"reason": reason})
    assert answer.status_code == 422
    assert "Say why the second factor is removed." in text(answer)
    with pytest.raises(NotPossible, match="Say why"):
        remove_factors(person=locked.people["paul"], reason=reason, by=SETUP)
    assert Authenticator.objects.count() == 2


def test_nobody_removes_the_own_one_or_what_is_not_there(locked: Site) -> None:
    TOTP.activate(locked.people["anne"], generate_totp_secret())
    anne = locked.sign_in("anne")
    own = anne.post("/people/anne/factors/remove/", {"reason": WHY})
    assert own.status_code == 409
    assert "It is your own account." in text(own)
    none = anne.post("/people/vera/factors/remove/", {"reason": WHY})
    assert none.status_code == 409
    assert "There is no second factor to remove." in text(none)
    assert "factors/remove" not in text(anne.get("/people/vera/"))
    assert Authenticator.objects.count() == 3
    assert not AuditEvent.objects.filter(action="person.factors_removed").exists()


def test_only_administrators_remove_one_and_opening_the_address_removes_nothing(
    locked: Site,
) -> None:
    for name in ("vera", "claire", "luc", "paul", "otto"):
        assert locked.sign_in(name).post(PLACE, {"reason": WHY}).status_code == 403
    assert locked.sign_in("anne").get(PLACE)["Location"] == "/people/paul/"
    assert Authenticator.objects.count() == 2
