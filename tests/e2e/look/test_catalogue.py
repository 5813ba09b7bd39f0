"""Every page of the catalogue at the usual widths; with --long at all of them, in both themes, with
their colours, in every state. All faults are listed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from urllib.parse import urlsplit

import pytest
from django.urls import resolve
from playwright.sync_api import Browser
from playwright.sync_api import Page as Tab
from pytest_django.live_server_helper import LiveServer

from tests.e2e.look import worlds
from tests.e2e.look.booth import Booth
from tests.e2e.look.catalogue import ONE_OF_EACH, WORLD_OF, Page, State, looked_at
from tests.e2e.shots import (
    CONTRAST,
    THEMES,
    axe_faults,
    axe_faults_in,
    dress,
    let_axe_in,
    sideways,
)

WIDTHS = (1440, 1200, 768, 390, 320)
FEW_WIDTHS = (1440, 768, 390)
WIDE, PHONE = 1440, 390
SAMPLES = ("design", "design_page")
"""test_design.py looks at them."""

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(900)]


def test_every_page_holds_at_the_usual_widths(live_server: LiveServer, engine: Browser) -> None:
    with Booth(engine, live_server.url, worlds.make("full")) as booth:
        tab = booth.context().new_page()
        faults = [
            fault
            for page in ONE_OF_EACH
            if page.route not in SAMPLES
            for fault in _looked(booth, page, tab=tab, in_short=True)
        ]
        assert not faults + booth.noise, "\n".join(faults + booth.noise)


@pytest.mark.long
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("state", State)
def test_every_page_holds_in_every_state(
    live_server: LiveServer, engine: Browser, state: State
) -> None:
    with Booth(engine, live_server.url, worlds.make(WORLD_OF.get(state, "full"))) as booth:
        # What axe needs to look at a page without scripts stays with the tab.
        tab = None if state is State.NO_SCRIPT else booth.context().new_page()
        faults = [
            fault
            for page, _ in looked_at(state)
            for fault in _looked(booth, page, state, tab=tab, held=(WIDE, PHONE))
        ]
        assert not faults + booth.noise, "\n".join(faults + booth.noise)


def _looked(
    booth: Booth,
    page: Page,
    state: State = State.NORMAL,
    *,
    tab: Tab | None,
    held: Sequence[int] = (),
    in_short: bool = False,
) -> Iterator[str]:
    """What is wrong with one page in one state; axe looks at it in the windows of `held`.

    In short it looks at one window and not at the contrast, which takes it most of its time: every
    part of a page is on the design page too, which test_design.py shows to it in both themes.
    """
    kept, tab = tab, booth.open(page, state, tab=tab)
    name = f"{page.label} ({state})"
    if booth.status not in _expected(page, state):
        yield f"{name}: answered {booth.status}"
    if state in (State.ERROR, State.CONFLICT) and not booth.complaints:
        yield f"{name}: does not say what is the matter"
    if page.route and state is State.NORMAL:
        found = resolve(urlsplit(tab.url).path).url_name
        if found != page.route:
            yield f"{name}: {tab.url} is {found}"
    if state is State.NO_SCRIPT:
        let_axe_in(tab)
        if tab.evaluate("() => 'htmx' in window"):
            yield f"{name}: a script of the page ran"
    if in_short:
        dress(tab, theme=THEMES[0], width=WIDE)
        yield from (f"{name}: {fault}" for fault in axe_faults(tab, without=(CONTRAST,)))
    for width in held:
        for theme, fault in axe_faults_in(tab, width=width):
            yield f"{name} {theme} {width}: {fault}"
    yield from _wider(tab, name, FEW_WIDTHS if in_short else WIDTHS)
    if kept is None:
        tab.close()


def _wider(tab: Tab, name: str, widths: Sequence[int]) -> Iterator[str]:
    for width in widths:
        dress(tab, theme="light", width=width)
        if over := sideways(tab):
            yield f"{name}: {over} px wider than {width}"


def _expected(page: Page, state: State) -> tuple[int, ...]:
    if state is State.REFUSED:
        return (page.status, 403)
    if state is State.CONFLICT:
        return (409,)
    if state is State.ERROR:
        return (200, 422)
    return (page.status,)
