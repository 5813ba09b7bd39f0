"""Somebody at a browser, in front of a dashboard that ./run brought up."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Protocol

from playwright.sync_api import BrowserContext, Locator, Page, expect

STEP_MS = 60_000
"""For a page to answer, on a machine that does much else."""
expect.set_options(timeout=STEP_MS)


@dataclass(frozen=True, slots=True)
class Desk:
    """One person at a browser of their own."""

    page: Page
    address: str

    def open(self, path: str) -> Page:
        """Go to a page of the dashboard."""
        self.page.goto(f"{self.address.rstrip('/')}{path}")
        return self.page

    def button(self, name: str | re.Pattern[str]) -> Locator:
        """A button by what it says."""
        return self.page.get_by_role("button", name=name, exact=isinstance(name, str))


class SignIn(Protocol):
    """`sign_in("claire")`, or without JavaScript `sign_in("claire", script=False)`."""

    def __call__(self, username: str, *, script: bool = True) -> Desk: ...


def come_in(context: BrowserContext, address: str, username: str) -> Desk:
    """Sign a demonstration account in through the page."""
    context.set_default_timeout(STEP_MS)
    desk = Desk(context.new_page(), address)
    page = desk.open("/sign-in/")
    page.get_by_label("Name", exact=True).fill(username)
    page.get_by_label("Password", exact=True).fill(f"{username}-shows-mail")
    desk.button("Sign in").click()
    expect(page.locator(".ma-person")).to_be_visible()
    return desk
