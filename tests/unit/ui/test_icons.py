"""Icons: drawn as the package draws them, and its archive is read once."""

from __future__ import annotations

import pytest
from tablericons.templatetags.tablericons import icon

from mailadmin.ui import icons
from mailadmin.ui.badges import ICONS


@pytest.mark.parametrize("name", sorted({*ICONS.values(), "world", "pencil"}))
def test_an_icon_is_what_the_package_draws(name: str) -> None:
    shown = {"class": "ma-icon ma-ok", "aria_hidden": "true", "focusable": "false"}

    assert icons.draw(name, 16, "ma-icon ma-ok") == icon(f"outline/{name}", size=16, **shown)


def test_the_archive_is_read_once_for_all_icons() -> None:
    icons._archive.cache_clear()
    for name in ICONS.values():
        icons.draw(name, 16, "ma-icon")

    assert icons._archive.cache_info().misses == 1


def test_a_name_that_there_is_not_is_an_error() -> None:
    with pytest.raises(KeyError, match="no-such-icon"):
        icons.draw("no-such-icon", 16, "ma-icon")
