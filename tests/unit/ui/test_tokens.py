"""Colours are read from tokens.css and measured as WCAG 2 measures them."""

from __future__ import annotations

import re
from itertools import product
from pathlib import Path

import pytest

TOKENS = Path(__file__).parents[3] / "static/ma/tokens.css"
STATES = ("ok", "warn", "bad", "unk", "work")
GROUNDS = ("body", "card", "sub")
TEXT, EDGE = 4.5, 3.0

# The lowest ratio that each group of tokens is promised to keep, in light and in dark.
PROMISED = {
    "edge": (3.1, 3.9),
    "ink": (13.5, 11.3),
    "muted": (5.5, 5.8),
    "link": (6.2, 7.5),
    "ok": (5.8, 8.4),
    "warn": (6.2, 8.2),
    "bad": (5.8, 7.5),
    "unk": (5.6, 6.5),
    "work": (5.9, 6.9),
    "ok-edge": (3.4, 5.7),
    "warn-edge": (3.5, 5.8),
    "bad-edge": (4.4, 4.6),
    "unk-edge": (3.6, 4.8),
    "work-edge": (4.0, 4.8),
    "primary": (6.0, 5.1),
    "danger": (6.7, 5.1),
    "ins": (9.1, 9.8),
    "del": (8.1, 8.6),
    "heat": (5.3, 5.2),
}


def _tokens(theme: str) -> dict[str, str]:
    css = TOKENS.read_text()
    blocks = re.findall(r"([^{}]+)\{([^{}]*)\}", css)
    found: dict[str, str] = {}
    for selector, body in blocks:
        if f'data-bs-theme="{theme}"' in selector:
            found |= dict(re.findall(r"--ma-([\w-]+):\s*(#[0-9a-f]{6})", body))
    return found


def _luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _ratio(one: str, other: str) -> float:
    high, low = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def _pairs(name: str) -> list[tuple[str, str]]:
    """The (colour, ground) pairs of a token in which it is really used."""
    tints = [f"{state}-tint" for state in STATES]
    if name == "heat":
        return [("heat-ink", f"heat-{step}") for step in range(1, 6)]
    if name in ("primary", "danger"):
        return [("on-fill", name)]
    if name in ("ins", "del"):
        return [(name, "ok-tint" if name == "ins" else "bad-tint")]
    if name in ("ink", "muted"):
        return [(name, ground) for ground in (*GROUNDS, *tints)]
    if name in STATES:
        return [(name, f"{name}-tint"), (name, "card")]
    if name.endswith("-edge"):
        return [(name, "card")]
    return [(name, ground) for ground in (("card", "body") if name == "edge" else GROUNDS)]


@pytest.mark.parametrize(("theme", "name"), list(product(("light", "dark"), PROMISED)))
def test_a_token_keeps_the_contrast_that_it_is_promised(theme: str, name: str) -> None:
    colours = _tokens(theme)
    lowest = min(_ratio(colours[one], colours[other]) for one, other in _pairs(name))
    promised = PROMISED[name][theme == "dark"]
    assert lowest >= (EDGE if name.endswith("edge") else TEXT)
    assert lowest == pytest.approx(promised, abs=0.06)


def test_both_themes_name_the_same_colours() -> None:
    assert _tokens("light").keys() == _tokens("dark").keys()


def test_the_hover_of_the_primary_button_stays_readable() -> None:
    for theme in ("light", "dark"):
        colours = _tokens(theme)
        assert _ratio(colours["on-fill"], colours["primary-hover"]) >= TEXT


def test_tabler_takes_its_colours_and_faces_from_the_tokens() -> None:
    css = TOKENS.read_text()
    for name in ("body-bg", "body-color", "bg-surface", "border-color", "primary", "secondary",
                 "link-color", "font-sans-serif", "font-monospace"):  # fmt: skip
        assert re.search(rf"--tblr-{name}: var\(--ma-", css), name


def test_a_theme_changes_nothing_but_tokens() -> None:
    asks = re.compile(r"data-bs-theme|data-ma-theme|prefers-color-scheme|light-dark\(")
    named = [sheet.name for sheet in TOKENS.parent.glob("*.css") if asks.search(sheet.read_text())]
    assert named == [TOKENS.name]
    hidden = re.compile(r"hide-theme-|theme-light|theme-dark")
    templates = TOKENS.parents[2] / "templates"
    assert not [page.name for page in templates.rglob("*.html") if hidden.search(page.read_text())]


def test_the_blocks_of_the_themes_set_variables_alone() -> None:
    for selector, body in re.findall(r"([^{}]+)\{([^{}]*)\}", TOKENS.read_text()):
        if "data-bs-theme" in selector:
            names = {line.split(":")[0].strip() for line in body.split(";") if line.strip()}
            assert {name for name in names if not name.startswith("--")} <= {"color-scheme"}
