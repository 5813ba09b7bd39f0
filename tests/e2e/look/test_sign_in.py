"""Sign-in as a person meets it: by keyboard, wrong at first, second time right."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, expect
from pytest_django.live_server_helper import LiveServer

from mailadmin.audit.services import SETUP
from mailadmin.people.links import make_link
from mailadmin.people.models import Person
from mailadmin.people.roles import PersonRole
from mailadmin.people.services import create_person
from tests.e2e.shots import axe_faults, axe_faults_in, shoot_all, sideways

pytestmark = pytest.mark.django_db(transaction=True)
PASSWORD, NEW = "correct-horse-7", "battery-staple-9"


@pytest.fixture
def page(desk: BrowserContext, live_server: LiveServer, settings: Any) -> Page:
    """The sign-in page, in demo mode, with an account that exists and one that does not."""
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    settings.DEMO = True
    settings.DEMO_ACCOUNTS = ["claire:shown:editor", "nobody:shown:viewer"]
    create_person(
        username="claire",
        full_name="Claire Martin",
        password=PASSWORD,
        roles={PersonRole.ADMINISTRATOR},
        by=SETUP,
    )
    opened = desk.new_page()
    opened.goto(f"{live_server.url}/sign-in/?next=/design/")
    return opened


def test_the_name_has_the_focus_and_the_right_password_leads_on(page: Page) -> None:
    expect(page.get_by_label("Name")).to_be_focused()
    page.keyboard.type("claire")
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    expect(page).to_have_url(page.url.split("/sign-in/")[0] + "/design/")
    expect(page.locator(".ma-person-name")).to_have_text("Claire Martin")
    expect(page.locator(".ma-toast")).to_have_count(0)


def test_a_wrong_password_keeps_the_name_and_says_one_thing(page: Page) -> None:
    page.get_by_label("Name").fill("claire")
    page.get_by_label("Password").fill("wrong")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_have_count(1)
    assert page.get_by_label("Name").input_value() == "claire"
    assert page.get_by_label("Password").input_value() == ""
    expect(page.get_by_label("Password")).to_be_focused()


def test_only_demo_accounts_that_exist_are_listed(page: Page) -> None:
    expect(page.get_by_role("row")).to_have_count(2)
    expect(page.locator("main")).to_contain_text("claire")
    expect(page.locator("main")).not_to_contain_text("nobody")


def test_the_page_holds_in_both_themes_and_at_every_width(page: Page, noise: list[str]) -> None:
    for width in (1440, 768, 390, 320):
        assert list(axe_faults_in(page, width=width)) == []
        assert sideways(page) == 0
    shoot_all(page, "sign-in")
    assert noise == []


def test_sign_out_asks_when_a_link_leads_there(page: Page, live_server: LiveServer) -> None:
    page.get_by_label("Name").fill("claire")
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.locator(".ma-person").wait_for()
    page.goto(f"{live_server.url}/sign-out/")
    expect(page.get_by_role("button", name="Sign out Claire Martin")).to_be_visible()
    assert axe_faults(page) == []
    page.get_by_role("button", name="Sign out Claire Martin").click()
    expect(page.get_by_label("Password")).to_be_visible()


def test_who_was_given_a_link_sets_a_password_and_signs_in(
    page: Page, live_server: LiveServer
) -> None:
    claire = Person.objects.get(username="claire")
    secret = make_link(person=claire, by=SETUP)
    page.goto(f"{live_server.url}/set-password/{secret}/")
    page.get_by_label("New password").fill(NEW)
    page.get_by_label("The same again").fill(NEW)
    page.get_by_role("button", name="Set password").click()
    page.get_by_label("Name").fill("claire")
    page.get_by_label("Password").fill(NEW)
    page.keyboard.press("Enter")
    expect(page.locator(".ma-person-name")).to_have_text("Claire Martin")
