"""Pictures of pages by Debian's own Chromium, and what must hold on every one of them.

`SHOTS_DIR` names the directory of the pictures; without it nothing is written.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright

CHROMIUM = "/usr/bin/chromium-headless-shell"
"""Blink without the desktop program, whose own pages would run beside each of ours."""
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
THEMES = ("light", "dark")
WIDTHS = (1440, 390)
HEIGHT = 900
SERIOUS = ("serious", "critical")
CONTRAST = "color-contrast"
"""What takes axe most of its time."""
OF_COLOUR = (CONTRAST, "link-in-text-block")
"""What axe asks about colours. A theme changes nothing else, and `test_tokens.py` holds us to it:
the second theme of the same page is asked these alone."""
UNWRAP = """() => {
    for (const tag of document.querySelectorAll('noscript')) tag.replaceWith(...tag.childNodes);
}"""
SIDEWAYS = """() => {
    const root = document.documentElement;
    const over = [...document.querySelectorAll('.ma-card > .ma-table')]
        .map((table) => Math.round(table.scrollWidth - table.parentElement.clientWidth));
    return Math.max(root.scrollWidth - root.clientWidth, ...over);
}"""
ASK = """([rules, without]) => axe.run({
    resultTypes: ['violations'],
    rules: Object.fromEntries(without.map(rule => [rule, { enabled: false }])),
    ...(rules.length ? { runOnly: rules } : {})
}).then(found => found.violations)"""


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start the machine's Chromium, without a window, and stop it afterwards."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, headless=True, args=list(ARGUMENTS)
        )
        try:
            yield browser
        finally:
            browser.close()


def dress(page: Page, *, theme: str, width: int) -> None:
    """Give a page its colours and width, as the theme's cookie and a window would."""
    page.emulate_media(reduced_motion="reduce")
    size: ViewportSize = {"width": width, "height": HEIGHT}
    if page.viewport_size != size:
        page.set_viewport_size(size)
    page.evaluate(
        "theme => { document.documentElement.dataset.maTheme = theme;"
        " document.documentElement.setAttribute('data-bs-theme', theme); }",
        theme,
    )
    page.evaluate("() => document.fonts.ready.then(() => true)")


def shoot(page: Page, name: str, *, theme: str, width: int, directory: Path | None = None) -> None:
    """Write NAME-THEME-WIDTH.png of the whole page that is open."""
    place = directory or _directory()
    if place is None:
        return
    dress(page, theme=theme, width=width)
    place.mkdir(parents=True, exist_ok=True)
    # As high as the page: a fixed navigation would end after the first window otherwise.
    page.set_viewport_size({"width": width, "height": max(HEIGHT, _height(page))})
    page.screenshot(path=place / f"{name}-{theme}-{width}.png")


def shoot_all(page: Page, name: str) -> None:
    """Write the open page in both themes, wide and as a phone."""
    for theme in THEMES:
        for width in WIDTHS:
            shoot(page, name, theme=theme, width=width)


def axe_faults(page: Page, *, rules: Sequence[str] = (), without: Sequence[str] = ()) -> list[str]:
    """Return what axe calls serious or critical on the open page, one line each.

    `rules` are the only ones asked; without any, all but those of `without` are. Needs scripts: see
    `let_axe_in`.
    """
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(AXE_SCRIPT)
    return [
        f"{rule['id']}: {node['target']} {node.get('failureSummary', '')}"
        for rule in page.evaluate(ASK, [list(rules), list(without)])
        if rule["impact"] in SERIOUS
        for node in rule["nodes"]
    ]


def axe_faults_in(page: Page, *, width: int) -> Iterator[tuple[str, str]]:
    """Each theme with each of its faults at this width: everything in the first, colours in the
    second."""
    for theme, rules in zip(THEMES, ((), OF_COLOUR), strict=True):
        dress(page, theme=theme, width=width)
        yield from ((theme, fault) for fault in axe_faults(page, rules=rules))


def let_axe_in(page: Page) -> None:
    """Switch scripts on in a page that was loaded without: those of the page stay unread.

    What stands is what the parser made of the page without JavaScript. axe waits for promises and
    timers, which would never come. The content of a `noscript` steps out of it first: the browser
    hides that element as soon as scripts may run.
    """
    page.evaluate(UNWRAP)
    devtools = page.context.new_cdp_session(page)
    for value in (True, False):
        # Its own session has to know that they are off before it can switch them on.
        devtools.send("Emulation.setScriptExecutionDisabled", {"value": value})


def sideways(page: Page) -> int:
    """Return by how many pixels the page is wider than its window, or a table than its card.

    A card that its rows ask for room keeps what leaves it from the page: it is cut, not scrolled.
    """
    return int(page.evaluate(SIDEWAYS))


def _height(page: Page) -> int:
    return int(page.evaluate("() => document.documentElement.scrollHeight"))


def _directory() -> Path | None:
    named = os.environ.get("SHOTS_DIR", "")
    return Path(named) if named else None
