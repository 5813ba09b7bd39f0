"""Every component and every large page, in both themes, wide and as a phone."""

from __future__ import annotations

import pytest
from pytest_django.live_server_helper import LiveServer

from mailadmin.people.roles import PersonRole
from mailadmin.ui import samples
from tests.e2e.conftest import SignIn
from tests.e2e.shots import axe_faults, axe_faults_in, dress, shoot_all, sideways

pytestmark = pytest.mark.django_db(transaction=True)
WIDTHS = (1440, 768, 390, 320)
WIDEST_AGE = "23\N{NO-BREAK SPACE}h 59\N{NO-BREAK SPACE}min ago"
AGED = """words => {
    for (const age of document.querySelectorAll('time[data-ma-age]')) age.textContent = words;
}"""


@pytest.mark.parametrize(
    "names",
    [
        pytest.param([""], id="components"),
        # Made of these components as the real pages are, which are looked at one by one.
        pytest.param(list(samples.PAGES), id="samples", marks=pytest.mark.long),
    ],
)
def test_components_and_sample_pages_hold_in_both_themes_and_at_every_width(
    names: list[str], signed_in: SignIn, live_server: LiveServer, noise: list[str]
) -> None:
    page = signed_in("/design/", PersonRole.ADMINISTRATOR, PersonRole.APPROVER)
    for name in names:
        page.goto(f"{live_server.url}/design/{name}{'/' if name else ''}")
        assert list(axe_faults_in(page, width=1440)) == [], name
        for width in WIDTHS:
            dress(page, theme="light", width=width)
            assert sideways(page) == 0, f"{name} at {width}"
        assert axe_faults(page) == [], f"{name} as a phone"
        shoot_all(page, name or "design")
        page.evaluate(AGED, WIDEST_AGE)
        for width in WIDTHS:
            dress(page, theme="light", width=width)
            assert sideways(page) == 0, f"{name} a day later, at {width}"
    assert noise == []


def test_only_administrators_open_the_design_page(signed_in: SignIn) -> None:
    page = signed_in("/design/", PersonRole.EDITOR)
    assert page.locator("h1").inner_text() == "This page is not yours to open 403"
    assert "administrator" in page.locator("main").inner_text()
