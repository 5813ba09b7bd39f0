"""Contact sheets: every page in both themes, at four widths, in each of its states.

    python -m tests.e2e.sheets --out DIR [--page NAME ...] [--state STATE ...]

DIR/shots holds each picture, DIR/NAME-STATE.png puts those of one page and state side by side, and
DIR/index.html leads to all of them. docs/look.md says how to read them.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from html import escape
from pathlib import Path

WIDTHS = (1440, 768, 390, 320)
SCALE: Mapping[int, float] = {1440: 0.5, 768: 0.5, 390: 0.6, 320: 0.6}
SERVER_ERROR = 500
TALLEST = 900
"""How much of a long page a sheet shows; the picture itself has all of it."""
STYLE = f"""
body {{ font: 13px/1.4 sans-serif; margin: 16px; background: #c9cdd3; color: #111; }}
h1 {{ font-size: 18px; margin: 0 0 8px; }}
.row {{ display: flex; gap: 12px; align-items: flex-start; margin-bottom: 16px; }}
figure {{ margin: 0; }}
figcaption {{ margin-bottom: 4px; }}
.crop {{ max-height: {TALLEST}px; overflow: hidden; outline: 1px solid #888; }}
.crop img {{ display: block; }}
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Make the sheets that the command line asks for."""
    parser = argparse.ArgumentParser(prog="tests.e2e.sheets", description=__doc__.split("\n")[0])
    parser.add_argument("--out", type=Path, required=True, help="directory of the sheets")
    parser.add_argument("--page", action="append", default=[], help="only pages of this name")
    parser.add_argument("--state", action="append", default=[], help="only this state")
    asked = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as place, _site(Path(place)) as address:
        sheets = list(_sheets(asked.out, address, asked.page, asked.state))
    _index(asked.out, sheets)
    print(f"{len(sheets)} sheets; open {asked.out / 'index.html'}")  # noqa: T201  # it is asked to
    broken = [f"{page}-{state}" for page, state, status in sheets if status >= SERVER_ERROR]
    if broken:
        print(f"no page, but an error of the server: {', '.join(broken)}", file=sys.stderr)  # noqa: T201  # it is asked to
    return 1 if broken or not sheets else 0


@contextmanager
def _site(place: Path) -> Iterator[str]:
    """The site with a database of its own, served from this process."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
    os.environ["MAILADMIN_TEST_DATABASE"] = str(place / "sheets.sqlite3")
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    import django

    django.setup()
    from django.conf import settings
    from django.test.utils import (
        setup_databases,
        setup_test_environment,
        teardown_databases,
        teardown_test_environment,
    )
    from pytest_django.live_server_helper import LiveServer

    setup_test_environment()
    settings.STATIC_ROOT = str(place)
    databases = setup_databases(verbosity=0, interactive=False)
    server = LiveServer("localhost")
    try:
        yield server.url
    finally:
        server.stop()
        teardown_databases(databases, verbosity=0)
        teardown_test_environment()


def _sheets(
    out: Path, address: str, pages: Sequence[str], states: Sequence[str]
) -> Iterator[tuple[str, str, int]]:
    """Write one sheet after the other; the name of its page, of its state, and the HTTP status."""
    from django.core.management import call_command

    from tests.e2e.look import worlds
    from tests.e2e.look.booth import Booth
    from tests.e2e.look.catalogue import WORLD_OF, State, looked_at
    from tests.e2e.shots import THEMES, chromium, shoot

    shots = out / "shots"
    shots.mkdir(parents=True, exist_ok=True)
    wanted = [
        (page, state)
        for page, state in looked_at(*State)
        if (not pages or page.label in pages) and (not states or state in states)
    ]
    with chromium() as browser:
        for name in worlds.WORLDS:
            here = [(p, s) for p, s in wanted if WORLD_OF.get(s, "full") == name]
            if not here:
                continue
            call_command("flush", interactive=False, verbosity=0)
            with Booth(browser, address, worlds.make(name)) as booth:
                for page, state in here:
                    tab = booth.open(page, state)
                    title = f"{page.label}-{state}"
                    for theme in THEMES:
                        for width in WIDTHS:
                            shoot(tab, title, theme=theme, width=width, directory=shots)
                    tab.close()
                    _paste(booth.context().new_page(), out, title, THEMES)
                    yield page.label, str(state), booth.status


def _paste(tab: object, out: Path, title: str, themes: Sequence[str]) -> None:
    """Put the pictures of one page and state side by side, by the browser that took them."""
    from playwright.sync_api import Page as Tab

    assert isinstance(tab, Tab)
    rows = "".join(
        '<div class="row">' + "".join(_figure(title, theme, width) for width in WIDTHS) + "</div>"
        for theme in themes
    )
    source = out / f"{title}.html"
    source.write_text(
        f"<!doctype html><meta charset=utf-8><title>{escape(title)}</title>"
        f"<style>{STYLE}</style><h1>{escape(title)}</h1>{rows}"
    )
    tab.set_viewport_size({"width": 1640, "height": 900})
    tab.goto(source.resolve().as_uri())
    tab.screenshot(path=out / f"{title}.png", full_page=True)
    tab.close()


def _figure(title: str, theme: str, width: int) -> str:
    picture, shown = f"shots/{title}-{theme}-{width}.png", round(width * SCALE[width])
    return (
        f"<figure><figcaption>{escape(theme)} {width}</figcaption>"
        f'<a href="{escape(picture)}"><div class="crop">'
        f'<img src="{escape(picture)}" width="{shown}" alt=""></div></a></figure>'
    )


def _index(out: Path, sheets: Sequence[tuple[str, str, int]]) -> None:
    by_page: dict[str, list[str]] = {}
    for page, state, _ in sheets:
        by_page.setdefault(page, []).append(state)
    lines = "".join(
        f"<li>{escape(page)}: "
        + " · ".join(f'<a href="{page}-{state}.html">{state}</a>' for state in states)
        + "</li>"
        for page, states in sorted(by_page.items())
    )
    (out / "index.html").write_text(
        f"<!doctype html><meta charset=utf-8><title>Contact sheets</title><style>{STYLE}</style>"
        f"<h1>Contact sheets</h1><ul>{lines}</ul>"
    )


if __name__ == "__main__":
    raise SystemExit(main())
