"""A request without a page of its own: with the navigation for who is signed in, else without."""

from __future__ import annotations

from typing import Any

import pytest
from django.conf import settings as site_settings
from django.test import Client

from routing.models import VirtualDomain
from tests.integration.pages.conftest import Site, text

WHO = pytest.mark.parametrize("who", ["claire", ""], ids=["signed in", "nobody"])
MANY = site_settings.DATA_UPLOAD_MAX_NUMBER_FIELDS + 1
TRIES = 35
"""More than any limit of a minute on passwords and codes."""


def browser(site: Site, who: str, *, strict: bool = False) -> Client:
    """Somebody's or nobody's browser; a strict one has its tokens checked, as outside of tests."""
    client = Client(enforce_csrf_checks=strict)
    client.cookies[site_settings.CSRF_COOKIE_NAME] = "a" * 32
    if who:
        client.force_login(site.people[who])
    return client


def stands_in_its_frame(answer: Any, who: str) -> bool:
    """The navigation and the person's name for who is signed in; nothing of them otherwise."""
    page = text(answer)
    assert page.count("<h1") == 1
    framed = 'id="nav"' in page and 'href="/domains/"' in page and "Claire Martin" in page
    bare = 'id="nav"' not in page and "Claire Martin" not in page and "ma-entrance" in page
    return framed if who else bare


@WHO
def test_an_address_without_a_page(site: Site, who: str) -> None:
    answer = browser(site, who).get("/nowhere/")

    assert answer.status_code == 404
    assert "There is no such page" in text(answer) and "/nowhere/" in text(answer)
    assert stands_in_its_frame(answer, who)


def test_a_page_that_asks_for_more_than_somebody_holds(site: Site) -> None:
    answer = browser(site, "claire").get("/people/")

    assert answer.status_code == 403
    assert "Anne Roy can grant it" in text(answer)
    assert stands_in_its_frame(answer, "claire")


@WHO
def test_a_form_of_another_session(site: Site, who: str) -> None:
    answer = browser(site, who, strict=True).post("/domains/add/", {"key": "a.example"})

    assert answer.status_code == 403
    assert "This form is too old" in text(answer) and "Nothing was changed" in text(answer)
    assert stands_in_its_frame(answer, who)


@WHO
def test_a_form_with_more_fields_than_are_taken_at_once(site: Site, who: str) -> None:
    sent = {f"f{n}": "x" for n in range(MANY)}
    answer = browser(site, who, strict=True).post("/domains/add/", sent)

    assert answer.status_code == 400
    assert "more fields than the site takes at once" in text(answer)
    assert "Nothing was changed" in text(answer)
    assert stands_in_its_frame(answer, who)


@WHO
def test_a_form_larger_than_is_taken_at_once(site: Site, who: str) -> None:
    limit = site_settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    assert limit is not None
    client = browser(site, who, strict=True)
    answer = client.post("/domains/bulk-add/", {"text": "x" * (limit + 1)})

    assert answer.status_code == 400
    assert "larger than the site takes at once" in text(answer)
    assert stands_in_its_frame(answer, who)
    assert not VirtualDomain.objects.filter(key__startswith="x").exists()


@WHO
def test_an_address_with_more_fields_than_are_taken_at_once(site: Site, who: str) -> None:
    answer = browser(site, who).get("/domains/?" + "a=&" * MANY)

    assert answer.status_code == 400
    assert stands_in_its_frame(answer, who)


def test_a_name_that_is_not_this_site_s(site: Site) -> None:
    answer = browser(site, "claire").get("/", headers={"host": "other.example"})

    assert answer.status_code == 400
    assert "MAILADMIN_ALLOWED_HOSTS" in text(answer)
    assert stands_in_its_frame(answer, "")


@WHO
def test_an_address_that_only_takes_a_form_is_opened(site: Site, who: str) -> None:
    answer = browser(site, who).get("/theme/")

    assert (answer.status_code, answer["Allow"]) == (405, "POST")
    assert "only takes the form of another page" in text(answer)
    assert stands_in_its_frame(answer, who)


def test_a_page_that_takes_no_form_is_sent_one(site: Site) -> None:
    answer = browser(site, "claire").post("/domains/", {"key": "a.example"})

    assert (answer.status_code, answer["Allow"]) == (405, "GET, HEAD")
    assert "answers GET and HEAD, and was asked POST" in text(answer)
    assert stands_in_its_frame(answer, "claire")


@WHO
def test_too_many_tries(site: Site, who: str) -> None:
    client = browser(site, who)
    place = "/account/reauthenticate/" if who else "/sign-in/"
    for _ in range(TRIES):
        answer = client.post(place, {"login": "claire", "password": "wrong"})

    assert answer.status_code == 429
    assert "Too many tries" in text(answer)
    assert stands_in_its_frame(answer, who)


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_an_error_of_ours_keeps_the_colours(
    site: Site, monkeypatch: pytest.MonkeyPatch, theme: str
) -> None:
    client = Client(raise_request_exception=False)
    client.force_login(site.people["claire"])
    client.cookies["ma-theme"] = theme
    monkeypatch.setattr("mailadmin.ui.views.overview_of", None)

    answer = client.get("/")

    assert answer.status_code == 500
    assert "An error of ours" in text(answer)
    assert f'data-bs-theme="{theme}"' in text(answer)
