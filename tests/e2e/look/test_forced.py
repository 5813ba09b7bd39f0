"""Where the system chooses the colours (Windows' high contrast), and where nothing is to move."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import pytest
from playwright.sync_api import Browser
from playwright.sync_api import Page as Tab
from pytest_django.live_server_helper import LiveServer

from tests.e2e.look import worlds
from tests.e2e.look.booth import Booth
from tests.e2e.look.catalogue import PAGES
from tests.e2e.shots import axe_faults

pytestmark = pytest.mark.django_db(transaction=True)
LOOKED_AT = ("home", "push-approver", "propose", "person", "domain-list", "design", "design-push")
Scheme = Literal["light", "dark"]
FOLLOWS = "scheme => document.documentElement.getAttribute('data-bs-theme') === scheme"
CARRY_A_STATE = ".ma-badge, .ma-value-ins, .ma-value-del, .ma-panel, [aria-current='page']"
"""What a tint tells apart elsewhere."""
BARE = f"""() => [...document.querySelectorAll("{CARRY_A_STATE}")]
    .filter((element) => element.checkVisibility())
    .filter((element) => {{
        const style = getComputedStyle(element), parent = getComputedStyle(element.parentElement);
        const lined = (edge) => style[edge + 'Style'] !== 'none' && style[edge + 'Width'] !== '0px';
        return !lined('borderTop') && !lined('outline')
            && style.backgroundColor === parent.backgroundColor;
    }})
    .map((element) => `${{element.className}} ${{element.textContent.trim()}}`)"""
BOXES = """() => [...document.querySelectorAll('.form-check-input')]
    .filter((box) => getComputedStyle(box).appearance !== 'auto').map((box) => box.id)"""
DRAWN = """() => {
    const of = (selector, what) =>
        [...document.querySelectorAll(selector)].map((e) => getComputedStyle(e)[what]);
    return {
        ground: getComputedStyle(document.body).backgroundColor,
        boxes: of('.ma-node rect', 'fill'),
        lines: [...of('.ma-node rect', 'stroke'), ...of('.ma-arrow', 'stroke')],
        letters: of('.ma-topology-picture text', 'fill'),
    };
}"""
FOCUS = """() => {
    const element = document.activeElement, style = getComputedStyle(element);
    const drawn = element.querySelector('.ma-node rect');
    const shown = drawn ? getComputedStyle(drawn).strokeWidth === '3px'
        : style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2;
    return { shown, name: `${element.nodeName} ${element.id} ${element.className}` };
}"""


@pytest.mark.parametrize("scheme", ["dark", pytest.param("light", marks=pytest.mark.long)])
def test_states_focus_and_drawings_are_seen_in_the_colours_of_the_system(
    live_server: LiveServer, engine: Browser, scheme: Scheme
) -> None:
    with Booth(engine, live_server.url, worlds.make("full")) as booth:
        pages = [page for page in PAGES if page.label in LOOKED_AT]
        assert len(pages) == len(LOOKED_AT)
        faults = list[str]()
        for page in pages:
            tab = booth.open(page)
            _wear(tab, scheme)
            faults += [f"{page.label}: {fault}" for fault in _faults(tab)]
            tab.close()
        assert not faults, "\n".join(faults)


def test_nothing_turns_or_slides_for_who_wants_no_motion(
    live_server: LiveServer, engine: Browser
) -> None:
    with Booth(engine, live_server.url, worlds.make("full")) as booth:
        tab = booth.open(next(page for page in PAGES if page.label == "push-deploying"))
        moving = "() => document.getAnimations().length"
        assert tab.locator(".ma-spin").count()
        tab.emulate_media(reduced_motion="no-preference")
        assert tab.evaluate(moving)
        tab.emulate_media(reduced_motion="reduce")
        assert tab.evaluate(moving) == 0


def _wear(tab: Tab, scheme: Scheme) -> None:
    """The system's colours; the page hears of the scheme in the browser's next frame only."""
    tab.emulate_media(forced_colors="active", color_scheme=scheme)
    tab.wait_for_function(FOLLOWS, arg=scheme)


def _faults(tab: Tab) -> Iterator[str]:
    yield from (f"no line around {what}" for what in tab.evaluate(BARE))
    yield from (f"{box} is not drawn by the browser" for box in tab.evaluate(BOXES))
    yield from axe_faults(tab, rules=("color-contrast",))
    drawn = tab.evaluate(DRAWN)
    if drawn["ground"] in [*drawn["lines"], *drawn["letters"]]:
        yield "a line or a letter of the picture has the colour of the ground"
    if set(drawn["boxes"]) - {drawn["ground"]}:
        yield "a box of the picture keeps a colour of its own below the system's letters"
    yield from _unseen_focus(tab)


def _unseen_focus(tab: Tab) -> Iterator[str]:
    """Each thing that the keyboard reaches, once around the page."""
    tab.evaluate("() => document.activeElement?.blur()")
    seen = set[str]()
    for _ in range(400):
        tab.keyboard.press("Tab")
        found = tab.evaluate(FOCUS)
        if found["name"].startswith("BODY"):
            break
        if not found["shown"] and found["name"] not in seen:
            yield f"no outline on {found['name']}"
        seen.add(found["name"])
